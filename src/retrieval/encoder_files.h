// SPDX-License-Identifier: MIT
// The configuration files of a sentence-transformers folder. Internal to
// retrieval/.
#pragma once

#include <string>

#include "retrieval/text_encoder.h"

namespace bantam {

/// Throws not_found, invalid_file, or unsupported (which entry, its value).
EncoderConfig read_encoder_config(const std::string& folder);

EncoderPlan plan_of(const EncoderConfig& config, int threads);

}  // namespace bantam
