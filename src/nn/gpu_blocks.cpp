// SPDX-License-Identifier: MIT
#include "nn/gpu_blocks.h"

#include "nn/gpu_kernel.h"

// The bodies become text.
#define GPU_KERNEL(...) #__VA_ARGS__

namespace bantam::nn {

namespace {

constexpr int kThreads = 256;  // of a block, where each does a value
constexpr int kDeltaWarps = 16;

int blocks_for(int64_t values) {
  return static_cast<int>((values + kThreads - 1) / kThreads);
}

int narrow(int64_t value) {
  return static_cast<int>(value);
}

// A function-local static each: made at the first use, when MLX is up.
const GpuKernel& delta_conv_kernel() {
  static const GpuKernel kernel(
      "delta_conv",
      {"mixed", "state", "conv", "columns"},
      {"qkv", "next_state"},
#include "nn/gpu/delta_conv.inc"
  );
  return kernel;
}

const GpuKernel& delta_rule_kernel() {
  static const GpuKernel kernel(
      "delta_rule",
      {"qkv",
       "mixed",
       "state",
       "decay_rate",
       "dt_bias",
       "norm",
       "eps",
       "places"},
      {"y", "next_state"},
#include "nn/gpu/delta_rule.inc"
  );
  return kernel;
}

const GpuKernel& attention_heads_kernel() {
  static const GpuKernel kernel(
      "attention_heads",
      {"qkv", "q_norm", "k_norm", "frequencies", "position", "factors"},
      {"q", "k", "v"},
#include "nn/gpu/attention_heads.inc"
  );
  return kernel;
}

const GpuKernel& gate_heads_kernel() {
  static const GpuKernel kernel(
      "gate_heads", {"heads", "qkv"}, {"y"},
#include "nn/gpu/gate_heads.inc"
  );
  return kernel;
}

const GpuKernel& gated_product_kernel() {
  static const GpuKernel kernel(
      "gated_product", {"gate_up"}, {"y"},
#include "nn/gpu/gated_product.inc"
  );
  return kernel;
}

}  // namespace

bool has_gpu_delta(const GatedDelta& delta, const Compute& compute) {
  const kernels::DeltaShape& shape = delta.shape();
  return has_gpu_kernels(compute) && shape.key_dim % kWarp == 0 &&
      shape.value_dim % kDeltaWarps == 0;
}

mx::array gpu_gated_delta(
    const mx::array& mixed,
    const GatedDelta& delta,
    DeltaCache& cache,
    const Compute& compute) {
  const kernels::DeltaShape& shape = delta.shape();
  const GatedDelta::Stock& stock = delta.stock();
  const int tokens = mixed.shape(0);
  const int channels = narrow(shape.channels());
  const int heads = narrow(shape.value_heads);
  const int key_dim = narrow(shape.key_dim);
  const int value_dim = narrow(shape.value_dim);
  const int taps = narrow(shape.taps);
  const int width = narrow(delta.layout().width);
  const mx::Shape conv_shape{taps - 1, channels};
  const mx::Shape state_shape{heads, value_dim, key_dim};
  if (!cache.conv) {
    cache.conv = mx::zeros(conv_shape, mx::float32, compute.stream);
    cache.recurrent = mx::zeros(state_shape, mx::float32, compute.stream);
  }
  const auto convolved = delta_conv_kernel()(
      {mixed, *cache.conv, stock.taps, stock.columns},
      {.shapes = {{tokens, channels}, conv_shape},
       .dtypes = {mx::float32, mx::float32},
       .blocks = {blocks_for(channels), tokens, 1},
       .threads = kThreads,
       .constants =
           {{"THREADS", kThreads},
            {"TAPS", taps},
            {"CHANNELS", channels},
            {"WIDTH", width}}},
      compute);
  const auto moved = delta_rule_kernel()(
      {convolved[0],
       mixed,
       *cache.recurrent,
       stock.decay_rate,
       stock.dt_bias,
       stock.values_norm,
       stock.eps,
       stock.places},
      {.shapes = {{tokens, heads * value_dim}, state_shape},
       .dtypes = {mixed.dtype(), mx::float32},
       .blocks = {heads, 1, 1},
       .threads = kDeltaWarps * kWarp,
       .constants =
           {{"T", mixed.dtype()},
            {"THREADS", kDeltaWarps * kWarp},
            {"ROWS", value_dim / kDeltaWarps},
            {"SHARES", key_dim / kWarp},
            {"MEMBERS", narrow(shape.members())},
            {"KEY_HEADS", narrow(shape.key_heads)},
            {"KEY_DIM", key_dim},
            {"VALUE_DIM", value_dim},
            {"VALUES", heads * value_dim},
            {"CHANNELS", channels},
            {"WIDTH", width}}},
      compute);
  cache.conv = convolved[1];
  cache.recurrent = moved[1];
  return moved[0];
}

bool has_gpu_heads(const Attention& attention, const Compute& compute) {
  return has_gpu_kernels(compute) && attention.stock.has_value() &&
      attention.position_scale.beta == 0 && !attention.v_norm;
}

HeadArrays gpu_heads(
    const mx::array& qkv,
    const Attention& attention,
    const mx::array& position,
    const Compute& compute) {
  const kernels::AttentionShape& shape = attention.shape;
  const Attention::Stock& stock = *attention.stock;
  const int tokens = qkv.shape(0);
  const int head_dim = narrow(shape.head_dim);
  const int heads = narrow(shape.heads);
  const int kv_heads = narrow(shape.kv_heads);
  const mx::Shape kv_shape{1, kv_heads, tokens, head_dim};
  auto arrays = attention_heads_kernel()(
      {qkv,
       stock.q_norm,
       stock.k_norm,
       stock.frequencies,
       position,
       stock.factors},
      {.shapes = {{1, heads, tokens, head_dim}, kv_shape, kv_shape},
       .dtypes = {qkv.dtype(), qkv.dtype(), qkv.dtype()},
       .blocks = {heads + 2 * kv_heads, tokens, 1},
       .threads = kWarp,
       .constants =
           {{"T", qkv.dtype()},
            {"HEADS", heads},
            {"KV_HEADS", kv_heads},
            {"HEAD_DIM", head_dim},
            {"WIDTH", qkv.shape(1)},
            {"QUERY_PARTS", attention.gated ? 2 : 1},
            {"PAIRS", narrow(attention.rope.frequencies.size())},
            {"INTERLEAVED", attention.rope.interleaved},
            {"Q_NORM", attention.q_norm.has_value()},
            {"K_NORM", attention.k_norm.has_value()}}},
      compute);
  return {.q = arrays[0], .k = arrays[1], .v = arrays[2]};
}

mx::array gpu_gate_heads(
    const mx::array& heads,
    const mx::array& qkv,
    const Attention& attention,
    const Compute& compute) {
  const kernels::AttentionShape& shape = attention.shape;
  const int tokens = qkv.shape(0);
  const int values = narrow(shape.heads * shape.head_dim);
  return gate_heads_kernel()(
      {heads, qkv},
      {.shapes = {{tokens, values}},
       .dtypes = {qkv.dtype()},
       .blocks = {blocks_for(values), tokens, 1},
       .threads = kThreads,
       .constants =
           {{"T", qkv.dtype()},
            {"THREADS", kThreads},
            {"HEADS", narrow(shape.heads)},
            {"HEAD_DIM", narrow(shape.head_dim)},
            {"WIDTH", qkv.shape(1)}}},
      compute)[0];
}

mx::array gpu_gated_product(
    const mx::array& gate_up,
    Activation activation,
    const Compute& compute) {
  const int tokens = gate_up.shape(0);
  const int columns = gate_up.shape(1) / 2;
  return gated_product_kernel()(
      {gate_up},
      {.shapes = {{tokens, columns}},
       .dtypes = {gate_up.dtype()},
       .blocks = {blocks_for(columns), tokens, 1},
       .threads = kThreads,
       .constants =
           {{"T", gate_up.dtype()},
            {"THREADS", kThreads},
            {"COLUMNS", columns},
            {"GELU", activation == Activation::gelu_tanh}}},
      compute)[0];
}

}  // namespace bantam::nn
