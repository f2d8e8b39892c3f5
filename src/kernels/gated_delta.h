// SPDX-License-Identifier: MIT
// A layer of gated delta rule (Yang et al., "Gated Delta Networks", 2024)
// between its projections: a short causal convolution, the recurrence over a
// state of fixed size, a gated norm.
//
// Per channel, over the taps j ascending (acc = fma(w[j], x[t - taps + 1 + j],
// acc)), then silu; queries and keys are then divided by sqrt(sum x^2 + 1e-6)
// (16 accumulators and tree, as matmul.h), queries also by sqrt(key_dim). Per
// value head, with a state S[key_dim][value_dim], each column i for itself:
//     g = exp(decay_rate * softplus(alpha + dt_bias)), b = sigmoid(beta)
//     m = sum_j (g S[j][i]) k[j]      d = (v[i] - m) b
//     S[j][i] = fma(k[j], d, g S[j][i])
//     y[i] = sum_j S[j][i] q[j]
// Both sums run in acc[j % 4] = fma(.., .., acc[j % 4]), j ascending, then
// (acc[0] + acc[1]) + (acc[2] + acc[3]). At last y = rms_norm(y) * weight *
// silu(z) over each head. Tokens are taken one by one in order, so that chunks
// change no bit; and since a column of the state needs no other one, a block
// of columns stays in the level 1 cache for all tokens of a chunk.
#pragma once

#include <cstdint>

#include "kernels/thread_pool.h"

namespace bantam::kernels {

/// Value heads share key heads in groups: member m of group g is the value
/// head g * (value_heads / key_heads) + m.
struct DeltaShape {
  int64_t key_heads;
  int64_t value_heads;  // a multiple of key_heads
  int64_t key_dim;
  int64_t value_dim;
  int64_t taps;  // of the convolution

  int64_t members() const { return value_heads / key_heads; }
  /// Queries, keys, values: the order of channels.
  int64_t channels() const {
    return 2 * key_heads * key_dim + value_heads * value_dim;
  }
};

/// Where a head's first column lies in a token's row: first + g * group + m *
/// member.
struct HeadPlace {
  int64_t first = 0;
  int64_t group = 0;
  int64_t member = 0;

  int64_t at(int64_t g, int64_t m = 0) const {
    return first + g * group + m * member;
  }
};

/// Checkpoints order the projections' rows in more than one way.
struct DeltaLayout {
  int64_t width = 0;     // columns of the input
  HeadPlace q, k, v, z;  // key_dim or value_dim columns each
  HeadPlace beta, alpha;
  HeadPlace out;  // within the output's value_heads * value_dim columns
};

/// Channels are in DeltaShape's order, whatever the layout.
struct DeltaWeights {
  const float* conv;        // [taps, channels]
  const float* decay_rate;  // [value_heads], -exp(A_log)
  const float* dt_bias;     // [value_heads]
  const float* norm;        // [value_dim]
  float eps;
};

/// What a timeline carries from token to token; zeros at its start.
struct DeltaState {
  float* recurrent;  // [value_heads, blocks, key_dim, kDeltaBlock]
  float* conv;       // [taps - 1, channels], before the convolution
};

/// Columns of the state that lie side by side; the last block is padded.
inline constexpr int64_t kDeltaBlock = 32;

int64_t delta_recurrent_floats(const DeltaShape& shape);
inline int64_t delta_conv_floats(const DeltaShape& shape) {
  return (shape.taps - 1) * shape.channels();
}
/// Floats of scratch per token.
inline int64_t delta_scratch_floats(const DeltaShape& shape) {
  return shape.channels() + 2 * shape.value_heads;
}

/// mixed: [tokens, layout.width], out: [tokens, value_heads * value_dim].
/// Moves `state` on by `tokens`. scratch: delta_scratch_floats() per token.
void gated_delta(
    const DeltaShape& shape,
    const DeltaLayout& layout,
    const DeltaWeights& weights,
    const float* mixed,
    int64_t tokens,
    const DeltaState& state,
    float* out,
    float* scratch,
    ThreadPool& pool);

}  // namespace bantam::kernels
