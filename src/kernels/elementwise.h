// SPDX-License-Identifier: MIT
// The small kernels of a decoder layer, in float32, each with one fixed order
// of summation (16 accumulators by index, then a pairwise tree, as matmul.h).
#pragma once

#include <cstdint>

#include "kernels/thread_pool.h"

namespace bantam::kernels {

/// y = x / sqrt(mean(x^2) + eps) * weight. x, y: [tokens, cols]; may alias.
void rms_norm(
    const float* x,
    const float* weight,
    float eps,
    int64_t tokens,
    int64_t cols,
    float* y,
    ThreadPool& pool);

/// The same in place for every head of `head_dim` floats, side by side within
/// a token; tokens `stride` floats apart. weight: [head_dim].
void norm_heads(
    float* x,
    int64_t stride,
    int64_t tokens,
    int64_t heads,
    int64_t head_dim,
    const float* weight,
    float eps,
    ThreadPool& pool);

/// Rotary embedding in place on x: heads of `head_dim` floats, `stride`
/// floats from token to token; token t has position `position + t`. The first
/// `2 * pairs` dimensions of a head are rotated. `frequencies`: [pairs],
/// angle = position * frequency, computed in double and reduced before cos and
/// sin so that long contexts keep their digits.
/// interleaved: pairs are (2i, 2i + 1); otherwise (i, i + pairs).
struct RopeShape {
  int64_t heads;
  int64_t head_dim;
  int64_t pairs;
  bool interleaved;
};
void rope(
    float* x,
    int64_t stride,
    int64_t tokens,
    int64_t position,
    const RopeShape& shape,
    const float* frequencies,
    float amplitude,
    ThreadPool& pool);

/// out = silu(gate) * up, all [tokens, cols]; gate and up `stride` floats
/// from token to token, out dense.
void swiglu(
    const float* gate,
    const float* up,
    int64_t stride,
    int64_t tokens,
    int64_t cols,
    float* out,
    ThreadPool& pool);

/// out = (up + 1) * gate * sigmoid(alpha * gate) with gate cut off above
/// `limit` and up between -limit and limit (gpt-oss). Shapes as swiglu's.
struct ClampedSwiglu {
  float alpha;
  float limit;
};
void clamped_swiglu(
    const float* gate,
    const float* up,
    int64_t stride,
    int64_t tokens,
    int64_t cols,
    const ClampedSwiglu& form,
    float* out,
    ThreadPool& pool);

/// The same as swiglu with GELU, by its tanh approximation, for silu.
void geglu(
    const float* gate,
    const float* up,
    int64_t stride,
    int64_t tokens,
    int64_t cols,
    float* out,
    ThreadPool& pool);

/// x = cap * tanh(x / cap), n floats.
void soft_cap(float* x, float cap, int64_t n, ThreadPool& pool);

/// y *= sigmoid(gate), head by head: y dense, [tokens, heads * head_dim]; the
/// gate of a token's first head at gate + token * stride, that of the next one
/// `head_stride` floats on.
void gate_heads(
    float* y,
    const float* gate,
    int64_t stride,
    int64_t head_stride,
    int64_t tokens,
    int64_t heads,
    int64_t head_dim,
    ThreadPool& pool);

/// y = fma(scale, x, y), n floats.
void add_scaled(const float* x, float scale, int64_t n, float* y);

/// In place softmax of n values, in float32. Returns log(sum(exp(x - max))) +
/// max of the input.
float softmax(float* x, int64_t n);

}  // namespace bantam::kernels
