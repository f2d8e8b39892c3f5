// SPDX-License-Identifier: MIT
// From the name of a block format to its definition.
#pragma once

#include "kernels/block_formats.h"
#include "kernels/iq_formats.h"
#include "kernels/k_formats.h"
#include "kernels/weight_matrix.h"

namespace bantam::kernels {

/// Calls call(F{}) with the definition of `format`; false, and no call, if it
/// is no block format.
template <class Call>
BANTAM_ALWAYS_INLINE bool with_block_format(
    WeightFormat format,
    const Call& call) {
  switch (format) {
    case WeightFormat::q4_0:
      return call(Q40{}), true;
    case WeightFormat::q4_1:
      return call(Q41{}), true;
    case WeightFormat::q5_0:
      return call(Q50{}), true;
    case WeightFormat::q5_1:
      return call(Q51{}), true;
    case WeightFormat::q8_0:
      return call(Q80{}), true;
    case WeightFormat::iq4_nl:
      return call(Iq4Nl{}), true;
    case WeightFormat::mxfp4:
      return call(Mxfp4{}), true;
    case WeightFormat::nvfp4:
      return call(Nvfp4{}), true;
    case WeightFormat::q2_k:
      return call(Q2K{}), true;
    case WeightFormat::q3_k:
      return call(Q3K{}), true;
    case WeightFormat::q4_k:
      return call(Q4K{}), true;
    case WeightFormat::q5_k:
      return call(Q5K{}), true;
    case WeightFormat::q6_k:
      return call(Q6K{}), true;
    case WeightFormat::tq1_0:
      return call(Tq10{}), true;
    case WeightFormat::tq2_0:
      return call(Tq20{}), true;
    case WeightFormat::iq1_s:
      return call(Iq1S{}), true;
    case WeightFormat::iq1_m:
      return call(Iq1M{}), true;
    case WeightFormat::iq2_xxs:
      return call(Iq2Xxs{}), true;
    case WeightFormat::iq2_xs:
      return call(Iq2Xs{}), true;
    case WeightFormat::iq2_s:
      return call(Iq2S{}), true;
    case WeightFormat::iq3_xxs:
      return call(Iq3Xxs{}), true;
    case WeightFormat::iq3_s:
      return call(Iq3S{}), true;
    case WeightFormat::iq4_xs:
      return call(Iq4Xs{}), true;
    default:
      return false;
  }
}

}  // namespace bantam::kernels
