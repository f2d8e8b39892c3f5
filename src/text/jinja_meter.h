// SPDX-License-Identifier: MIT
// What a render may still spend: steps of work and bytes that are alive.
#pragma once

#include <cstddef>
#include <cstdint>

#include "text/chat_template.h"

namespace bantam::jinja {

/// One render's account. Not thread safe.
class Meter {
 public:
  explicit Meter(const TemplateLimits& limits)
      : steps_(limits.steps), limits_(limits) {}

  /// Throws when the steps are used up.
  void work(int64_t steps = 1) {
    if ((steps_ -= steps) < 0) {
      out_of_steps();
    }
  }
  /// Work in proportion to bytes read or copied.
  void work_on_bytes(size_t bytes) {
    work(1 + static_cast<int64_t>(bytes / kBytesPerStep));
  }

  /// Throws unless `bytes` more may be alive at once.
  void expect(size_t bytes) const {
    if (bytes > static_cast<size_t>(limits_.bytes) ||
        live_bytes_ + static_cast<int64_t>(bytes) > limits_.bytes) {
      out_of_bytes();
    }
  }
  void take(size_t bytes) {
    expect(bytes);
    live_bytes_ += static_cast<int64_t>(bytes);
  }
  void give_back(size_t bytes) { live_bytes_ -= static_cast<int64_t>(bytes); }

 private:
  // Copying 64 bytes costs about as much as evaluating one small expression.
  static constexpr size_t kBytesPerStep = 64;

  [[noreturn]] void out_of_steps() const;
  [[noreturn]] void out_of_bytes() const;

  int64_t steps_;
  int64_t live_bytes_ = 0;
  TemplateLimits limits_;
};

/// Bytes taken from a Meter for as long as this lives. A default-constructed
/// one (constants of a template) holds none.
class Charge {
 public:
  Charge() = default;
  Charge(Meter& meter, size_t bytes) : meter_(&meter), bytes_(bytes) {
    meter.take(bytes);
  }
  ~Charge() {
    if (meter_) {
      meter_->give_back(bytes_);
    }
  }
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;

 private:
  Meter* meter_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace bantam::jinja
