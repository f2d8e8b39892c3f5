// SPDX-License-Identifier: MIT
// Looking for what is not a finite number: in logits, after every token, and
// in weights, once a run has gone wrong.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/weight_matrix.h"

namespace bantam::kernels {

/// Whether none of n floats is a NaN or an infinity.
bool all_finite(const float* values, int64_t n);

/// The index of the first block (of a float format: value) whose scale, bias
/// or value is a NaN or an infinity; -1 if there is none. `data`: whole blocks
/// of a GGUF format or floats, `bytes` of them. A format whose scales lie
/// elsewhere (MLX's) has none.
int64_t first_not_finite(
    WeightFormat format,
    const std::byte* data,
    int64_t bytes);

}  // namespace bantam::kernels
