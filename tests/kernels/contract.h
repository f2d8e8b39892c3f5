// SPDX-License-Identifier: MIT
// The numeric contract of the kernels, spelled out one scalar at a time: the
// reference that every instruction set must equal bit for bit. Slow on purpose.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/attention.h"
#include "kernels/elementwise.h"
#include "kernels/matmul.h"
#include "kernels/weight_matrix.h"

namespace bantam::kernels::contract {

/// The weight itself.
float weight(const WeightMatrix& w, int64_t row, int64_t col);

/// y[row] for one token's activations x of w.cols floats.
float dot(const WeightMatrix& w, int64_t row, const float* x);

float exp(float x);
void rms_norm(
    const float* x,
    const float* weight,
    float eps,
    int64_t cols,
    float* y);
void rope(
    float* x,
    int64_t position,
    const RopeShape& shape,
    const float* frequencies,
    float amplitude);
float swiglu(float gate, float up);
float softmax(float* x, int64_t n);

/// Positions that the token at `position` sees, ascending.
std::vector<int64_t> visible(int64_t position, int64_t budget, int64_t sinks);

/// The Walsh-Hadamard transform of every 32 values, times `factor`.
void transform(float* row, int64_t head_dim, float factor);
/// A row as a cache of `bits` gives it back; no transform.
void round_kv(float* row, int64_t head_dim, int bits);
/// A key or value as such a cache holds it, transform and all.
void store_kv(float* row, int64_t head_dim, int bits);

/// One query head against keys and values (by store_kv), rank by rank.
/// out: [head_dim].
void attend(
    const float* q,
    float scale,
    int64_t head_dim,
    const std::vector<const float*>& keys,
    const std::vector<const float*>& values,
    int bits,
    float* out);

}  // namespace bantam::kernels::contract
