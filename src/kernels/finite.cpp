// SPDX-License-Identifier: MIT
#include "kernels/finite.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "kernels/block_format_list.h"
#include "kernels/half.h"

namespace bantam::kernels {

namespace {

template <class Stored, class Widen>
int64_t first_float(const std::byte* data, int64_t bytes, const Widen& widen) {
  const int64_t count = bytes / static_cast<int64_t>(sizeof(Stored));
  for (int64_t i = 0; i < count; ++i) {
    Stored stored;  // the file may place it at any byte
    std::memcpy(&stored, data + i * sizeof(Stored), sizeof(Stored));
    if (!std::isfinite(widen(stored))) {
      return i;
    }
  }
  return -1;
}

template <class F>
int64_t first_block(const std::byte* data, int64_t bytes) {
  const auto* block = reinterpret_cast<const uint8_t*>(data);
  for (int64_t b = 0; b < bytes / F::kBytes; ++b, block += F::kBytes) {
    constexpr int kGroups = F::kValues / F::kGroup;
    float scale[kGroups];
    float bias[kGroups] = {};
    F::scales(block, scale, bias);
    if (!all_finite(scale, kGroups) || !all_finite(bias, kGroups)) {
      return b;
    }
  }
  return -1;
}

}  // namespace

bool all_finite(const float* values, int64_t n) {
  // As integers, in a loop that compilers turn into vector instructions.
  constexpr uint32_t kInfinity = 0x7F800000;
  uint32_t found = 0;
  for (int64_t i = 0; i < n; ++i) {
    const uint32_t exponent = std::bit_cast<uint32_t>(values[i]) & kInfinity;
    found |= static_cast<uint32_t>(exponent == kInfinity);
  }
  return found == 0;
}

int64_t first_not_finite(
    WeightFormat format,
    const std::byte* data,
    int64_t bytes) {
  switch (format) {
    case WeightFormat::f32:
      return first_float<float>(data, bytes, [](float x) { return x; });
    case WeightFormat::f16:
      return first_float<uint16_t>(data, bytes, f16_to_f32);
    case WeightFormat::bf16:
      return first_float<uint16_t>(data, bytes, bf16_to_f32);
    default:
      break;
  }
  int64_t first = -1;
  with_block_format(
      format, [&](auto f) { first = first_block<decltype(f)>(data, bytes); });
  return first;
}

}  // namespace bantam::kernels
