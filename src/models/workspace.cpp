// SPDX-License-Identifier: MIT
#include "models/workspace.h"

#include <vector>

namespace bantam {

namespace {

template <typename T>
void grow(std::vector<T>& values, int64_t size) {
  if (static_cast<int64_t>(values.size()) < size) {
    values.resize(size);
  }
}

}  // namespace

void reserve_workspace(nn::Workspace& workspace, const WorkspaceNeed& need) {
  grow(workspace.floats, need.floats);
  grow(workspace.attention, need.attention_bytes);
  workspace.activations.reserve(need.tokens, need.input_columns);
  if (need.expert_columns > 0) {
    workspace.inner.reserve(need.tokens, need.expert_columns);
  }
}

}  // namespace bantam
