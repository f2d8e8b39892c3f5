// SPDX-License-Identifier: MIT
#include "nn/gated_delta.h"

#include <utility>

#include "nn/cpu_primitive.h"
#include "nn/gpu_blocks.h"
#include "nn/stock_gated_delta.h"

namespace bantam::nn {

namespace {

mx::array array_of(const std::vector<float>& values) {
  return mx::array(
      values.begin(), {static_cast<int>(values.size())}, mx::float32);
}

// Where each channel, in DeltaShape's order, lies in the input.
mx::array channel_columns(
    const kernels::DeltaShape& shape,
    const kernels::DeltaLayout& layout) {
  std::vector<int32_t> columns;
  const auto add = [&](int64_t first, int64_t dim) {
    for (int64_t i = 0; i < dim; ++i) {
      columns.push_back(static_cast<int32_t>(first + i));
    }
  };
  for (int64_t g = 0; g < shape.key_heads; ++g) {
    add(layout.q.at(g), shape.key_dim);
  }
  for (int64_t g = 0; g < shape.key_heads; ++g) {
    add(layout.k.at(g), shape.key_dim);
  }
  for (int64_t h = 0; h < shape.value_heads; ++h) {
    add(layout.v.at(h / shape.members(), h % shape.members()), shape.value_dim);
  }
  return mx::array(
      columns.begin(), {static_cast<int>(columns.size())}, mx::int32);
}

// Of each value head: z, alpha and beta in the input, then the output.
mx::array head_places(
    const kernels::DeltaShape& shape,
    const kernels::DeltaLayout& layout) {
  std::vector<int32_t> places;
  for (int64_t h = 0; h < shape.value_heads; ++h) {
    for (const kernels::HeadPlace* place :
         {&layout.z, &layout.alpha, &layout.beta, &layout.out}) {
      places.push_back(
          static_cast<int32_t>(
              place->at(h / shape.members(), h % shape.members())));
    }
  }
  return mx::array(
      places.begin(), {static_cast<int>(shape.value_heads), 4}, mx::int32);
}

}  // namespace

GatedDelta::GatedDelta(
    const kernels::DeltaShape& shape,
    const kernels::DeltaLayout& layout,
    DeltaParameters parameters,
    const Compute& compute)
    : shape_(shape), layout_(layout), parameters_(std::move(parameters)) {
  if (compute.path == KernelPath::stock) {
    const auto cast = [&](const mx::array& x) {
      return mx::astype(x, compute.dtype, compute.stream);
    };
    const mx::array conv = mx::reshape(
        array_of(parameters_.conv),
        {static_cast<int>(shape.taps), static_cast<int>(shape.channels()), 1},
        compute.stream);
    // Gates stay in float32.
    stock_ = {
        .conv = cast(mx::transpose(conv, {1, 0, 2}, compute.stream)),
        .decay_rate = array_of(parameters_.decay_rate),
        .dt_bias = array_of(parameters_.dt_bias),
        .norm = cast(array_of(parameters_.norm)),
        .taps = array_of(parameters_.conv),
        .columns = channel_columns(shape, layout),
        .values_norm = array_of(parameters_.norm),
        .eps = array_of(std::vector<float>{parameters_.eps}),
        .places = head_places(shape, layout)};
  }
}

mx::array gated_delta(
    const mx::array& mixed,
    const GatedDelta& delta,
    DeltaCache& cache,
    const Compute& compute) {
  if (compute.path == KernelPath::stock) {
    if (has_gpu_delta(delta, compute)) {
      return gpu_gated_delta(mixed, delta, cache, compute);
    }
    return stock_gated_delta(mixed, delta, cache, compute);
  }
  const kernels::DeltaShape& shape = delta.shape();
  return cpu_primitive(
      "GatedDelta",
      {mixed.shape(0), static_cast<int>(shape.value_heads * shape.value_dim)},
      mx::float32,
      {mixed},
      compute,
      [&delta, state = cache.state, compute](
          std::span<const mx::array> inputs, mx::array& out) {
        const DeltaParameters& parameters = delta.parameters();
        kernels::gated_delta(
            delta.shape(),
            delta.layout(),
            {.conv = parameters.conv.data(),
             .decay_rate = parameters.decay_rate.data(),
             .dt_bias = parameters.dt_bias.data(),
             .norm = parameters.norm.data(),
             .eps = parameters.eps},
            inputs[0].data<float>(),
            inputs[0].shape(0),
            state,
            out.data<float>(),
            compute.workspace->floats.data(),
            *compute.pool);
      });
}

}  // namespace bantam::nn
