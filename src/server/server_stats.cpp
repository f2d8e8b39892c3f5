// SPDX-License-Identifier: MIT
#include "server/server_stats.h"

#include <algorithm>

namespace bantam {

void LatencyHistogram::add(double seconds) {
  const auto* const bucket =
      std::lower_bound(kLatencyBuckets.begin(), kLatencyBuckets.end(), seconds);
  ++counts[bucket - kLatencyBuckets.begin()];
  sum_s += seconds;
  ++count;
}

void ServerStats::count_request(const std::string& route, int status) {
  const std::lock_guard lock(mutex_);
  ++counts_.requests[{route, status}];
}

void ServerStats::count_refused(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  ++counts_.refused[reason];
}

void ServerStats::count_hung_up() {
  const std::lock_guard lock(mutex_);
  ++counts_.hung_up;
}

void ServerStats::count_answer(
    const std::string& reason,
    const Result& result,
    double queue_s,
    double whole_s) {
  const std::lock_guard lock(mutex_);
  ++counts_.finished[reason];
  counts_.prompt_tokens += result.prompt_tokens;
  counts_.completion_tokens += result.completion_tokens();
  counts_.whole.add(whole_s);
  const Timing& timing = result.timing;
  if (result.completion_tokens() > 0) {
    counts_.first_token.add(queue_s + timing.first_token_s);
  }
  if (timing.prefill_s > 0) {
    counts_.prefill_tps =
        static_cast<double>(result.prompt_tokens) / timing.prefill_s;
  }
  if (timing.decode_s > 0 && result.completion_tokens() > 1) {
    counts_.decode_tps =
        static_cast<double>(result.completion_tokens() - 1) / timing.decode_s;
  }
}

ServerCounts ServerStats::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace bantam
