// SPDX-License-Identifier: MIT
#include "nn/expert_residency.h"

#include <cstddef>
#include <utility>

namespace bantam::nn {

ExpertResidency::ExpertResidency(const MappedPages& pages, int64_t budget_bytes)
    : pages_(pages), budget_bytes_(budget_bytes) {}

std::vector<ExpertResidency::Range> ExpertResidency::ranges_of(
    std::span<const kernels::WeightMatrix* const> matrices) {
  std::vector<Range> ranges;
  for (const kernels::WeightMatrix* matrix : matrices) {
    for (const Range& part : matrix->parts()) {
      if (!part.empty()) {
        ranges.push_back(part);
      }
    }
  }
  return ranges;
}

void ExpertResidency::add_stack(
    std::span<const kernels::WeightMatrix> stack) const {
  if (budget_bytes_ < 0 || stack.empty()) {
    return;
  }
  const auto first = stack.front().parts();
  const auto last = stack.back().parts();
  for (size_t i = 0; i < first.size(); ++i) {
    const std::byte* begin = first[i].data();
    const std::byte* end = last[i].data() + last[i].size();
    const auto bytes = static_cast<ptrdiff_t>(stack.size() * first[i].size());
    if (bytes > 0 && end - begin == bytes) {  // one tensor
      read_alone({begin, end});
    }
  }
}

void ExpertResidency::make_room(int64_t bytes) {
  while (budget_bytes_ >= 0 && !by_use_.empty() &&
         resident_bytes_ + bytes > budget_bytes_) {
    const Expert& oldest = by_use_.back();
    for (const Range& range : oldest.ranges) {
      pages_.release(range);
    }
    resident_bytes_ -= oldest.bytes;
    experts_.erase(oldest.key);
    by_use_.pop_back();
  }
}

void ExpertResidency::use(
    std::span<const kernels::WeightMatrix* const> matrices) {
  const std::byte* key = matrices.front()->data;
  ++traffic_.visits;
  const auto found = experts_.find(key);
  if (found != experts_.end()) {
    by_use_.splice(by_use_.begin(), by_use_, found->second);
    traffic_.bytes += found->second->bytes;
    return;
  }
  Expert expert{.key = key, .bytes = 0, .ranges = ranges_of(matrices)};
  for (const Range& range : expert.ranges) {
    expert.bytes += static_cast<int64_t>(range.size());
  }
  make_room(expert.bytes);
  ++traffic_.misses;
  traffic_.bytes += expert.bytes;
  traffic_.missed_bytes += expert.bytes;
  resident_bytes_ += expert.bytes;
  by_use_.push_front(std::move(expert));
  experts_.emplace(key, by_use_.begin());
}

void ExpertResidency::fetch(
    std::span<const kernels::WeightMatrix* const> matrices) const {
  if (experts_.contains(matrices.front()->data)) {
    return;
  }
  for (const Range& range : ranges_of(matrices)) {
    pages_.fetch(range);
  }
}

}  // namespace bantam::nn
