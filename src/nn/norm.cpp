// SPDX-License-Identifier: MIT
#include "nn/norm.h"

#include <utility>

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

}  // namespace bantam::nn
