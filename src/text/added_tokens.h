// SPDX-License-Identifier: MIT
// Tokens that are found in the text as they are spelled, before any model
// sees it: <|im_start|> and its kind.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/byte_trie.h"
#include "text/normalizer.h"
#include "text/prompt_text.h"
#include "text/regex.h"
#include "text/token_table.h"

namespace bantam {

/// The fields of tokenizer.json's added_tokens.
struct AddedToken {
  std::string content;
  TokenId id = -1;
  bool single_word = false;
  bool lstrip = false;
  bool rstrip = false;
  bool normalized = true;
  bool special = false;
};

/// A piece of text: plain, or (id >= 0) an added token.
struct TextSegment {
  ByteRange range;
  TokenId id;
};

/// Which bytes of a text hide special tokens.
struct InputBytes {
  bool all = false;
  /// Sorted, disjoint ranges.
  const std::vector<ByteRange>* ranges = nullptr;
  /// One mark a byte (TrackedText::input_marks), where not empty.
  std::string_view marks = {};

  bool touches(ByteRange range) const;
};

/// Immutable after construction.
class AddedTokens {
 public:
  /// Ids are as given. Tokens with empty content are left out.
  /// `normalizer` may be null.
  AddedTokens(std::vector<AddedToken> tokens, const Normalizer* normalizer);

  /// Cuts `text` at tokens that are matched before normalization.
  std::vector<TextSegment> split_raw(
      std::string_view text,
      const InputBytes& input) const {
    return split(text, input, raw_);
  }
  /// Cuts normalized text at tokens that are matched after normalization.
  std::vector<TextSegment> split_normalized(
      std::string_view text,
      const InputBytes& input) const {
    return split(text, input, normalized_);
  }

  /// Is there a special token that is matched in normalized text?
  bool has_normalized_special() const { return has_normalized_special_; }

  const AddedToken* find(std::string_view content) const;
  const AddedToken* find(TokenId id) const;
  /// What decoders get of a token that exists: its spelling, normalized if
  /// it is matched in normalized text.
  std::string_view decoded(const AddedToken& token) const {
    return decoded_[&token - tokens_.data()];
  }
  bool is_special(TokenId id) const {
    const AddedToken* token = find(id);
    return token != nullptr && token->special;
  }
  const std::vector<AddedToken>& all() const { return tokens_; }

 private:
  std::vector<TextSegment> split(
      std::string_view text,
      const InputBytes& input,
      const ByteTrie& trie) const;
  bool stands_alone(std::string_view text, ByteRange range) const;

  std::vector<AddedToken> tokens_;
  std::vector<std::string> decoded_;
  std::unordered_map<TokenId, size_t> by_id_;
  std::unordered_map<std::string_view, size_t> by_content_;
  ByteTrie raw_;  // values are indices into tokens_
  ByteTrie normalized_;
  bool has_normalized_special_ = false;
  std::optional<Regex> word_;  // a word character, if a token needs it
};

}  // namespace bantam
