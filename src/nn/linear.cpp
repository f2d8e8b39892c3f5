// SPDX-License-Identifier: MIT
#include "nn/linear.h"

#include <cstring>
#include <utility>

#include "kernels/elementwise.h"
#include "nn/cpu_primitive.h"

namespace bantam::nn {

namespace {

mx::Shape shape_of(int64_t tokens, int64_t features) {
  return {static_cast<int>(tokens), static_cast<int>(features)};
}

// y = W x (+ bias), or y + W x. `y` points at the first column to write.
void native_product(
    const Linear& linear,
    Workspace& workspace,
    float* y,
    int64_t y_stride,
    kernels::Store store,
    kernels::ThreadPool& pool) {
  kernels::matmul(
      linear.matrix(), workspace.activations, y, y_stride, store, pool);
  if (linear.bias().empty()) {
    return;
  }
  const float* bias = linear.bias().data();
  for (int64_t t = 0; t < workspace.activations.tokens(); ++t) {
    for (int64_t row = 0; row < linear.rows(); ++row) {
      y[t * y_stride + row] += bias[row];
    }
  }
}

}  // namespace

Linear::Linear(
    const kernels::WeightMatrix& w,
    std::vector<float> bias,
    const Compute& compute)
    : matrix_(w), bias_(std::move(bias)) {
  if (compute.path == KernelPath::stock) {
    stock_ = to_stock(w, compute);
    if (!bias_.empty()) {
      stock_bias_ = mx::astype(
          mx::array(
              bias_.begin(), {static_cast<int>(bias_.size())}, mx::float32),
          compute.dtype,
          compute.stream);
    }
  }
}

mx::array Linear::stock(const mx::array& x, const Compute& compute) const {
  mx::array y = stock_->scales
      ? mx::quantized_matmul(
            x,
            stock_->weight,
            *stock_->scales,
            stock_->biases,
            /* transpose = */ true,
            stock_->group,
            stock_->bits,
            "affine",
            compute.stream)
      : mx::matmul(
            x, mx::transpose(stock_->weight, compute.stream), compute.stream);
  return stock_bias_ ? mx::add(y, *stock_bias_, compute.stream) : y;
}

mx::array Linear::stock_rows(const mx::array& rows, const Compute& compute)
    const {
  const auto take = [&](const mx::array& from) {
    return mx::take(from, rows, 0, compute.stream);
  };
  if (!stock_->scales) {
    return mx::astype(take(stock_->weight), compute.dtype, compute.stream);
  }
  return mx::dequantize(
      take(stock_->weight),
      take(*stock_->scales),
      take(*stock_->biases),
      stock_->group,
      stock_->bits,
      "affine",
      std::nullopt,
      compute.dtype,
      compute.stream);
}

mx::array embed(
    const mx::array& tokens,
    const Linear& table,
    const Compute& compute) {
  const int64_t count = tokens.size();
  const kernels::WeightMatrix& w = table.matrix();
  if (compute.path == KernelPath::native) {
    return cpu_primitive(
        "Embed",
        shape_of(count, w.cols),
        mx::float32,
        {tokens},
        compute,
        [w](std::span<const mx::array> inputs, mx::array& out) {
          const int32_t* ids = inputs[0].data<int32_t>();
          for (int64_t t = 0; t < static_cast<int64_t>(inputs[0].size()); ++t) {
            kernels::dequantize_row(w, ids[t], out.data<float>() + t * w.cols);
          }
        });
  }
  return table.stock_rows(tokens, compute);
}

mx::array norm_project(
    const mx::array& x,
    const RmsNorm& norm,
    std::span<const Linear> projections,
    int64_t last_tokens,
    const Compute& compute) {
  const int64_t tokens = last_tokens > 0 ? last_tokens : x.shape(0);
  const int64_t skipped = x.shape(0) - tokens;
  const int64_t cols = x.shape(1);
  if (compute.path == KernelPath::stock) {
    const mx::array kept = skipped == 0 ? x
                                        : mx::slice(
                                              x,
                                              shape_of(skipped, 0),
                                              shape_of(x.shape(0), cols),
                                              compute.stream);
    const mx::array normed = norm.stock(kept, compute);
    std::vector<mx::array> parts;
    for (const Linear& projection : projections) {
      parts.push_back(projection.stock(normed, compute));
    }
    return parts.size() == 1
        ? parts[0]
        : mx::concatenate(std::move(parts), 1, compute.stream);
  }
  int64_t rows = 0;
  for (const Linear& projection : projections) {
    rows += projection.rows();
  }
  return cpu_primitive(
      "NormProject",
      shape_of(tokens, rows),
      mx::float32,
      {x},
      compute,
      [&norm, projections, rows, tokens, skipped, cols, compute](
          std::span<const mx::array> inputs, mx::array& out) {
        Workspace& workspace = *compute.workspace;
        const float* input = inputs[0].data<float>() + skipped * cols;
        float* normed = workspace.floats.data();
        kernels::rms_norm(
            input,
            norm.weight().data(),
            norm.eps(),
            tokens,
            cols,
            normed,
            *compute.pool);
        int prepared_for = -1;
        int64_t column = 0;
        for (const Linear& projection : projections) {
          // Matrices that share a group size share their activations.
          const int group = projection.matrix().group_size();
          if (group != prepared_for) {
            workspace.activations.prepare(
                normed, cols, tokens, cols, group, *compute.pool);
            prepared_for = group;
          }
          native_product(
              projection,
              workspace,
              out.data<float>() + column,
              rows,
              kernels::Store::assign,
              *compute.pool);
          column += projection.rows();
        }
      });
}

mx::array project_add(
    const mx::array& x,
    const Linear& projection,
    const mx::array& residual,
    const Compute& compute) {
  if (compute.path == KernelPath::stock) {
    return mx::add(residual, projection.stock(x, compute), compute.stream);
  }
  return cpu_primitive(
      "ProjectAdd",
      residual.shape(),
      mx::float32,
      {x, residual},
      compute,
      [&projection, compute](
          std::span<const mx::array> inputs, mx::array& out) {
        const int64_t tokens = inputs[0].shape(0);
        const int64_t cols = projection.cols();
        std::memcpy(
            out.data<float>(), inputs[1].data<float>(), inputs[1].nbytes());
        compute.workspace->activations.prepare(
            inputs[0].data<float>(),
            cols,
            tokens,
            cols,
            projection.matrix().group_size(),
            *compute.pool);
        native_product(
            projection,
            *compute.workspace,
            out.data<float>(),
            projection.rows(),
            kernels::Store::add,
            *compute.pool);
      });
}

mx::array swiglu_project_add(
    const mx::array& gate_up,
    const Linear& down,
    const mx::array& residual,
    const Compute& compute) {
  const int64_t tokens = gate_up.shape(0);
  const int64_t cols = down.cols();
  if (compute.path == KernelPath::stock) {
    const auto halves = mx::split(gate_up, 2, 1, compute.stream);
    const mx::array silu = mx::multiply(
        halves[0], mx::sigmoid(halves[0], compute.stream), compute.stream);
    return project_add(
        mx::multiply(silu, halves[1], compute.stream), down, residual, compute);
  }
  return cpu_primitive(
      "SwigluProjectAdd",
      residual.shape(),
      mx::float32,
      {gate_up, residual},
      compute,
      [&down, tokens, cols, compute](
          std::span<const mx::array> inputs, mx::array& out) {
        Workspace& workspace = *compute.workspace;
        const float* gate = inputs[0].data<float>();
        float* product = workspace.floats.data();
        kernels::swiglu(
            gate, gate + cols, 2 * cols, tokens, cols, product, *compute.pool);
        std::memcpy(
            out.data<float>(), inputs[1].data<float>(), inputs[1].nbytes());
        workspace.activations.prepare(
            product,
            cols,
            tokens,
            cols,
            down.matrix().group_size(),
            *compute.pool);
        native_product(
            down,
            workspace,
            out.data<float>(),
            down.rows(),
            kernels::Store::add,
            *compute.pool);
      });
}

}  // namespace bantam::nn
