// SPDX-License-Identifier: MIT
// Layouts: block_q4_0, block_q4_1 and block_q8_0 of the ggml project
// (ggml-common.h); MLX packs values into little-endian words, lowest first.
#include "weights/affine_blocks.h"

#include <array>
#include <cmath>
#include <cstring>

#include "kernels/half.h"

namespace bantam {

namespace {

constexpr int64_t kBlockValues = 32;
constexpr size_t kHalfBytes = 2;

struct BlockFormat {
  TensorType type;
  int bits;
  bool stored_bias;
  float bias_factor;  // bias = factor * scale, if it is not stored
};

constexpr std::array kBlockFormats{
    BlockFormat{TensorType::q4_0, 4, false, -8},
    BlockFormat{TensorType::q4_1, 4, true, 0},
    BlockFormat{TensorType::q8_0, 8, false, -128},
};

const BlockFormat* block_format(TensorType type) {
  for (const BlockFormat& format : kBlockFormats) {
    if (format.type == type) {
      return &format;
    }
  }
  return nullptr;
}

uint16_t load_half(const std::byte* from) {
  uint16_t half;
  std::memcpy(&half, from, sizeof(half));
  return half;
}

float bias_of(const BlockFormat& format, const std::byte* block) {
  return format.stored_bias
      ? kernels::f16_to_f32(load_half(block + kHalfBytes))
      : format.bias_factor * kernels::f16_to_f32(load_half(block));
}

void store(float value, TensorType type, std::byte*& to) {
  if (type == TensorType::f32) {
    std::memcpy(to, &value, sizeof(value));
    to += sizeof(value);
  } else {
    const uint16_t half = kernels::f32_to_f16(value);
    std::memcpy(to, &half, sizeof(half));
    to += sizeof(half);
  }
}

// Byte j holds value j in its low half and value j + 16 in its high one;
// MLX's byte j holds values 2j and 2j + 1.
void repack_nibbles(const std::byte* from, std::byte* to) {
  constexpr size_t kBytes = kBlockValues / 2;
  for (size_t j = 0; j < kBytes / 2; ++j) {
    const std::byte first = from[2 * j];
    const std::byte second = from[2 * j + 1];
    const std::byte low{0x0F};
    to[j] = (first & low) | (second & low) << 4;
    to[j + kBytes / 2] = first >> 4 | (second & ~low);
  }
}

}  // namespace

std::optional<MlxFormat> affine_equivalent(TensorType type) {
  const BlockFormat* format = block_format(type);
  return format == nullptr
      ? std::nullopt
      : std::optional(MlxFormat{.bits = format->bits, .group = kBlockValues});
}

TensorType affine_bias_type(const Tensor& tensor) {
  const BlockFormat& format = *block_format(tensor.type);
  if (format.stored_bias) {
    return TensorType::f16;
  }
  const auto block_bytes =
      static_cast<size_t>(layout_of(tensor.type).block_bytes);
  for (size_t at = 0; at < tensor.bytes.size(); at += block_bytes) {
    const std::byte* block = tensor.bytes.data() + at;
    // A power of two times a half is exact but for its range; infinities and
    // NaN of a damaged scale stay what they are in either type.
    constexpr float kLargestHalf = 65504;
    const float bias = bias_of(format, block);
    if (std::isfinite(bias) && std::fabs(bias) > kLargestHalf) {
      return TensorType::f32;
    }
  }
  return TensorType::f16;
}

void repack_row(
    TensorType type,
    const std::byte* row,
    int64_t blocks,
    TensorType scale_type,
    std::byte* weights,
    std::byte* scales,
    std::byte* biases) {
  const BlockFormat& format = *block_format(type);
  const int64_t block_bytes = layout_of(type).block_bytes;
  for (int64_t b = 0; b < blocks; ++b) {
    const std::byte* block = row + b * block_bytes;
    const std::byte* values = block + (format.stored_bias ? 2 : 1) * kHalfBytes;
    store(kernels::f16_to_f32(load_half(block)), scale_type, scales);
    store(bias_of(format, block), scale_type, biases);
    if (format.bits == 4) {
      repack_nibbles(values, weights);
      weights += kBlockValues / 2;
    } else {
      for (int64_t i = 0; i < kBlockValues; ++i) {
        // From two's complement to an offset of 128.
        *weights++ = values[i] ^ std::byte{0x80};
      }
    }
  }
}

}  // namespace bantam
