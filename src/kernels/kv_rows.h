// SPDX-License-Identifier: MIT
// How the key (or value) of one token and head lies in a cache.
//
// 16 bits: float16, dense. 8 and 4 bits: groups of kKvGroup dimensions, each
// a float16 scale, a float16 offset, then its unsigned integers q; a value is
// fma(q, scale, offset). In 4 bits, byte i of a group holds the values i (low
// half) and i + 16 (high half).
//
// What is stored in 8 and 4 bits is the Walsh-Hadamard transform of a group,
// an eighth of it: it spreads the few dimensions that are much larger than the
// rest over all of them, so that the steps are smaller (as QuaRot does,
// Ashkboos et al. 2024; on SmolLM2 it halves the divergence in 4 bits). Queries
// are transformed too and quartered, which leaves their products with keys as
// they were (H H = 32); so are the weighted sums of values.
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

/// The transform H x of every group, in place: butterflies over distances of
/// 16, 8, 4, 2 and 1, each (a + b, a - b); then times `factor`.
void transform_kv_groups(float* x, int64_t head_dim, float factor);
inline constexpr float kStoredFactor = 0.125f;  // of keys and values
inline constexpr float kReadFactor = 0.25f;     // of queries and sums

/// Transforms and quantizes one row.
void store_kv_row(const float* from, int64_t head_dim, int bits, std::byte* to);

/// Writes one row in 8 or 4 bits as it is: q = round((x - offset) / scale) with
/// the scale and offset as stored, ties to even, so the same bytes everywhere.
/// A group with a value that is no finite number becomes NaN as a whole.
/// `head_dim` is a multiple of kKvGroup.
void quantize_kv_row(
    const float* from,
    int64_t head_dim,
    int bits,
    std::byte* to);

}  // namespace bantam::kernels
