// SPDX-License-Identifier: MIT
// What an encoder (BERT) computes beside its products, and the scan of the
// vectors that it makes. float32, one fixed order of summation (16 accumulators
// by index, then a pairwise tree, as matmul.h).
#pragma once

#include <cstdint>
#include <span>

#include "kernels/thread_pool.h"

namespace bantam::kernels {

/// y = (v - mean(v)) / sqrt(variance(v) + eps) * weight + bias with v = x + y
/// (what y held before); x, y: [tokens, cols].
void add_layer_norm(
    const float* x,
    const float* weight,
    const float* bias,
    float eps,
    int64_t tokens,
    int64_t cols,
    float* y,
    ThreadPool& pool);

/// In place x Phi(x) with the error function, not its tanh approximation;
/// within 3e-7. n floats.
void gelu(float* x, int64_t n, ThreadPool& pool);

struct EncoderHeads {
  int64_t heads;
  int64_t head_dim;  // a multiple of 16
};

/// Bytes of each thread's scratch for sequences of up to `longest` tokens.
int64_t encoder_attention_scratch(const EncoderHeads& shape, int64_t longest);

/// Every token of a sequence sees all of it. qkv: [tokens, 3 * heads *
/// head_dim], queries first, already scaled; sequence s is the tokens
/// [starts[s], starts[s + 1]). out: [tokens, heads * head_dim].
void encoder_attention(
    const EncoderHeads& shape,
    const float* qkv,
    std::span<const int64_t> starts,
    float* out,
    ThreadPool& pool);

/// scores[i] = rows[i] . query, rows of `cols` float16 one after the other.
void dot_rows_f16(
    const uint16_t* rows,
    int64_t count,
    int64_t cols,
    const float* query,
    float* scores);

}  // namespace bantam::kernels
