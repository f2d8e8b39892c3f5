// SPDX-License-Identifier: MIT
// GGUF blocks that are MLX affine groups in another order of bytes: 32 values,
// one scale, and a bias that is stored or a fixed multiple of the scale. No
// value changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "weights/quantization_config.h"
#include "weights/tensor.h"

namespace bantam {

/// Bits and group of the affine format that holds exactly the same values;
/// nullopt if there is none.
std::optional<MlxFormat> affine_equivalent(TensorType type);

/// The narrowest of F16 and F32 that holds the biases of all blocks exactly:
/// F32 only where a multiple of a scale leaves F16's range. Reads the whole
/// tensor if its biases are not stored.
TensorType affine_bias_type(const Tensor& tensor);

/// One row of `blocks` blocks, from `row` to MLX's packing: `weights` gets
/// blocks * bits words of 4 bytes, `scales` and `biases` one float of
/// `scale_type` (F16 or F32) a block. Only for types with an equivalent.
void repack_row(
    TensorType type,
    const std::byte* row,
    int64_t blocks,
    TensorType scale_type,
    std::byte* weights,
    std::byte* scales,
    std::byte* biases);

}  // namespace bantam
