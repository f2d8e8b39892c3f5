// SPDX-License-Identifier: MIT
// Which weight is no finite number, once a model's output is none.
#pragma once

#include <optional>
#include <string>

#include "weights/checkpoint.h"

namespace bantam {

/// The first tensor with a value (for MLX's formats: a scale or bias) that is
/// NaN or infinite: `tensor "blk.0.ffn_up.weight" at byte 4096, row 3, column
/// 17, is nan`. nullopt if there is none, or none in a type that can be
/// computed with. Reads the whole file: a second a gigabyte or so.
std::optional<std::string> find_damaged_value(const Checkpoint& checkpoint);

}  // namespace bantam
