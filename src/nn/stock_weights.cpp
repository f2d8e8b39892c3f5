// SPDX-License-Identifier: MIT
// Weights of every supported format as stock MLX operations want them.
#include <cstring>
#include <vector>

#include "kernels/matmul.h"
#include "nn/eval.h"
#include "nn/linear.h"

namespace bantam::nn {

namespace {

using kernels::WeightFormat;
using kernels::WeightMatrix;

constexpr int kGgufGroup = 32;

mx::Dtype dtype_of(WeightFormat format) {
  switch (format) {
    case WeightFormat::f16:
      return mx::float16;
    case WeightFormat::bf16:
      return mx::bfloat16;
    default:
      return mx::float32;
  }
}

mx::Shape shape_of(int64_t rows, int64_t cols) {
  return {static_cast<int>(rows), static_cast<int>(cols)};
}

// A copy: on the CPU MLX copies foreign memory in any case, and the bytes of
// a GGUF tensor have no alignment that a GPU could use.
mx::array copied(const std::byte* data, mx::Shape shape, mx::Dtype dtype) {
  int64_t bytes = mx::size_of(dtype);
  for (const int extent : shape) {
    bytes *= extent;
  }
  mx::array out(mx::allocator::malloc(bytes), std::move(shape), dtype);
  std::memcpy(out.data<uint8_t>(), data, bytes);
  return out;
}

mx::array cast(const mx::array& x, const Compute& compute) {
  return mx::astype(x, compute.dtype, compute.stream);
}

float half_at(const std::byte* bytes) {
  mx::float16_t half;
  std::memcpy(&half, bytes, sizeof half);
  return static_cast<float>(half);
}

StockWeight stock_float(const WeightMatrix& w, const Compute& compute) {
  mx::array weight =
      copied(w.data, shape_of(w.rows, w.cols), dtype_of(w.format));
  return {.weight = cast(weight, compute)};
}

StockWeight stock_affine(const WeightMatrix& w, const Compute& compute) {
  const mx::Shape scales_shape = shape_of(w.rows, w.cols / w.group);
  const mx::Dtype scale_dtype = dtype_of(w.scale_format);
  return {
      copied(w.data, shape_of(w.rows, w.cols * w.bits / 32), mx::uint32),
      cast(copied(w.scales, scales_shape, scale_dtype), compute),
      cast(copied(w.biases, scales_shape, scale_dtype), compute),
      w.bits,
      w.group,
      "affine"};
}

// MLX's own floats of 4 and 8 bits: scales are bytes.
StockWeight stock_microscaled(const WeightMatrix& w) {
  const char* mode = w.format == WeightFormat::mlx_mxfp4 ? "mxfp4"
      : w.format == WeightFormat::mlx_mxfp8              ? "mxfp8"
                                                         : "nvfp4";
  return {
      .weight =
          copied(w.data, shape_of(w.rows, w.cols * w.bits / 32), mx::uint32),
      .scales = copied(w.scales, shape_of(w.rows, w.cols / w.group), mx::uint8),
      .biases = std::nullopt,
      .bits = w.bits,
      .group = w.group,
      .mode = mode};
}

// GGUF's MXFP4: a scale, then 32 floats of which a byte holds i and i + 16;
// MLX has neighbours in a byte, and the scales apart.
StockWeight stock_mxfp4_blocks(const WeightMatrix& w) {
  const int64_t blocks = w.rows * w.cols / kGgufGroup;
  constexpr int64_t kBlockBytes = 17;
  std::vector<uint8_t> scales(blocks);
  std::vector<uint32_t> packed(blocks * 4);
  for (int64_t b = 0; b < blocks; ++b) {
    const std::byte* block = w.data + b * kBlockBytes;
    scales[b] = static_cast<uint8_t>(block[0]);
    for (int i = 0; i < kGgufGroup; ++i) {
      const auto byte = static_cast<uint8_t>(block[1 + i % 16]);
      const uint32_t nibble = i < 16 ? byte & 0xF : byte >> 4;
      packed[b * 4 + i / 8] |= nibble << (i % 8 * 4);
    }
  }
  return {
      .weight =
          mx::array(packed.begin(), shape_of(w.rows, w.cols / 8), mx::uint32),
      .scales = mx::array(
          scales.begin(), shape_of(w.rows, w.cols / kGgufGroup), mx::uint8),
      .biases = std::nullopt,
      .bits = 4,
      .group = kGgufGroup,
      .mode = "mxfp4"};
}

// One GGUF block of 32 as affine: packed quants, scale and bias.
struct AffineBlock {
  uint8_t quants[kGgufGroup];
  float scale;
  float bias;
};

AffineBlock affine_block(WeightFormat format, const std::byte* block) {
  AffineBlock out{};
  out.scale = half_at(block);
  if (format == WeightFormat::q8_0) {
    for (int i = 0; i < kGgufGroup; ++i) {
      out.quants[i] = static_cast<uint8_t>(block[2 + i]) ^ 0x80;
    }
    out.bias = -128 * out.scale;
    return out;
  }
  const bool has_minimum = format == WeightFormat::q4_1;
  const std::byte* nibbles = block + (has_minimum ? 4 : 2);
  for (int i = 0; i < kGgufGroup / 2; ++i) {
    const auto byte = static_cast<uint8_t>(nibbles[i]);
    out.quants[i] = byte & 0xF;
    out.quants[i + kGgufGroup / 2] = byte >> 4;
  }
  out.bias = has_minimum ? half_at(block + 2) : -8 * out.scale;
  return out;
}

StockWeight stock_gguf(const WeightMatrix& w, const Compute& compute) {
  const int bits = w.format == WeightFormat::q8_0 ? 8 : 4;
  const int64_t blocks = w.cols / kGgufGroup;
  const int64_t block_bytes = w.row_bytes / blocks;
  std::vector<uint32_t> packed(w.rows * w.cols * bits / 32);
  std::vector<float> scales(w.rows * blocks);
  std::vector<float> biases(w.rows * blocks);
  for (int64_t row = 0; row < w.rows; ++row) {
    for (int64_t b = 0; b < blocks; ++b) {
      const AffineBlock block =
          affine_block(w.format, w.data + row * w.row_bytes + b * block_bytes);
      const int64_t index = row * blocks + b;
      scales[index] = block.scale;
      biases[index] = block.bias;
      uint32_t* words = packed.data() + index * bits;
      for (int i = 0; i < kGgufGroup; ++i) {
        words[i * bits / 32] |= uint32_t{block.quants[i]} << (i * bits % 32);
      }
    }
  }
  const mx::Shape scales_shape = shape_of(w.rows, blocks);
  const auto as_scales = [&](const std::vector<float>& values) {
    return cast(mx::array(values.begin(), scales_shape, mx::float32), compute);
  };
  return {
      mx::array(
          packed.begin(), shape_of(w.rows, w.cols * bits / 32), mx::uint32),
      as_scales(scales),
      as_scales(biases),
      bits,
      kGgufGroup,
      "affine"};
}

// Formats that MLX cannot multiply: as floats of the activations' type.
StockWeight stock_dequantized(const WeightMatrix& w, const Compute& compute) {
  mx::array weight(
      mx::allocator::malloc(w.rows * w.cols * sizeof(float)),
      shape_of(w.rows, w.cols),
      mx::float32);
  for (int64_t row = 0; row < w.rows; ++row) {
    kernels::dequantize_row(w, row, weight.data<float>() + row * w.cols);
  }
  return {.weight = cast(weight, compute)};
}

// MLX 0.32.4's product of several tokens with rows of a single group is noise
// on a Hopper GPU (seen on an H100: 4 bits, 64 columns, differences as large as
// the values), and compiling it takes a minute. Such rows have 128 columns at
// most, so that floats cost nothing.
bool is_wrong_on_hopper(const WeightMatrix& w, const Compute& compute) {
  return compute.stream.device == mx::Device::gpu && w.cols == w.group;
}

}  // namespace

StockWeight to_stock(const WeightMatrix& w, const Compute& compute) {
  switch (w.format) {
    case WeightFormat::f32:
    case WeightFormat::f16:
    case WeightFormat::bf16:
      return stock_float(w, compute);
    case WeightFormat::affine:
      return is_wrong_on_hopper(w, compute) ? stock_dequantized(w, compute)
                                            : stock_affine(w, compute);
    case WeightFormat::q4_0:
    case WeightFormat::q4_1:
    case WeightFormat::q8_0:
      return stock_gguf(w, compute);
    case WeightFormat::mlx_mxfp4:
    case WeightFormat::mlx_mxfp8:
    case WeightFormat::mlx_nvfp4:
      return stock_microscaled(w);
    case WeightFormat::mxfp4:
      return stock_mxfp4_blocks(w);
    default:
      return stock_dequantized(w, compute);
  }
}

void join_rows(std::vector<Linear>& projections, const Compute& compute) {
  if (compute.path != KernelPath::stock || projections.size() < 2) {
    return;
  }
  const StockWeight& first = *projections[0].stock_;
  for (const Linear& other : projections) {
    const StockWeight& w = *other.stock_;
    if (w.bits != first.bits || w.group != first.group ||
        w.mode != first.mode ||
        w.scales.has_value() != first.scales.has_value() ||
        w.biases.has_value() != first.biases.has_value() ||
        w.weight.dtype() != first.weight.dtype() ||
        other.stock_bias_.has_value() !=
            projections[0].stock_bias_.has_value()) {
      return;
    }
  }
  const auto joined = [&](const auto& member) {
    std::vector<mx::array> parts;
    for (const Linear& each : projections) {
      parts.push_back(member(each));
    }
    return mx::concatenate(std::move(parts), 0, compute.stream);
  };
  StockWeight all = first;
  all.weight = joined([](const Linear& l) { return l.stock_->weight; });
  std::vector<mx::array> made{all.weight};
  if (first.scales) {
    all.scales = joined([](const Linear& l) { return *l.stock_->scales; });
    made.push_back(*all.scales);
  }
  if (first.biases) {
    all.biases = joined([](const Linear& l) { return *l.stock_->biases; });
    made.push_back(*all.biases);
  }
  if (projections[0].stock_bias_) {
    projections[0].stock_bias_ =
        joined([](const Linear& l) { return *l.stock_bias_; });
    made.push_back(*projections[0].stock_bias_);
  }
  nn::eval(made);  // before the parts go
  projections[0].stock_ = std::move(all);
  projections[0].is_joined_ = true;
  for (Linear& rest : std::span(projections).subspan(1)) {
    rest.stock_.reset();
    rest.stock_bias_.reset();
  }
}

StockWeight to_stock(
    std::span<const WeightMatrix> stack,
    const Compute& compute) {
  const WeightMatrix& first = stack.front();
  const auto follows = [&](size_t i) {
    return stack[i].data == stack[i - 1].data + first.rows * first.row_bytes;
  };
  bool is_one = true;  // one tensor, cut into matrices
  for (size_t i = 1; i < stack.size(); ++i) {
    is_one = is_one && follows(i);
  }
  const int count = static_cast<int>(stack.size());
  if (is_one) {
    WeightMatrix all = first;
    all.rows *= count;
    StockWeight whole = to_stock(all, compute);
    const auto cut = [&](const mx::array& x) {
      return mx::reshape(
          x, {count, x.shape(0) / count, x.shape(1)}, compute.stream);
    };
    whole.weight = cut(whole.weight);
    if (whole.scales) {
      whole.scales = cut(*whole.scales);
    }
    if (whole.biases) {
      whole.biases = cut(*whole.biases);
    }
    return whole;
  }
  std::vector<StockWeight> parts;
  for (const WeightMatrix& w : stack) {
    parts.push_back(to_stock(w, compute));
  }
  const auto joined = [&](const auto& member) {
    std::vector<mx::array> arrays;
    for (const StockWeight& part : parts) {
      arrays.push_back(member(part));
    }
    return mx::stack(arrays, 0, compute.stream);
  };
  StockWeight whole = parts.front();
  whole.weight = joined([](const StockWeight& w) { return w.weight; });
  if (whole.scales) {
    whole.scales = joined([](const StockWeight& w) { return *w.scales; });
  }
  if (whole.biases) {
    whole.biases = joined([](const StockWeight& w) { return *w.biases; });
  }
  return whole;
}

}  // namespace bantam::nn
