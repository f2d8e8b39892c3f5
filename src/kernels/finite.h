// SPDX-License-Identifier: MIT
// Looking for what is not a finite number in logits, after every token.
#pragma once

#include <cstdint>

namespace bantam::kernels {

/// Whether none of n floats is a NaN or an infinity.
bool all_finite(const float* values, int64_t n);

}  // namespace bantam::kernels
