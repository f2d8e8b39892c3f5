// SPDX-License-Identifier: MIT
#include "nn/graph_census.h"

#include <mlx/primitives.h>

#include <set>
#include <vector>

namespace bantam::nn {

std::map<std::string, int64_t> count_primitives(const mx::array& root) {
  std::map<std::string, int64_t> counts;
  // By primitive: the outputs of one operation share it.
  std::set<std::uintptr_t> seen;
  std::vector<mx::array> open{root};
  while (!open.empty()) {
    const mx::array at = open.back();
    open.pop_back();
    if (!at.has_primitive() || !seen.insert(at.primitive_id()).second) {
      continue;
    }
    ++counts[at.primitive().name()];
    open.insert(open.end(), at.inputs().begin(), at.inputs().end());
  }
  return counts;
}

}  // namespace bantam::nn
