// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <vector>

#include "nn/compute.h"

namespace bantam::nn {

/// x / sqrt(mean(x^2) + eps) * weight over the last axis.
class RmsNorm {
 public:
  RmsNorm(std::vector<float> weight, float eps, const Compute& compute);

  const std::vector<float>& weight() const { return weight_; }
  float eps() const { return eps_; }

  /// With stock operations; x of any shape.
  mx::array stock(const mx::array& x, const Compute& compute) const;

 private:
  std::vector<float> weight_;  // [features]
  float eps_;
  std::optional<mx::array> stock_weight_;
};

/// (residual + norm(x)) * scale; [tokens, features].
mx::array norm_add(
    const mx::array& x,
    const RmsNorm& norm,
    const mx::array& residual,
    float scale,
    const Compute& compute);

}  // namespace bantam::nn
