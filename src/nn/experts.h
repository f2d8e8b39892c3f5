// SPDX-License-Identifier: MIT
// A mixture of experts: a router picks a few small networks for each token;
// only those that some token picked are read.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernels/weight_matrix.h"
#include "nn/linear.h"

namespace bantam::nn {

/// The networks; all of one shape and format. One entry for each expert.
struct ExpertMatrices {
  std::vector<kernels::WeightMatrix> gate;  // [width, hidden]
  /// [width, hidden]; empty: `gate` is [2 width, hidden], its even rows the
  /// gate's and its odd ones these.
  std::vector<kernels::WeightMatrix> up;
  std::vector<kernels::WeightMatrix> down;  // [hidden, width]
  /// [experts, rows of the matrices] of floats, added to their products.
  std::optional<kernels::WeightMatrix> gate_bias, up_bias, down_bias;
};

/// An expert that every token uses, weighed by a gate of its own.
struct SharedExpert {
  std::vector<Linear> gate_up;  // gate, up
  Linear down;
  Linear gate;  // one row
};

struct ExpertOptions {
  int64_t active = 1;  // experts per token
  /// The weights of the chosen experts add up to 1; otherwise they are their
  /// share among all experts.
  bool normalize = true;
  /// Not 0: OpenAI's form of the gated product, (up + 1) gate sigmoid(1.702
  /// gate) with gate <= limit and |up| <= limit.
  float swiglu_limit = 0;
  Activation activation = Activation::silu;
  /// False: the mixture alone, without x.
  bool adds_input = true;
};

/// A router that does not read what the experts read.
struct RouterInput {
  RmsNorm norm;                      // of x, in the place of the experts'
  std::vector<float> expert_scales;  // [experts]: factors of the weights
};

class Experts {
 public:
  Experts(
      RmsNorm norm,
      Linear router,
      ExpertMatrices matrices,
      std::optional<SharedExpert> shared,
      const ExpertOptions& options,
      const Compute& compute);

  int64_t count() const { return router_.rows(); }
  int64_t hidden() const { return router_.cols(); }
  int64_t width() const { return matrices_.down.front().cols; }
  bool interleaved() const { return matrices_.up.empty(); }
  int64_t shared_width() const { return shared_ ? shared_->down.cols() : 0; }
  const RmsNorm& norm() const { return norm_; }
  const Linear& router() const { return router_; }
  const ExpertMatrices& matrices() const { return matrices_; }
  const std::optional<SharedExpert>& shared() const { return shared_; }
  const ExpertOptions& options() const { return options_; }

  /// Of a family whose router has a norm and scales of its own.
  void set_router_input(RouterInput input);
  const std::optional<RouterInput>& router_input() const { return input_; }

  struct Stock {
    StockWeight gate, up, down;  // [experts, rows, ...]
    std::optional<mx::array> gate_bias, up_bias, down_bias;  // [experts, rows]
    std::optional<mx::array> scales;                         // [experts]
  };
  const Stock& stock() const { return *stock_; }

  /// Of all matrices.
  int64_t bytes() const;
  /// Floats of Workspace::floats that one token takes.
  int64_t scratch_floats() const;

 private:
  RmsNorm norm_;
  Linear router_;
  ExpertMatrices matrices_;
  std::optional<SharedExpert> shared_;
  ExpertOptions options_;
  std::optional<RouterInput> input_;
  std::optional<Stock> stock_;
};

/// x (unless it is left out) + the chosen experts' weighted outputs for n =
/// rms_norm(x), plus the shared expert's. x: [tokens, hidden]. Router and
/// weights are float32; of equal experts the first is chosen; a token's experts
/// are added in ascending order, so that its bits do not depend on the tokens
/// beside it.
mx::array experts_add(
    const mx::array& x,
    const Experts& experts,
    const Compute& compute);

}  // namespace bantam::nn
