// SPDX-License-Identifier: MIT
// Models that look words up: WordPiece (longest match first, as in BERT) and
// WordLevel.
#pragma once

#include <optional>
#include <string>

#include "text/token_model.h"
#include "text/token_table.h"

namespace bantam {

struct WordPieceOptions {
  std::optional<TokenId> unknown = {};
  std::string continuing_prefix = "##";
  /// A longer word is unknown.
  size_t max_word_characters = 100;
};

class WordPieceModel : public TokenModel {
 public:
  /// `tokens` must outlive the model.
  WordPieceModel(const TokenTable& tokens, WordPieceOptions options);

  void append_ids(
      std::string_view text,
      std::span<const ByteRange> words,
      std::vector<TokenId>& out) const override;

 private:
  bool append_pieces(std::string_view word, std::vector<TokenId>& out) const;

  const TokenTable& tokens_;
  WordPieceOptions options_;
  size_t longest_token_ = 0;  // bytes
};

class WordLevelModel : public TokenModel {
 public:
  /// `tokens` must outlive the model.
  WordLevelModel(const TokenTable& tokens, std::optional<TokenId> unknown)
      : tokens_(tokens), unknown_(unknown) {}

  void append_ids(
      std::string_view text,
      std::span<const ByteRange> words,
      std::vector<TokenId>& out) const override;

 private:
  const TokenTable& tokens_;
  std::optional<TokenId> unknown_;
};

}  // namespace bantam
