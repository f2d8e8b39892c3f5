// SPDX-License-Identifier: MIT
#include "server/machine_watch.h"

#include <fmt/format.h>

#include <chrono>

namespace bantam {

std::string pressure_name(Pressure level) {
  switch (level) {
    case Pressure::green:
      return "green";
    case Pressure::yellow:
      return "yellow";
    case Pressure::red:
      return "red";
    case Pressure::unknown:
      break;
  }
  return "unknown";
}

MachineWatch::MachineWatch(
    std::unique_ptr<MemorySource> source,
    const WatchSettings& settings)
    : source_(std::move(source)), settings_(settings) {
  take_sample();
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

MachineWatch::~MachineWatch() = default;

void MachineWatch::run(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(
        lock, stop, std::chrono::duration<double>(settings_.period_s), [] {
          return false;
        });
    lock.unlock();
    take_sample();
    lock.lock();
  }
}

void MachineWatch::take_sample() {
  const MemorySample sample = source_->sample();
  const std::lock_guard lock(mutex_);
  history_.push_back(sample);
  if (history_.size() > settings_.history) {
    history_.pop_front();
  }
  const bool pressed = sample.pressure != Pressure::unknown &&
      sample.pressure >= settings_.threshold;
  if (pressed) {
    pressed_at_s_ = sample.t_s;
    pressed_by_ = "memory pressure was " + pressure_name(sample.pressure);
  } else if (pressed_at_s_ && sample.t_s - *pressed_at_s_ >= settings_.calm_s) {
    pressed_at_s_.reset();
  }
}

std::optional<std::string> MachineWatch::refusal() const {
  const std::lock_guard lock(mutex_);
  if (!pressed_at_s_) {
    return std::nullopt;
  }
  const Pressure now = history_.back().pressure;
  if (now < settings_.threshold) {
    return fmt::format(
        "{} less than {:g} s ago", pressed_by_, settings_.calm_s);
  }
  return "memory pressure is " + pressure_name(now);
}

void MachineWatch::note_stop(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  pressed_at_s_ = history_.back().t_s;
  pressed_by_ = "an answer was stopped (" + reason + ")";
}

MemorySample MachineWatch::latest() const {
  const std::lock_guard lock(mutex_);
  return history_.back();
}

std::vector<MemorySample> MachineWatch::history(size_t count) const {
  const std::lock_guard lock(mutex_);
  const size_t skip = history_.size() > count ? history_.size() - count : 0;
  return {history_.begin() + static_cast<std::ptrdiff_t>(skip), history_.end()};
}

}  // namespace bantam
