// SPDX-License-Identifier: MIT
#include "nn/linear.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/mapped_pages.h"
#include "kernels/elementwise.h"
#include "nn/cpu_primitive.h"
#include "nn/gpu_blocks.h"
#include "nn/gpu_kernel.h"

namespace bantam::nn {

namespace {

mx::Shape shape_of(int64_t tokens, int64_t features) {
  return {static_cast<int>(tokens), static_cast<int>(features)};
}

}  // namespace

// gelu(x) = x sigmoid(2 u), as kernels/elementwise.cpp has it.
mx::array stock_activation(
    const mx::array& x,
    Activation activation,
    const Compute& compute) {
  const mx::Stream& s = compute.stream;
  if (activation == Activation::silu) {
    return mx::multiply(x, mx::sigmoid(x, s), s);
  }
  const auto constant = [&](float value) {
    return mx::array(value, x.dtype());
  };
  const mx::array cube = mx::multiply(mx::multiply(x, x, s), x, s);
  const mx::array bent =
      mx::add(x, mx::multiply(cube, constant(0.044715f), s), s);
  return mx::multiply(
      x, mx::sigmoid(mx::multiply(bent, constant(1.5957691216f), s), s), s);
}

namespace {

// activation(gate) * up of [tokens, 2 * columns].
mx::array stock_product(
    const mx::array& gate_up,
    Activation activation,
    const Compute& compute) {
  if (has_gpu_kernels(compute)) {
    return gpu_gated_product(gate_up, activation, compute);
  }
  const auto halves = mx::split(gate_up, 2, 1, compute.stream);
  return mx::multiply(
      stock_activation(halves[0], activation, compute),
      halves[1],
      compute.stream);
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

void Linear::multiply(
    const kernels::Activations& activations,
    float* y,
    int64_t y_stride,
    kernels::Store store,
    kernels::ThreadPool& pool) const {
  kernels::matmul(matrix_, activations, y, y_stride, store, pool);
  add_bias(activations.tokens(), y, y_stride);
}

void Linear::add_bias(int64_t tokens, float* y, int64_t y_stride) const {
  for (int64_t t = 0; t < tokens && !bias_.empty(); ++t) {
    kernels::add_scaled(bias_.data(), 1.0f, rows(), y + t * y_stride);
  }
}

void Linear::multiply_side_by_side(
    std::span<const Linear> projections,
    const kernels::Activations& activations,
    float* y,
    int64_t y_stride,
    kernels::ThreadPool& pool) {
  std::vector<kernels::Product> products;
  int64_t column = 0;
  for (const Linear& projection : projections) {
    products.push_back({projection.matrix_, y + column, y_stride});
    column += projection.rows();
  }
  kernels::matmul(products, activations, kernels::Store::assign, pool);
  for (size_t i = 0; i < projections.size(); ++i) {
    projections[i].add_bias(activations.tokens(), products[i].y, y_stride);
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
            stock_->mode,
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
      stock_->biases ? std::optional(take(*stock_->biases)) : std::nullopt,
      stock_->group,
      stock_->bits,
      stock_->mode,
      std::nullopt,
      compute.dtype,
      compute.stream);
}

namespace {

// One row of a table, read from its file.
class RowReader {
 public:
  RowReader(const kernels::WeightMatrix& table, const MappedPages& file)
      : table_(table), file_(file) {}

  /// Valid until the next call.
  const kernels::WeightMatrix& read(int64_t row) {
    row_ = table_.slice(row, 1);
    const auto parts = row_.parts();
    row_.data = read(parts[0], buffers_[0]);
    row_.scales = read(parts[1], buffers_[1]);
    row_.biases = read(parts[2], buffers_[2]);
    return row_;
  }

 private:
  const std::byte* read(
      std::span<const std::byte> part,
      std::vector<std::byte>& buffer) const {
    if (part.empty()) {
      return nullptr;
    }
    buffer.resize(part.size());
    file_.read(part, buffer.data());
    return buffer.data();
  }

  const kernels::WeightMatrix& table_;
  const MappedPages& file_;
  kernels::WeightMatrix row_;
  std::array<std::vector<std::byte>, 3> buffers_;
};

}  // namespace

mx::array embed(
    const mx::array& tokens,
    const Linear& table,
    float scale,
    const MappedPages* file,
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
        [w, scale, file](std::span<const mx::array> inputs, mx::array& out) {
          const int32_t* ids = inputs[0].data<int32_t>();
          std::optional<RowReader> reader;
          if (file != nullptr) {
            reader.emplace(w, *file);
          }
          for (int64_t t = 0; t < static_cast<int64_t>(inputs[0].size()); ++t) {
            float* row = out.data<float>() + t * w.cols;
            if (reader) {
              kernels::dequantize_row(reader->read(ids[t]), 0, row);
            } else {
              kernels::dequantize_row(w, ids[t], row);
            }
            for (int64_t i = 0; i < w.cols; ++i) {
              row[i] *= scale;
            }
          }
        });
  }
  const mx::array rows = table.stock_rows(tokens, compute);
  return scale == 1.0f
      ? rows
      : mx::multiply(rows, mx::array(scale, rows.dtype()), compute.stream);
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
    if (projections[0].is_joined()) {
      return projections[0].stock(normed, compute);
    }
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
        float* y = out.data<float>();
        for (auto rest = projections; !rest.empty();) {
          // Matrices that share a group size share their activations.
          const int group = rest[0].matrix().group_size();
          size_t count = 0;
          int64_t width = 0;
          while (count < rest.size() &&
                 rest[count].matrix().group_size() == group) {
            width += rest[count++].rows();
          }
          workspace.activations.prepare(
              normed, cols, tokens, cols, group, *compute.pool);
          Linear::multiply_side_by_side(
              rest.first(count), workspace.activations, y, rows, *compute.pool);
          rest = rest.subspan(count);
          y += width;
        }
      });
}

