// SPDX-License-Identifier: MIT
#include "cli/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include "bantam/error.h"

namespace bantam {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kPatience = std::chrono::seconds(3);

sigset_t handled_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  struct sigaction hang_up{};
  if (::sigaction(SIGHUP, nullptr, &hang_up) == 0 &&
      hang_up.sa_handler != SIG_IGN) {
    sigaddset(&signals, SIGHUP);
  }
  return signals;
}

}  // namespace

Interrupt::Interrupt() {
  // A reader that goes away is seen as a failed write, not as a signal.
  ::signal(SIGPIPE, SIG_IGN);
  const sigset_t signals = handled_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A thread of its own, because a signal handler may do next to nothing.
  waiter_ = std::thread([this] { wait_for_signals(); });
}

Interrupt::~Interrupt() {
  done_ = true;
  pthread_kill(waiter_.native_handle(), SIGTERM);
  waiter_.join();
}

void Interrupt::before_abrupt_end(std::function<void()> action) {
  const std::scoped_lock lock(mutex_);
  abrupt_end_ = std::move(action);
}

void Interrupt::wait_for_signals() {
  const sigset_t signals = handled_signals();
  int signal = 0;
  Clock::time_point first;
  while (sigwait(&signals, &signal) == 0 && !done_) {
    const std::lock_guard lock(mutex_);
    if (source_.stop_requested()) {
      if (patient_ && signal == SIGINT && Clock::now() < first + kPatience) {
        continue;
      }
      if (abrupt_end_) {
        abrupt_end_();
      }
      ::_exit(error_kind(ErrorCode::cancelled).exit_code);
    }
    first = Clock::now();
    terminated_ = terminated_ || signal == SIGTERM;
    source_.request_stop();
  }
}

}  // namespace bantam
