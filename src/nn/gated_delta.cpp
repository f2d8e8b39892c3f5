// SPDX-License-Identifier: MIT
#include "nn/gated_delta.h"

#include <utility>

#include "nn/cpu_primitive.h"
#include "nn/delta_columns.h"
#include "nn/gpu_blocks.h"
#include "nn/stock_gated_delta.h"

namespace bantam::nn {

namespace {

mx::array array_of(const std::vector<float>& values) {
  return mx::array(
      values.begin(), {static_cast<int>(values.size())}, mx::float32);
}

mx::array array_of(const std::vector<int32_t>& values, mx::Shape shape) {
  return mx::array(values.begin(), std::move(shape), mx::int32);
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
        .columns = array_of(
            channel_columns(shape, layout),
            {static_cast<int>(shape.channels())}),
        .values_norm = array_of(parameters_.norm),
        .eps = array_of(std::vector<float>{parameters_.eps}),
        .places = array_of(
            head_places(shape, layout),
            {static_cast<int>(shape.value_heads), 4})};
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
