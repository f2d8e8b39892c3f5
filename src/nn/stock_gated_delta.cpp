// SPDX-License-Identifier: MIT
// The gated delta rule with stock MLX operations: on Metal a fused kernel, on
// the CPU composed of small ones, to test the graph.
#include "nn/stock_gated_delta.h"

#include <cmath>
#include <utility>

#include "nn/delta_columns.h"

namespace bantam::nn {

namespace {

using kernels::DeltaShape;
using kernels::HeadPlace;

// x[:, columns]; a slice where the columns are neighbours.
mx::array take_columns(
    const mx::array& x,
    const std::vector<int32_t>& columns,
    const Compute& compute) {
  bool dense = true;
  for (size_t i = 0; i < columns.size(); ++i) {
    dense = dense && columns[i] == columns[0] + static_cast<int32_t>(i);
  }
  const int count = static_cast<int>(columns.size());
  if (dense) {
    return mx::slice(
        x, {0, columns[0]}, {x.shape(0), columns[0] + count}, compute.stream);
  }
  return mx::take(
      x, mx::array(columns.begin(), {count}, mx::int32), 1, compute.stream);
}

// Queries, keys and values of all heads, convolved: [1, tokens, channels].
mx::array convolve(
    const mx::array& mixed,
    const GatedDelta& delta,
    DeltaCache& cache,
    const Compute& compute) {
  const DeltaShape& shape = delta.shape();
  const kernels::DeltaLayout& layout = delta.layout();
  const mx::array qkv = mx::expand_dims(
      take_columns(mixed, channel_columns(shape, layout), compute),
      0,
      compute.stream);
  const int channels = qkv.shape(2);
  const int kept = static_cast<int>(shape.taps - 1);
  if (!cache.conv) {
    cache.conv = mx::zeros({1, kept, channels}, qkv.dtype(), compute.stream);
  }
  const mx::array input =
      mx::concatenate({*cache.conv, qkv}, 1, compute.stream);
  cache.conv = mx::contiguous(
      mx::slice(
          input,
          {0, input.shape(1) - kept, 0},
          {1, input.shape(1), channels},
          compute.stream),
      false,
      compute.stream);
  const mx::array y =
      mx::conv1d(input, delta.stock().conv, 1, 0, 1, channels, compute.stream);
  return mx::multiply(y, mx::sigmoid(y, compute.stream), compute.stream);
}

// exp(decay_rate * softplus(alpha + dt_bias)), float32 [1, tokens, heads]
mx::array decay(
    const mx::array& alpha,
    const GatedDelta& delta,
    const Compute& compute) {
  const mx::array biased = mx::add(
      mx::astype(alpha, mx::float32, compute.stream),
      delta.stock().dt_bias,
      compute.stream);
  const mx::array softplus =
      mx::logaddexp(biased, mx::array(0.0f), compute.stream);
  return mx::exp(
      mx::multiply(softplus, delta.stock().decay_rate, compute.stream),
      compute.stream);
}

}  // namespace

mx::array stock_gated_delta(
    const mx::array& mixed,
    const GatedDelta& delta,
    DeltaCache& cache,
    const Compute& compute) {
  const DeltaShape& shape = delta.shape();
  const kernels::DeltaLayout& layout = delta.layout();
  const int tokens = mixed.shape(0);
  const int key_heads = static_cast<int>(shape.key_heads);
  const int value_heads = static_cast<int>(shape.value_heads);
  const int key_dim = static_cast<int>(shape.key_dim);
  const int value_dim = static_cast<int>(shape.value_dim);

  const mx::array qkv = convolve(mixed, delta, cache, compute);
  const auto parts = mx::split(
      qkv,
      mx::Shape{key_heads * key_dim, 2 * key_heads * key_dim},
      2,
      compute.stream);
  const auto heads = [&](const mx::array& x, int count, int dim) {
    return mx::reshape(x, {1, tokens, count, dim}, compute.stream);
  };
  // x / sqrt(sum x^2 + eps): a norm over the mean, with its share of eps.
  const auto unit = [&](const mx::array& x, float factor) {
    const float width = static_cast<float>(key_dim);
    constexpr float kEps = 1e-6f;
    return mx::multiply(
        mx::fast::rms_norm(
            heads(x, key_heads, key_dim),
            std::nullopt,
            kEps / width,
            compute.stream),
        mx::array(factor / std::sqrt(width), x.dtype()),
        compute.stream);
  };
  const auto gate = [&](const HeadPlace& place) {
    return mx::expand_dims(
        take_columns(mixed, value_columns(shape, 1, place), compute),
        0,
        compute.stream);
  };
  auto updated = mx::fast::gated_delta_update(
      unit(parts[0], 1.0f / std::sqrt(static_cast<float>(key_dim))),
      unit(parts[1], 1.0f),
      heads(parts[2], value_heads, value_dim),
      decay(gate(layout.alpha), delta, compute),
      mx::sigmoid(
          mx::astype(gate(layout.beta), mx::float32, compute.stream),
          compute.stream),
      cache.recurrent,
      std::nullopt,
      compute.stream);
  cache.recurrent = updated[1];

  const mx::array normed = mx::fast::rms_norm(
      updated[0], delta.stock().norm, delta.parameters().eps, compute.stream);
  const mx::array z = heads(
      take_columns(mixed, value_columns(shape, value_dim, layout.z), compute),
      value_heads,
      value_dim);
  const mx::array silu =
      mx::multiply(z, mx::sigmoid(z, compute.stream), compute.stream);
  const mx::array y = mx::reshape(
      mx::multiply(normed, silu, compute.stream),
      {tokens, value_heads * value_dim},
      compute.stream);
  // Column layout.out holds what stands in order now: the inverse.
  const std::vector<int32_t> places =
      value_columns(shape, value_dim, layout.out);
  std::vector<int32_t> columns(places.size());
  for (size_t i = 0; i < places.size(); ++i) {
    columns[places[i]] = static_cast<int32_t>(i);
  }
  return take_columns(y, columns, compute);
}

}  // namespace bantam::nn
