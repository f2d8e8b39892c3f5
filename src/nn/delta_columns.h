// SPDX-License-Identifier: MIT
// Where kernels::DeltaLayout puts things, written out one by one, for paths
// that gather instead of computing addresses.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/gated_delta.h"

namespace bantam::nn {

/// The column of each of `dim` values of each value head, head by head:
/// [value_heads * dim]
std::vector<int32_t> value_columns(
    const kernels::DeltaShape& shape,
    int64_t dim,
    const kernels::HeadPlace& place);

/// The column of each channel in DeltaShape's order (queries, keys, values):
/// [channels]
std::vector<int32_t> channel_columns(
    const kernels::DeltaShape& shape,
    const kernels::DeltaLayout& layout);

/// Of each value head the first column of z, alpha and beta, then that of the
/// output: [value_heads, 4]
std::vector<int32_t> head_places(
    const kernels::DeltaShape& shape,
    const kernels::DeltaLayout& layout);

}  // namespace bantam::nn
