// SPDX-License-Identifier: MIT
#include "nn/memory_limits.h"

#include <algorithm>
#include <string>
#include <variant>

namespace bantam::nn {

std::optional<int64_t> recommended_gpu_bytes() {
  if (!mx::gpu::is_available()) {
    return std::nullopt;
  }
  // Metal's name for it; CUDA has none.
  const auto& properties = mx::gpu::device_info();
  const auto found = properties.find("max_recommended_working_set_size");
  if (found == properties.end() ||
      !std::holds_alternative<size_t>(found->second)) {
    return std::nullopt;
  }
  return static_cast<int64_t>(std::get<size_t>(found->second));
}

void set_memory_limits(const MemoryLimits& limits, mx::Device device) {
  mx::set_memory_limit(static_cast<size_t>(limits.allocated_bytes));
  mx::set_cache_limit(static_cast<size_t>(limits.cached_bytes));
  const std::optional<int64_t> recommended = recommended_gpu_bytes();
  if (device == mx::Device::gpu && recommended) {
    mx::set_wired_limit(
        static_cast<size_t>(std::min(limits.wired_bytes, *recommended)));
  }
}

}  // namespace bantam::nn
