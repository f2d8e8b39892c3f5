// SPDX-License-Identifier: MIT
// The small parts of tokenizer.json: everything but the vocabulary.
#pragma once

#include <memory>
#include <vector>

#include "text/json_node.h"
#include "text/pipeline_tokenizer.h"

namespace bantam {

// Each throws invalid_file or unsupported with the path within the JSON.
std::unique_ptr<Normalizer> read_normalizer(const JsonNode& node);
std::unique_ptr<PreTokenizer> read_pre_tokenizer(const JsonNode& node);
std::unique_ptr<TokenDecoder> read_decoder(const JsonNode& node);
std::vector<SequenceTemplate> read_post_processor(const JsonNode& node);
AddedToken read_added_token(const JsonNode& node);

}  // namespace bantam
