// SPDX-License-Identifier: MIT
#include "nn/norm.h"

#include <utility>

#include "kernels/elementwise.h"
#include "nn/cpu_primitive.h"

namespace bantam::nn {

RmsNorm::RmsNorm(std::vector<float> weight, float eps, const Compute& compute)
    : weight_(std::move(weight)), eps_(eps) {
  if (compute.path == KernelPath::stock) {
    stock_weight_ = mx::astype(
        mx::array(
            weight_.begin(), {static_cast<int>(weight_.size())}, mx::float32),
        compute.dtype,
        compute.stream);
  }
}

mx::array RmsNorm::stock(const mx::array& x, const Compute& compute) const {
  return mx::fast::rms_norm(x, *stock_weight_, eps_, compute.stream);
}

mx::array norm_add(
    const mx::array& x,
    const RmsNorm& norm,
    const mx::array& residual,
    float scale,
    const Compute& compute) {
  if (compute.path == KernelPath::stock) {
    const mx::Stream& s = compute.stream;
    const mx::array sum = mx::add(residual, norm.stock(x, compute), s);
    return scale == 1.0f ? sum
                         : mx::multiply(sum, mx::array(scale, sum.dtype()), s);
  }
  return cpu_primitive(
      "NormAdd",
      x.shape(),
      mx::float32,
      {x, residual},
      compute,
      [&norm, scale, compute](
          std::span<const mx::array> inputs, mx::array& out) {
        const auto size = static_cast<int64_t>(out.size());
        float* y = out.data<float>();
        kernels::rms_norm(
            inputs[0].data<float>(),
            norm.weight().data(),
            norm.eps(),
            inputs[0].shape(0),
            inputs[0].shape(1),
            y,
            *compute.pool);
        kernels::add_scaled(inputs[1].data<float>(), 1.0f, size, y);
        for (int64_t i = 0; i < size && scale != 1.0f; ++i) {
          y[i] *= scale;
        }
      });
}

}  // namespace bantam::nn
