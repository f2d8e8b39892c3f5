// SPDX-License-Identifier: MIT
// Sampling where the logits are. On a GPU the next token need not be known to
// the host before the work on the one after it is issued.
#pragma once

#include <cstdint>

#include "bantam/request.h"
#include "nn/compute.h"

namespace bantam {

/// Greedy, or by temperature alone over the whole vocabulary; the rest needs
/// the Sampler.
bool can_sample_on_device(const SamplingSettings& settings);

/// The token that follows, lazy: int32 [1], negative if no logit is a finite
/// number. logits: [1, vocabulary]. `draw` counts the tokens of an answer: the
/// same seed and draw choose the same token of the same logits.
nn::mx::array sample_on_device(
    const nn::mx::array& logits,
    const SamplingSettings& settings,
    uint64_t draw,
    const nn::Compute& compute);

}  // namespace bantam
