// SPDX-License-Identifier: MIT
// What a lazy graph is made of, before it is evaluated.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "nn/compute.h"

namespace bantam::nn {

/// How many operations of each name `root` waits for; views and other
/// operations that compute nothing are operations too. Call before evaluation.
std::map<std::string, int64_t> count_primitives(const mx::array& root);

}  // namespace bantam::nn
