// SPDX-License-Identifier: MIT
// A memory source that several watch at once.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "machine/memory_sample.h"

namespace bantam {

/// Any thread.
class SharedMemorySource final : public MemorySource {
 public:
  explicit SharedMemorySource(std::unique_ptr<MemorySource> source)
      : source_(std::move(source)) {}

  MemorySample sample() noexcept override {
    const std::lock_guard lock(mutex_);
    return source_->sample();
  }
  MemorySample sample_with_apps() override {
    const std::lock_guard lock(mutex_);
    return source_->sample_with_apps();
  }
  std::string describe() const override {
    const std::lock_guard lock(mutex_);
    return source_->describe();
  }

 private:
  mutable std::mutex mutex_;
  std::unique_ptr<MemorySource> source_;
};

}  // namespace bantam
