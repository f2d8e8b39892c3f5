// SPDX-License-Identifier: MIT
// The matrix products of a decoder layer, each fused with what stands before
// and after it, so that a layer is a handful of graph nodes. Activations are
// [tokens, features], float32 on the native path.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/weight_matrix.h"
#include "nn/compute.h"
#include "nn/norm.h"

namespace bantam::nn {

/// A weight matrix as stock MLX operations want it: a float matrix, or packed
/// with scales and, in mode "affine", biases.
struct StockWeight {
  mx::array weight;
  std::optional<mx::array> scales;
  std::optional<mx::array> biases;
  int bits = 0;
  int group = 0;
  std::string mode = "affine";
};

/// Copies `w` into MLX arrays. Q4_0, Q4_1 and Q8_0 are affine formats of group
/// 32; what MLX cannot multiply becomes floats. Scales, and such floats, are
/// rounded to the dtype of the activations.
StockWeight to_stock(const kernels::WeightMatrix& w, const Compute& compute);

/// The same for matrices of one shape and format, stacked: every array gets a
/// first axis, one entry for each.
StockWeight to_stock(
    std::span<const kernels::WeightMatrix> stack,
    const Compute& compute);

/// y = W x (+ bias).
class Linear {
 public:
  /// `w` points into mapped files that outlive this; `bias` may be empty.
  Linear(
      const kernels::WeightMatrix& w,
      std::vector<float> bias,
      const Compute& compute);

  int64_t rows() const { return matrix_.rows; }
  int64_t cols() const { return matrix_.cols; }
  const kernels::WeightMatrix& matrix() const { return matrix_; }
  const std::vector<float>& bias() const { return bias_; }

  /// On the native path: y = W x (+ bias) or y + W x, for the tokens that
  /// `activations` holds; rows of y are `y_stride` floats apart.
  void multiply(
      const kernels::Activations& activations,
      float* y,
      int64_t y_stride,
      kernels::Store store,
      kernels::ThreadPool& pool) const;

  /// y = [W0 x + b0 | W1 x + b1 | ...]; the matrices have one group size.
  static void multiply_side_by_side(
      std::span<const Linear> projections,
      const kernels::Activations& activations,
      float* y,
      int64_t y_stride,
      kernels::ThreadPool& pool);

  /// With stock operations. x: [tokens, cols] -> [tokens, rows].
  mx::array stock(const mx::array& x, const Compute& compute) const;
  /// Are the rows of the matrices after this one joined to it (join_rows)?
  bool is_joined() const { return is_joined_; }

  /// Rows by index. rows: int32 [n] -> [n, cols].
  mx::array stock_rows(const mx::array& rows, const Compute& compute) const;

 private:
  void add_bias(int64_t tokens, float* y, int64_t y_stride) const;

  kernels::WeightMatrix matrix_;
  std::vector<float> bias_;
  std::optional<StockWeight> stock_;
  std::optional<mx::array> stock_bias_;
  bool is_joined_ = false;

  friend void join_rows(std::vector<Linear>&, const Compute&);
};

/// On the stock path, and if their formats agree: one product over the same
/// input in the place of several. The first of `projections` takes the weights
/// of the rest, for norm_project() alone.
void join_rows(std::vector<Linear>& projections, const Compute& compute);

/// The rows of `table` named by `tokens` (int32 [tokens]) times `scale`, as
/// activations. On the native path they are read through `file`, which outlives
/// the graph; null: they are in memory, because the table is multiplied too.
mx::array embed(
    const mx::array& tokens,
    const Linear& table,
    float scale,
    const MappedPages* file,
    const Compute& compute);

/// [W0 n | W1 n | ...] of n = rms_norm(x), side by side; only of the last
/// `last_tokens` tokens if that is not 0.
mx::array norm_project(
    const mx::array& x,
    const RmsNorm& norm,
    std::span<const Linear> projections,
    int64_t last_tokens,
    const Compute& compute);

/// residual + W x; W x is normed first if there is a `post_norm`.
mx::array project_add(
    const mx::array& x,
    const Linear& projection,
    const RmsNorm* post_norm,
    const mx::array& residual,
    const Compute& compute);

enum class Activation { silu, gelu_tanh };

/// With stock operations.
mx::array stock_activation(
    const mx::array& x,
    Activation activation,
    const Compute& compute);

/// residual + W (activation(gate) * up), normed first if there is a
/// `post_norm`. gate_up: [tokens, 2 * W.cols], the gate in the first half.
mx::array gated_project_add(
    const mx::array& gate_up,
    Activation activation,
    const Linear& down,
    const RmsNorm* post_norm,
    const mx::array& residual,
    const Compute& compute);

/// cap * tanh(logits / cap).
mx::array soft_cap(const mx::array& logits, float cap, const Compute& compute);

}  // namespace bantam::nn
