// SPDX-License-Identifier: MIT
#include "kernels/weight_matrix.h"

namespace bantam::kernels {

namespace {

// Bytes of `cols` values in blocks; -1 if they are no whole number of blocks
// or do not fit 63 bits.
int64_t blocks(int64_t cols, int64_t block_values, int64_t block_bytes) {
  int64_t bytes = 0;
  if (cols < 0 || cols % block_values != 0 ||
      __builtin_mul_overflow(cols / block_values, block_bytes, &bytes)) {
    return -1;
  }
  return bytes;
}

}  // namespace

int64_t row_bytes(WeightFormat format, int64_t cols, int bits) {
  switch (format) {
    case WeightFormat::f32:
      return blocks(cols, 1, 4);
    case WeightFormat::f16:
    case WeightFormat::bf16:
      return blocks(cols, 1, 2);
    case WeightFormat::q4_0:
      return blocks(cols, 32, 18);
    case WeightFormat::q4_1:
      return blocks(cols, 32, 20);
    case WeightFormat::q8_0:
      return blocks(cols, 32, 34);
    case WeightFormat::affine:
      // The smallest group is 32 columns: `bits` 32-bit words.
      return bits >= 2 && bits <= 8 && bits != 7
          ? blocks(cols, 32, int64_t{4} * bits)
          : -1;
  }
  return -1;
}

std::string_view format_name(WeightFormat format) {
  switch (format) {
    case WeightFormat::f32:
      return "F32";
    case WeightFormat::f16:
      return "F16";
    case WeightFormat::bf16:
      return "BF16";
    case WeightFormat::q4_0:
      return "Q4_0";
    case WeightFormat::q4_1:
      return "Q4_1";
    case WeightFormat::q8_0:
      return "Q8_0";
    case WeightFormat::affine:
      return "affine";
  }
  return "unknown";
}

}  // namespace bantam::kernels
