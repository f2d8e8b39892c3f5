// SPDX-License-Identifier: MIT
// A gated delta rule between its projections (see kernels/gated_delta.h).
#pragma once

#include <optional>
#include <vector>

#include "kernels/gated_delta.h"
#include "nn/compute.h"

namespace bantam::nn {

/// What the layer knows beside its projections; channels and heads in
/// kernels::DeltaShape's order.
struct DeltaParameters {
  std::vector<float> conv;        // [taps, channels]
  std::vector<float> decay_rate;  // [value_heads]
  std::vector<float> dt_bias;     // [value_heads]
  std::vector<float> norm;        // [value_dim]
  float eps = 0;
};

class GatedDelta {
 public:
  GatedDelta(
      const kernels::DeltaShape& shape,
      const kernels::DeltaLayout& layout,
      DeltaParameters parameters,
      const Compute& compute);

  const kernels::DeltaShape& shape() const { return shape_; }
  const kernels::DeltaLayout& layout() const { return layout_; }
  const DeltaParameters& parameters() const { return parameters_; }

  /// Copies for the stock path.
  struct Stock {
    mx::array conv;  // [channels, taps, 1]
    mx::array decay_rate;
    mx::array dt_bias;
    mx::array norm;
    // Of the GPU's own kernels, float32.
    mx::array taps;         // [taps, channels]
    mx::array columns;      // int32 [channels]: places in the input
    mx::array values_norm;  // [value_dim]
    mx::array eps;          // [1]
    mx::array places;       // int32 [value_heads, 4]: see delta_rule.inc
  };
  const Stock& stock() const { return *stock_; }

 private:
  kernels::DeltaShape shape_;
  kernels::DeltaLayout layout_;
  DeltaParameters parameters_;
  std::optional<Stock> stock_;
};

/// One layer's state, in the form of the path in use. At the start of a
/// timeline: zeros on the native path, nothing on the stock path.
struct DeltaCache {
  kernels::DeltaState state{};         // native
  std::optional<mx::array> conv;       // stock: [(1,) taps - 1, channels]
  std::optional<mx::array> recurrent;  // [(1,) value_heads, value_dim, key_dim]
};

/// mixed: [tokens, layout.width] -> [tokens, value_heads * value_dim]. Moves
/// `cache` on by the tokens; `delta` must live until the result is evaluated.
mx::array gated_delta(
    const mx::array& mixed,
    const GatedDelta& delta,
    DeltaCache& cache,
    const Compute& compute);

}  // namespace bantam::nn
