// SPDX-License-Identifier: MIT
// The part of a tokenizer that turns words into ids: BPE, unigram, WordPiece,
// whole words, or SentencePiece's merges by score.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "text/prompt_text.h"
#include "text/tokenizer.h"

namespace bantam {

class TokenModel {
 public:
  virtual ~TokenModel() = default;

  /// Appends the ids of each of `words`, ranges of `text` at character
  /// boundaries. Thread-safe. Throws invalid_request where a word has no ids
  /// and the model has no token for the unknown.
  virtual void append_ids(
      std::string_view text,
      std::span<const ByteRange> words,
      std::vector<TokenId>& out) const = 0;
};

}  // namespace bantam
