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

/// Applies config.json's "rope_scaling" (or "rope_parameters"): absent,
/// "default", "linear" or "llama3". Throws unsupported for any other type.
void scale_frequencies(
    std::vector<float>& frequencies,
    const JsonConfig& scaling);

/// Divides by GGUF's rope_freqs.weight, one factor per pair.
void divide_frequencies(
    std::vector<float>& frequencies,
    std::span<const float> factors);

}  // namespace bantam
