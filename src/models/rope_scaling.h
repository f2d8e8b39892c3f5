// SPDX-License-Identifier: MIT
// Rotary frequencies, with the ways that families stretch them to longer
// contexts.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/config_reader.h"

namespace bantam {

/// theta^(-i / pairs) for i in [0, pairs).
std::vector<float> rope_frequencies(double theta, int64_t pairs);

/// Applies config.json's "rope_scaling" (or "rope_parameters"): "default",
/// "linear", "llama3" or "yarn". Returns what rotated dimensions are to be
/// multiplied by. Throws unsupported for any other type.
float scale_frequencies(
    std::vector<float>& frequencies,
    double theta,
    const JsonConfig& scaling);

/// Divides by GGUF's rope_freqs.weight, one factor per pair.
void divide_frequencies(
    std::vector<float>& frequencies,
    std::span<const float> factors);

}  // namespace bantam
