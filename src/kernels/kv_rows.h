// SPDX-License-Identifier: MIT
// How the key (or value) of one token and head lies in a cache.
//
// 16 bits: float16, dense. 8 and 4 bits: groups of kKvGroup dimensions, each
// a float16 scale, a float16 offset, then its unsigned integers q; a value is
// fma(q, scale, offset). In 4 bits, byte i of a group holds the dimensions i
// (low half) and i + 16 (high half).
#pragma once

#include <cstddef>
#include <cstdint>

namespace bantam::kernels {

inline constexpr int64_t kKvGroup = 32;
inline constexpr int64_t kKvGroupHead = 4;  // bytes of scale and offset

/// Can rows of `head_dim` be kept in `bits` (16, 8 or 4)?
constexpr bool has_kv_rows(int64_t head_dim, int bits) {
  return bits >= 16 || head_dim % kKvGroup == 0;
}

/// Bytes of one row. `bits`: 16, 8 or 4; 32 is float32, as the stock path on a
/// CPU keeps them.
constexpr int64_t kv_row_bytes(int64_t head_dim, int bits) {
  const int64_t groups = bits < 16 ? (head_dim + kKvGroup - 1) / kKvGroup : 0;
  return groups > 0 ? groups * (kKvGroupHead + kKvGroup * bits / 8)
                    : head_dim * bits / 8;
}

/// Writes one row in 8 or 4 bits: q = round((x - offset) / scale) with the
/// scale and offset as stored, ties to even, so the same bytes everywhere. A
/// group with a value that is no finite number becomes NaN as a whole.
/// `head_dim` is a multiple of kKvGroup.
void quantize_kv_row(
    const float* from,
    int64_t head_dim,
    int bits,
    std::byte* to);

}  // namespace bantam::kernels
