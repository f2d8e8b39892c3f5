// SPDX-License-Identifier: MIT
// What stands between the products of a layer, each in one or two GPU kernels.
// Only where has_gpu_kernels() and the check beside a function say so; stock
// operations do everything everywhere.
#pragma once

#include "nn/attention.h"
#include "nn/gated_delta.h"
#include "nn/linear.h"

namespace bantam::nn {

/// Head sizes that the kernels are laid out for.
bool has_gpu_delta(const GatedDelta& delta, const Compute& compute);

/// As gated_delta().
mx::array gpu_gated_delta(
    const mx::array& mixed,
    const GatedDelta& delta,
    DeltaCache& cache,
    const Compute& compute);

bool has_gpu_heads(const Attention& attention, const Compute& compute);

struct HeadArrays {
  mx::array q;  // [1, heads, tokens, head_dim]
  mx::array k;  // [1, kv_heads, tokens, head_dim]
  mx::array v;
};

/// The heads in `qkv`, normed and rotated. position: int32 [1].
HeadArrays gpu_heads(
    const mx::array& qkv,
    const Attention& attention,
    const mx::array& position,
    const Compute& compute);

/// heads: [1, heads, tokens, head_dim] times the gates in qkv
/// -> [tokens, heads * head_dim].
mx::array gpu_gate_heads(
    const mx::array& heads,
    const mx::array& qkv,
    const Attention& attention,
    const Compute& compute);

/// gate_up: [tokens, 2 * columns] -> activation(gate) * up [tokens, columns].
mx::array gpu_gated_product(
    const mx::array& gate_up,
    Activation activation,
    const Compute& compute);

}  // namespace bantam::nn
