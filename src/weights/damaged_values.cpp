// SPDX-License-Identifier: MIT
#include "weights/damaged_values.h"

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "kernels/matmul.h"

namespace bantam {

namespace {

std::optional<std::string> find_in(const Tensor& tensor) {
  const auto format = weight_format_of(tensor.type);
  if (!format || tensor.shape.empty() || tensor.values() == 0) {
    return std::nullopt;
  }
  kernels::WeightMatrix matrix;
  matrix.format = *format;
  matrix.cols = tensor.shape.back();
  matrix.rows = tensor.values() / matrix.cols;
  matrix.data = tensor.bytes.data();
  matrix.row_bytes = kernels::row_bytes(*format, matrix.cols);
  if (matrix.row_bytes < 0) {
    return std::nullopt;
  }
  std::vector<float> row(matrix.cols);
  for (int64_t r = 0; r < matrix.rows; ++r) {
    kernels::dequantize_row(matrix, r, row.data());
    for (int64_t c = 0; c < matrix.cols; ++c) {
      if (!std::isfinite(row[c])) {
        return fmt::format(
            "tensor \"{}\" at byte {} of {}, row {}, column {}, is {}",
            tensor.name,
            tensor.file_offset,
            tensor.file,
            r,
            c,
            row[c]);
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> find_damaged_value(const Checkpoint& checkpoint) {
  for (const Tensor* tensor : checkpoint.tensors()) {
    if (auto found = find_in(*tensor)) {
      return found;
    }
  }
  return std::nullopt;
}

}  // namespace bantam
