// SPDX-License-Identifier: MIT
// The tokenizer that tokenizer.json describes: added tokens, normalizer,
// pre-tokenizer, model, post-processor, decoder. GGUF vocabularies are put
// together from the same parts.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "text/added_tokens.h"
#include "text/normalizer.h"
#include "text/pre_tokenizer.h"
#include "text/token_decoder.h"
#include "text/token_model.h"
#include "text/token_table.h"
#include "text/tokenizer.h"

namespace bantam {

/// What a post-processor makes of a sequence: ids to put around it, nullopt
/// where the sequence itself goes.
using SequenceTemplate = std::vector<std::optional<TokenId>>;

struct TokenizerParts {
  /// The model's vocabulary; the model refers to it.
  std::unique_ptr<const TokenTable> tokens;
  std::unique_ptr<const TokenModel> model;
  /// Ids assigned.
  std::vector<AddedToken> added;
  std::unique_ptr<const Normalizer> normalizer;       // may be null
  std::unique_ptr<const PreTokenizer> pre_tokenizer;  // may be null
  std::vector<SequenceTemplate> templates;            // applied in order
  std::unique_ptr<const TokenDecoder> decoder;        // not null
  std::optional<TokenId> bos;
  std::vector<TokenId> end_tokens;
};

std::unique_ptr<Tokenizer> make_pipeline_tokenizer(TokenizerParts parts);

/// Special tokens whose spelling says that a turn or text ends with them,
/// for vocabularies that do not say it otherwise.
std::vector<TokenId> end_tokens_by_spelling(
    const std::vector<AddedToken>& added);

}  // namespace bantam