namespace {

mx::array stock_add(
    const mx::array& y,
    const RmsNorm* post_norm,
    const mx::array& residual,
    const Compute& compute) {
  return mx::add(
      residual,
      post_norm != nullptr ? post_norm->stock(y, compute) : y,
      compute.stream);
}

// out = residual + W x, normed first if there is a norm, for the tokens that
// the workspace's activations hold.
void native_product_add(
    const Linear& projection,
    const RmsNorm* post_norm,
    const mx::array& residual,
    const Compute& compute,
    mx::array& out) {
  const kernels::Activations& activations = compute.workspace->activations;
  const int64_t tokens = activations.tokens();
  const int64_t rows = projection.rows();
  float* y = out.data<float>();
  const float* x = residual.data<float>();
  if (post_norm == nullptr) {
    std::copy_n(x, tokens * rows, y);
    projection.multiply(
        activations, y, rows, kernels::Store::add, *compute.pool);
    return;
  }
  projection.multiply(
      activations, y, rows, kernels::Store::assign, *compute.pool);
  kernels::rms_norm(
      y,
      post_norm->weight().data(),
      post_norm->eps(),
      tokens,
      rows,
      y,
      *compute.pool);
  kernels::add_scaled(x, 1.0f, tokens * rows, y);
}

}  // namespace

mx::array project_add(
    const mx::array& x,
    const Linear& projection,
    const RmsNorm* post_norm,
    const mx::array& residual,
    const Compute& compute) {
  if (compute.path == KernelPath::stock) {
    return stock_add(
        projection.stock(x, compute), post_norm, residual, compute);
  }
  return cpu_primitive(
      "ProjectAdd",
      residual.shape(),
      mx::float32,
      {x, residual},
      compute,
      [&projection, post_norm, compute](
          std::span<const mx::array> inputs, mx::array& out) {
        const int64_t cols = projection.cols();
        compute.workspace->activations.prepare(
            inputs[0].data<float>(),
            cols,
            inputs[0].shape(0),
            cols,
            projection.matrix().group_size(),
            *compute.pool);
        native_product_add(projection, post_norm, inputs[1], compute, out);
      });
}

mx::array gated_project_add(
    const mx::array& gate_up,
    Activation activation,
    const Linear& down,
    const RmsNorm* post_norm,
    const mx::array& residual,
    const Compute& compute) {
  const int64_t tokens = gate_up.shape(0);
  const int64_t cols = down.cols();
  if (compute.path == KernelPath::stock) {
    return stock_add(
        down.stock(stock_product(gate_up, activation, compute), compute),
        post_norm,
        residual,
        compute);
  }
  return cpu_primitive(
      "GatedProjectAdd",
      residual.shape(),
      mx::float32,
      {gate_up, residual},
      compute,
      [&down, activation, post_norm, tokens, cols, compute](
          std::span<const mx::array> inputs, mx::array& out) {
        Workspace& workspace = *compute.workspace;
        const float* gate = inputs[0].data<float>();
        float* product = workspace.floats.data();
        const auto gated =
            activation == Activation::silu ? kernels::swiglu : kernels::geglu;
        gated(
            gate, gate + cols, 2 * cols, tokens, cols, product, *compute.pool);
        workspace.activations.prepare(
            product,
            cols,
            tokens,
            cols,
            down.matrix().group_size(),
            *compute.pool);
        native_product_add(down, post_norm, inputs[1], compute, out);
      });
}

mx::array soft_cap(const mx::array& logits, float cap, const Compute& compute) {
  if (compute.path == KernelPath::stock) {
    const mx::array by(cap, logits.dtype());
    return mx::multiply(
        mx::tanh(mx::divide(logits, by, compute.stream), compute.stream),
        by,
        compute.stream);
  }
  return cpu_primitive(
      "SoftCap",
      logits.shape(),
      mx::float32,
      {logits},
      compute,
      [cap, compute](std::span<const mx::array> inputs, mx::array& out) {
        const auto size = static_cast<int64_t>(out.size());
        std::copy_n(inputs[0].data<float>(), size, out.data<float>());
        kernels::soft_cap(out.data<float>(), cap, size, *compute.pool);
      });
}

}  // namespace bantam::nn
