// SPDX-License-Identifier: MIT
// Ctrl-C ends a run in an orderly way: what was generated so far is kept.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace bantam {

/// While it lives, SIGINT, SIGTERM and SIGHUP (unless it is ignored, as under
/// nohup) request a stop; a second one ends the process at once. Make it before
/// any other thread is started, so that all threads inherit the blocked
/// signals. One at a time.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  std::stop_token token() const {
    const std::lock_guard lock(mutex_);
    return source_.get_token();
  }
  void request_stop() {
    const std::lock_guard lock(mutex_);
    source_.request_stop();
  }
  /// After a stop that was heard: the next signal requests one of a new token,
  /// instead of ending the process.
  void rearm() {
    const std::lock_guard lock(mutex_);
    source_ = std::stop_source();
  }
  /// From now on a second Ctrl-C within three seconds of the first is taken for
  /// impatience and not for the wish to end the process.
  void be_patient() { patient_ = true; }
  /// SIGTERM came: the process should end, not just its work.
  bool terminated() const { return terminated_; }
  /// Called on another thread before a second signal ends the process: a child
  /// must not be left behind. Empty: nothing.
  void before_abrupt_end(std::function<void()> action);

 private:
  void wait_for_signals();

  mutable std::mutex mutex_;
  std::stop_source source_;
  std::function<void()> abrupt_end_;
  std::atomic<bool> patient_ = false;
  std::atomic<bool> terminated_ = false;
  std::atomic<bool> done_ = false;
  std::thread waiter_;
};

}  // namespace bantam
