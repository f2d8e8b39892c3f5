// SPDX-License-Identifier: MIT
// y = x W^T for quantized and float weights.
//
// The order of summation is part of the contract, so that a result does not
// depend on threads, on how tokens are chunked, or on the instruction set:
//  - Weights in groups (group_size() = G > 0; of a super-block with scales
//    inside, the columns that share one): each token's activations are
//    rounded, group by group, to 16-bit integers v = round(x / s),
//    s = max|x| / 32500 (s = 0 for a group of zeros). Products q * v are
//    summed exactly in int32 within a group. With g the group's index, the
//    float part of group g is
//        acc = acc[g % 16]
//        acc = fma(bias_g, s_g * sum v, acc)         (formats with a bias)
//        acc[g % 16] = fma(scale_g * s_g, float(sum q*v), acc)
//    for g ascending.
//    scale_g and bias_g are float32, as the format's definition makes them
//    (d * sc, -(dmin * m)); q is an integer of 9 bits at most, a look-up
//    format's entry among them.
//  - Float weights (and MLX's 8-bit floats times their scales): acc[k % 16] =
//  fma(w[k], x[k], acc[k % 16]), k ascending.
//  - y = pairwise tree over acc: acc[i] + acc[i + 8], then + 4, + 2, + 1.
// A group with a NaN or an infinity has s = NaN; one below 2^-100 counts as
// zeros. No path rounds differently: integers are exact in any order and the
// float operations are these. tests/kernels/contract.cpp spells all this out.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/thread_pool.h"
#include "kernels/weight_matrix.h"

namespace bantam::kernels {

/// Activations of some tokens in the form that matrices of one group size
/// multiply; prepared once, used by every matrix that reads the same input
/// (q, k, v; gate, up). Memory is taken by reserve() alone.
class Activations {
 public:
  /// Room for `max_tokens` x `max_cols`, for any group size.
  void reserve(int64_t max_tokens, int64_t max_cols);
  /// Bytes that reserve() takes, for the memory plan.
  static int64_t bytes(int64_t max_tokens, int64_t max_cols);

  /// x: [tokens, cols], rows `stride` floats apart. `group_size` 0 keeps
  /// float32 (a pointer: x must live until the product is done).
  void prepare(
      const float* x,
      int64_t stride,
      int64_t tokens,
      int64_t cols,
      int group_size,
      ThreadPool& pool);

  int64_t tokens() const { return tokens_; }
  int64_t cols() const { return cols_; }
  int group_size() const { return group_size_; }

  // Read by the kernels. Few tokens lie one after the other; from
  // kQuadTokens on (kVnniQuadTokens with AVX-512 VNNI), four tokens interleave,
  // pair of columns by pair of columns, so that matrix-matrix kernels read them
  // in order.
  static constexpr int64_t kQuadTokens = 6;
  static constexpr int64_t kVnniQuadTokens = 16;
  bool in_quads() const { return in_quads_; }

  const int16_t* values(int64_t token) const {
    return values_.data() + token * cols_;
  }
  /// One for each group, then zeros up to a multiple of 16.
  const float* scales(int64_t token) const {
    return scales_.data() + token * padded_groups_;
  }
  const float* sums(int64_t token) const {
    return sums_.data() + token * padded_groups_;
  }
  /// [cols / 2, 4] pairs of int16, lower column first.
  const int32_t* quad_values(int64_t quad) const {
    return reinterpret_cast<const int32_t*>(values(quad * 4));
  }
  /// [padded groups, 4]
  const float* quad_scales(int64_t quad) const { return scales(quad * 4); }
  const float* quad_sums(int64_t quad) const { return sums(quad * 4); }
  const float* floats(int64_t token) const {
    return floats_ + token * float_stride_;
  }

 private:
  int64_t tokens_ = 0;
  int64_t cols_ = 0;
  int64_t padded_groups_ = 0;
  int group_size_ = 0;
  bool in_quads_ = false;
  std::vector<int16_t> values_;
  std::vector<float> scales_;  // s_g
  std::vector<float> sums_;    // s_g * sum of v over the group
  const float* floats_ = nullptr;
  int64_t float_stride_ = 0;
};

enum class Store {
  assign,  // y = W x
  add,     // y = y + W x, one rounding after the tree
};

/// A matrix, and where its product goes. y: [tokens, rows], rows of y
/// `y_stride` floats apart.
struct Product {
  const WeightMatrix& w;
  float* y;
  int64_t y_stride;
};

/// All products with the same activations in one loop over their rows: threads
/// wait for each other once. `x` must have been prepared with every matrix's
/// group_size() and cols.
void matmul(
    std::span<const Product> products,
    const Activations& x,
    Store store,
    ThreadPool& pool);

/// One product.
void matmul(
    const WeightMatrix& w,
    const Activations& x,
    float* y,
    int64_t y_stride,
    Store store,
    ThreadPool& pool);

/// Scratch that each thread of a pool takes for products of up to `max_cols`
/// columns, for the memory plan. Taken from the pool on first use.
int64_t matmul_scratch_bytes(int64_t max_cols);

/// Row `row` of w as float32: the embedding look-up. out: [cols].
void dequantize_row(const WeightMatrix& w, int64_t row, float* out);

}  // namespace bantam::kernels
