// SPDX-License-Identifier: MIT
// Ctrl-C ends a run in an orderly way: what was generated so far is kept.
#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

namespace bantam {

/// While it lives, SIGINT and SIGTERM request a stop; a second one ends the
/// process at once. Make it before any other thread is started, so that all
/// threads inherit the blocked signals. One at a time.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  std::stop_token token() const { return source_.get_token(); }
  void request_stop() { source_.request_stop(); }

 private:
  void wait_for_signals();

  std::stop_source source_;
  std::atomic<bool> done_ = false;
  std::thread waiter_;
};

}  // namespace bantam
