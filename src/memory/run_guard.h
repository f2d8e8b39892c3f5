// SPDX-License-Identifier: MIT
// The memory guard of one run: watches from before loading to the last token
// and turns what it saw into fields of the Result.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <stop_token>

#include "bantam/memory_rules.h"
#include "machine/memory_trace.h"
#include "memory/memory_monitor.h"

namespace bantam {

/// What the watchdog may report while the run hangs: the result as of the last
/// token. Any thread.
class ResultSoFar {
 public:
  void begin(const Result& result);
  void append(int32_t token, std::string_view text, std::string_view reasoning);
  /// Of a backend that does not tell its tokens.
  void append(std::string_view text);
  Result get() const;

 private:
  mutable std::mutex mutex_;
  Result result_;
};

class RunGuard {
 public:
  /// `before`: samples from before loading. `source` and `recorder` (may be
  /// null) outlive this. Starts to watch at once.
  RunGuard(
      const MemoryRules& rules,
      MemorySource& source,
      TraceWriter* recorder,
      std::span<const MemorySample> before,
      bool unknown_accepted);
  ~RunGuard();

  /// Heard where the run waits: between the layers of a long chunk.
  std::stop_token stop_token() const { return stop_.get_token(); }
  bool must_stop() const { return monitor_->stop_cause() != StopCause::none; }
  /// memory or swap; call when must_stop().
  FinishReason finish_reason() const;
  /// In yellow: a smaller prefill chunk.
  bool shrink_prefill() const { return monitor_->shrink_prefill(); }
  /// True once an episode of yellow: give back what is cached.
  bool take_give_back() { return monitor_->take_give_back(); }

  ResultSoFar& so_far() { return so_far_; }

  /// The run has ended; stops watching and fills the guard's part of
  /// result.memory and result.notes.
  void finish(Result& result);

 private:
  void fill(const MonitorReport& report, Result& result) const;

  std::stop_source stop_;
  ResultSoFar so_far_;
  std::unique_ptr<MemoryMonitor> monitor_;
};

}  // namespace bantam
