// SPDX-License-Identifier: MIT
// One row of any format as float32, value by value: it serves embedding
// look-ups, which read a row or a few hundred, so it is simple before fast.
#include <cstring>

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

// d * (q - 8) or d * q + m, values 0 .. 15 in the low nibbles.
void dequantize_nibbles(const std::byte* block, bool has_bias, float* out) {
  const float scale = f16_to_f32(load16(block));
  const float bias = has_bias ? f16_to_f32(load16(block + 2)) : 0.0f;
  const std::byte* nibbles = block + (has_bias ? 4 : 2);
  for (int i = 0; i < 16; ++i) {
    const int byte = static_cast<int>(nibbles[i]);
    if (has_bias) {
      out[i] = scale * static_cast<float>(byte & 15) + bias;
      out[i + 16] = scale * static_cast<float>(byte >> 4) + bias;
    } else {
      out[i] = scale * static_cast<float>((byte & 15) - 8);
      out[i + 16] = scale * static_cast<float>((byte >> 4) - 8);
    }
  }
}

void dequantize_q8_0(const std::byte* block, float* out) {
  const float scale = f16_to_f32(load16(block));
  for (int i = 0; i < 32; ++i) {
    out[i] = scale * static_cast<float>(static_cast<int8_t>(block[2 + i]));
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
    case WeightFormat::q4_0:
      for (int64_t b = 0; b < w.cols / 32; ++b) {
        dequantize_nibbles(data + b * 18, false, out + b * 32);
      }
      return;
    case WeightFormat::q4_1:
      for (int64_t b = 0; b < w.cols / 32; ++b) {
        dequantize_nibbles(data + b * 20, true, out + b * 32);
      }
      return;
    case WeightFormat::q8_0:
      for (int64_t b = 0; b < w.cols / 32; ++b) {
        dequantize_q8_0(data + b * 34, out + b * 32);
      }
      return;
    case WeightFormat::affine:
      return dequantize_affine(w, row, out);
    default:
      for (int64_t k = 0; k < w.cols; ++k) {
        out[k] = load_float(w.format, data, k);
      }
  }
}

}  // namespace bantam::kernels
