// SPDX-License-Identifier: MIT
#include "kernels/kv_rows.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "kernels/half.h"

namespace bantam::kernels {

namespace {

// Adding it rounds a float below 2^22 to an integer, ties to even, which is
// then in the low bits.
constexpr float kRounder = 0x1.8p+23f;

struct GroupScale {
  uint16_t scale;
  uint16_t offset;
  float inverse;  // of the stored scale
  float stored_offset;
};

// No branches, so that compilers take several values at a time.
GroupScale scale_of(const float* x, int steps) {
  float low[8], high[8], odd[8];
  for (int i = 0; i < 8; ++i) {
    low[i] = high[i] = x[i];
    odd[i] = x[i] * 0.0f;  // NaN if it is no finite number
  }
  for (int64_t k = 8; k < kKvGroup; k += 8) {
    for (int i = 0; i < 8; ++i) {
      low[i] = x[k + i] < low[i] ? x[k + i] : low[i];
      high[i] = x[k + i] > high[i] ? x[k + i] : high[i];
      odd[i] += x[k + i] * 0.0f;
    }
  }
  for (int i = 1; i < 8; ++i) {
    low[0] = std::min(low[0], low[i]);
    high[0] = std::max(high[0], high[i]);
    odd[0] += odd[i];
  }
  if (!(odd[0] == 0.0f)) {
    const uint16_t nan = f32_to_f16(std::numeric_limits<float>::quiet_NaN());
    return {nan, nan, 0.0f, 0.0f};
  }
  GroupScale out{};
  out.offset = f32_to_f16(low[0]);
  out.stored_offset = f16_to_f32(out.offset);
  out.scale =
      f32_to_f16((high[0] - out.stored_offset) / static_cast<float>(steps));
  const float scale = f16_to_f32(out.scale);
  out.inverse = scale > 0 ? 1.0f / scale : 0.0f;
  return out;
}

// One stage over all pairs of a distance.
template <int kDistance>
void butterflies(float* x) {
  for (int begin = 0; begin < kKvGroup; begin += 2 * kDistance) {
    for (int i = begin; i < begin + kDistance; ++i) {
      const float a = x[i];
      const float b = x[i + kDistance];
      x[i] = a + b;
      x[i + kDistance] = a - b;
    }
  }
}

}  // namespace

void transform_kv_groups(float* x, int64_t head_dim, float factor) {
  for (int64_t g = 0; g < head_dim; g += kKvGroup) {
    float* group = x + g;
    butterflies<16>(group);
    butterflies<8>(group);
    butterflies<4>(group);
    butterflies<2>(group);
    butterflies<1>(group);
    for (int64_t i = 0; i < kKvGroup; ++i) {
      group[i] *= factor;
    }
  }
}

void store_kv_row(
    const float* from,
    int64_t head_dim,
    int bits,
    std::byte* to) {
  for (int64_t g = 0; g < head_dim; g += kKvGroup) {
    float group[kKvGroup];
    std::copy_n(from + g, kKvGroup, group);
    transform_kv_groups(group, kKvGroup, kStoredFactor);
    quantize_kv_row(group, kKvGroup, bits, to);
    to += kv_row_bytes(kKvGroup, bits);
  }
}

void quantize_kv_row(
    const float* from,
    int64_t head_dim,
    int bits,
    std::byte* to) {
  const int steps = (1 << bits) - 1;
  const auto most = static_cast<float>(steps);
  for (int64_t g = 0; g < head_dim; g += kKvGroup) {
    const GroupScale group = scale_of(from + g, steps);
    uint8_t q[kKvGroup];
    for (int64_t i = 0; i < kKvGroup; ++i) {
      float level = (from[g + i] - group.stored_offset) * group.inverse;
      // Written so that NaN is a level too; the scale tells.
      level = level > 0.0f ? level : 0.0f;
      level = level < most ? level : most;
      const float shifted = level + kRounder;
      uint32_t integer;
      std::memcpy(&integer, &shifted, sizeof(integer));
      q[i] = static_cast<uint8_t>(integer);
    }
    std::memcpy(to, &group.scale, 2);
    std::memcpy(to + 2, &group.offset, 2);
    to += kKvGroupHead;
    if (bits == 8) {
      std::memcpy(to, q, kKvGroup);
      to += kKvGroup;
      continue;
    }
    for (int64_t i = 0; i < kKvGroup / 2; ++i) {
      to[i] = static_cast<std::byte>(q[i] | q[i + kKvGroup / 2] << 4);
    }
    to += kKvGroup / 2;
  }
}

}  // namespace bantam::kernels
