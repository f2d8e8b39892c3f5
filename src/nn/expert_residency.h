// SPDX-License-Identifier: MIT
// Which experts of a mapped model are in memory. A budget holds the ones used
// last; the pages of the others go back to the system before it has to look for
// some itself, and are read again when a token wants them.
#pragma once

#include <cstdint>
#include <list>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/mapped_pages.h"
#include "kernels/weight_matrix.h"

namespace bantam::nn {

/// What the experts of a run have read.
struct ExpertTraffic {
  int64_t choices = 0;       // pairs of token and expert
  int64_t visits = 0;        // experts used, once for all tokens of a chunk
  int64_t misses = 0;        // of them, those that were not in memory
  int64_t bytes = 0;         // of weights used
  int64_t missed_bytes = 0;  // of them, those that were not in memory
};

/// One thread at a time.
class ExpertResidency {
 public:
  /// `budget_bytes` of weights stay; negative: all. `pages` outlives this.
  ExpertResidency(const MappedPages& pages, int64_t budget_bytes);

  /// The same matrix of all of a layer's experts, one after the other. With a
  /// budget, reading one of them reads no page of its neighbours.
  void add_stack(std::span<const kernels::WeightMatrix> stack) const;

  /// The matrices of one expert are about to be used, and after them those of
  /// others.
  void use(std::span<const kernels::WeightMatrix* const> matrices);
  /// Begins to read an expert that will be used soon, if it is not there.
  void fetch(std::span<const kernels::WeightMatrix* const> matrices) const;

  int64_t resident_bytes() const { return resident_bytes_; }
  const ExpertTraffic& traffic() const { return traffic_; }
  /// Pairs of token and expert that a router chose.
  void add_choices(int64_t choices) { traffic_.choices += choices; }
  void reset_traffic() { traffic_ = {}; }

 private:
  using Range = std::span<const std::byte>;
  struct Expert {
    const std::byte* key;
    int64_t bytes;
    std::vector<Range> ranges;
  };

  static std::vector<Range> ranges_of(
      std::span<const kernels::WeightMatrix* const> matrices);
  void make_room(int64_t bytes);

  const MappedPages& pages_;
  int64_t budget_bytes_;
  int64_t resident_bytes_ = 0;
  std::list<Expert> by_use_;  // the one used last in front
  std::unordered_map<const std::byte*, std::list<Expert>::iterator> experts_;
  ExpertTraffic traffic_;
};

}  // namespace bantam::nn
