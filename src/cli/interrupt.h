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
/// nohup) request a stop; a second one ends the process at once. Make it before any other thread is started, so that all
/// threads inherit the blocked signals. One at a time.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  std::stop_token token() const { return source_.get_token(); }
  void request_stop() { source_.request_stop(); }
  /// Called on another thread before a second signal ends the process: a child
  /// must not be left behind. Empty: nothing.
  void before_abrupt_end(std::function<void()> action);

 private:
  void wait_for_signals();

  std::stop_source source_;
  std::mutex mutex_;  // of abrupt_end_
  std::function<void()> abrupt_end_;
  std::atomic<bool> done_ = false;
  std::thread waiter_;
};

}  // namespace bantam
