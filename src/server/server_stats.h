// SPDX-License-Identifier: MIT
// What the server counts of its work: for /metrics and the status page.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "bantam/request.h"

namespace bantam {

/// Bounds of the histograms' buckets, in seconds.
inline constexpr std::array kLatencyBuckets{
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
    300.0};

struct LatencyHistogram {
  std::array<int64_t, kLatencyBuckets.size() + 1> counts{};
  double sum_s = 0;
  int64_t count = 0;

  void add(double seconds);
};

struct ServerCounts {
  std::map<std::pair<std::string, int>, int64_t> requests;  // route, status
  std::map<std::string, int64_t> refused;                   // by reason
  std::map<std::string, int64_t> finished;                  // by reason
  int64_t prompt_tokens = 0;
  int64_t completion_tokens = 0;
  int64_t hung_up = 0;  // clients that went before their answer ended
  LatencyHistogram first_token;
  LatencyHistogram whole;
  /// Of the last answer.
  double prefill_tps = 0;
  double decode_tps = 0;
};

/// Any thread.
class ServerStats {
 public:
  void count_request(const std::string& route, int status);
  void count_refused(const std::string& reason);
  void count_hung_up();
  /// An answer that took `whole_s` since its request, of which `queue_s` in
  /// the queue.
  void count_answer(
      const std::string& reason,
      const Result& result,
      double queue_s,
      double whole_s);
  ServerCounts counts() const;

 private:
  mutable std::mutex mutex_;
  ServerCounts counts_;
};

}  // namespace bantam
