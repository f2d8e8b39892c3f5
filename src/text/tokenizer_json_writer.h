// SPDX-License-Identifier: MIT
// A GGUF vocabulary as the tokenizer.json and tokenizer_config.json that
// Python's tokenizers and transformers load.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "text/tokenizer.h"

namespace bantam {

/// The text of a tokenizer.json that gives the same ids as
/// make_tokenizer_from_gguf(vocabulary). Throws unsupported for a vocabulary
/// that is not byte-level BPE or has an unknown pre-tokenizer, invalid_file
/// for a damaged one.
std::string tokenizer_json_text(const GgufVocabulary& vocabulary);

/// The matching tokenizer_config.json: special tokens, their classes, and the
/// chat template where there is one.
Json tokenizer_config(
    const GgufVocabulary& vocabulary,
    const std::optional<std::string>& chat_template,
    int64_t context_tokens);

}  // namespace bantam
