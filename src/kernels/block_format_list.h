// SPDX-License-Identifier: MIT
// Every block format by its WeightFormat: the one list that the dequantizer,
// the kernels and the tests' contract walk.
#pragma once

#include "kernels/block_formats.h"
#include "kernels/iq_formats.h"
#include "kernels/k_formats.h"
#include "kernels/weight_matrix.h"

namespace bantam::kernels {

template <class... F>
struct FormatList {};

// Three lists, so that three sources share the work of compiling them.
using SmallBlocks = FormatList<Q40, Q41, Q50, Q51, Q80, Iq4Nl, Mxfp4, Nvfp4>;
using KBlocks = FormatList<Q2K, Q3K, Q4K, Q5K, Q6K, Tq10, Tq20>;
using LookUpBlocks =
    FormatList<Iq1S, Iq1M, Iq2Xxs, Iq2Xs, Iq2S, Iq3Xxs, Iq3S, Iq4Xs>;

/// Calls call(F{}) with the definition of `format`; false, and no call, if it
/// is not in the list.
template <class... F, class Call>
BANTAM_ALWAYS_INLINE bool with_format_of(
    FormatList<F...> /*list*/,
    WeightFormat format,
    const Call& call) {
  return ((format == F::kFormat && (call(F{}), true)) || ...);
}

/// The same over all lists.
template <class Call>
BANTAM_ALWAYS_INLINE bool with_block_format(
    WeightFormat format,
    const Call& call) {
  return with_format_of(SmallBlocks(), format, call) ||
      with_format_of(KBlocks(), format, call) ||
      with_format_of(LookUpBlocks(), format, call);
}

}  // namespace bantam::kernels
