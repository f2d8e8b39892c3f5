// SPDX-License-Identifier: MIT
// Which tensor types kernels compute with as they lie. Internal to weights/.
#pragma once

#include <optional>

#include "kernels/weight_matrix.h"
#include "weights/tensor.h"

namespace bantam {

/// nullopt for a type that is no matrix by itself.
std::optional<kernels::WeightFormat> matrix_format_of(TensorType type);

}  // namespace bantam
