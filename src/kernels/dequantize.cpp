// SPDX-License-Identifier: MIT
// One row of any format as float32, straight from the definition: it serves
// embedding look-ups, which read a row or a few hundred.
#include <cstring>

#include "kernels/block_format_list.h"
#include "kernels/half.h"
#include "kernels/matmul.h"

namespace bantam::kernels {

namespace {

uint16_t load16(const std::byte* from) {
  uint16_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

float load_float(WeightFormat format, const std::byte* data, int64_t index) {
  if (format == WeightFormat::f32) {
    float value;
    std::memcpy(&value, data + 4 * index, sizeof(value));
    return value;
  }
  const uint16_t half = load16(data + 2 * index);
  return format == WeightFormat::f16 ? f16_to_f32(half) : bf16_to_f32(half);
}

template <class F>
void dequantize_blocks(const std::byte* data, int64_t cols, float* out) {
  const auto* block = reinterpret_cast<const uint8_t*>(data);
  for (int64_t k = 0; k < cols; k += F::kValues, block += F::kBytes) {
    float scale[F::kValues / F::kGroup];
    float bias[F::kValues / F::kGroup] = {};
    F::scales(block, scale, bias);
    for (int unit = 0; unit < F::kValues / 32; ++unit) {
      int8_t q[32];
      F::integers(block, unit, q);
      for (int i = 0; i < 32; ++i) {
        const int group = (32 * unit + i) / F::kGroup;
        const float product = scale[group] * static_cast<float>(q[i]);
        out[k + 32 * unit + i] = F::kBias ? product + bias[group] : product;
      }
    }
  }
}

// mlx_mxfp4, mlx_mxfp8 or mlx_nvfp4.
void dequantize_microscaled(const WeightMatrix& w, int64_t row, float* out) {
  const auto* data =
      reinterpret_cast<const uint8_t*>(w.data + row * w.row_bytes);
  const bool is_nvfp4 = w.format == WeightFormat::mlx_nvfp4;
  const int group = is_nvfp4 ? 16 : 32;
  const auto* scales =
      reinterpret_cast<const uint8_t*>(w.scales) + row * (w.cols / group);
  for (int64_t k = 0; k < w.cols; ++k) {
    const uint8_t s = scales[k / group];
    if (w.format == WeightFormat::mlx_mxfp8) {
      out[k] = e8m0_to_f32(s) * e4m3_to_f32(data[k]);
    } else {
      const int nibble = data[k / 2] >> (k % 2 * 4) & 15;
      const float half = 0.5f * static_cast<float>(kFloat4[nibble & 7]);
      const float scale = is_nvfp4 ? e4m3_to_f32(s) : e8m0_to_f32(s);
      out[k] = scale * (nibble < 8 ? half : -half);  // there is a -0
    }
  }
}

void dequantize_affine(const WeightMatrix& w, int64_t row, float* out) {
  const std::byte* data = w.data + row * w.row_bytes;
  const int64_t first_group = row * (w.cols / w.group);
  const uint32_t mask = (1u << w.bits) - 1;
  float scale = 0;
  float bias = 0;
  uint32_t window = 0;  // the next bits of the stream, lowest first
  int available = 0;
  for (int64_t k = 0; k < w.cols; ++k) {
    if (k % w.group == 0) {
      const int64_t group = first_group + k / w.group;
      scale = load_float(w.scale_format, w.scales, group);
      bias = load_float(w.scale_format, w.biases, group);
    }
    if (available < w.bits) {
      window |= static_cast<uint32_t>(*data++) << available;
      available += 8;
    }
    out[k] = scale * static_cast<float>(window & mask) + bias;
    window >>= w.bits;
    available -= w.bits;
  }
}

}  // namespace

void dequantize_row(const WeightMatrix& w, int64_t row, float* out) {
  const std::byte* data = w.data + row * w.row_bytes;
  switch (w.format) {
    case WeightFormat::f32:
    case WeightFormat::f16:
    case WeightFormat::bf16:
      for (int64_t k = 0; k < w.cols; ++k) {
        out[k] = load_float(w.format, data, k);
      }
      return;
    case WeightFormat::affine:
      return dequantize_affine(w, row, out);
    case WeightFormat::mlx_mxfp4:
    case WeightFormat::mlx_mxfp8:
    case WeightFormat::mlx_nvfp4:
      return dequantize_microscaled(w, row, out);
    default:
      with_block_format(w.format, [&](auto block) {
        dequantize_blocks<decltype(block)>(data, w.cols, out);
      });
  }
}

}  // namespace bantam::kernels
