// SPDX-License-Identifier: MIT
// Watches the machine while the server runs: a history for the status page, and
// the word on whether a new request may be taken.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "machine/memory_sample.h"

namespace bantam {

struct WatchSettings {
  double period_s = 0.5;
  size_t history = 600;  // samples kept
  /// New requests are refused from this level on.
  Pressure threshold = Pressure::yellow;
  /// How long the level must have been below it before they are taken again.
  double calm_s = 2;
};

class MachineWatch {
 public:
  /// Samples once before it returns, then on a thread of its own.
  MachineWatch(
      std::unique_ptr<MemorySource> source,
      const WatchSettings& settings = {});
  ~MachineWatch();
  MachineWatch(const MachineWatch&) = delete;
  MachineWatch& operator=(const MachineWatch&) = delete;

  // From any thread.

  /// Why no request is taken now; nullopt: it may come.
  std::optional<std::string> refusal() const;
  /// An answer had to be stopped for memory's sake, for this reason: counts as
  /// pressure now, which the next sample may be late to see.
  void note_stop(const std::string& reason);
  MemorySample latest() const;
  /// The last samples, oldest first, at most `count`.
  std::vector<MemorySample> history(size_t count) const;

 private:
  void run(std::stop_token stop);
  void take_sample();

  std::unique_ptr<MemorySource> source_;
  WatchSettings settings_;
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<MemorySample> history_;
  std::optional<double> pressed_at_s_;  // the last sample at the threshold
  std::string pressed_by_;              // what there was then
  std::jthread thread_;                 // last: it uses all of the above
};

/// "green", "yellow", "red" or "unknown".
std::string pressure_name(Pressure level);

}  // namespace bantam
