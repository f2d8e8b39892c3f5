// SPDX-License-Identifier: MIT
// Byte-pair encoding (Sennrich et al., arXiv:1508.07909) with the options of
// tokenizers' BPE model.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "text/merge_table.h"
#include "text/token_model.h"
#include "text/token_table.h"

namespace bantam {

struct BpeOptions {
  std::optional<TokenId> unknown = {};
  /// What is no token is an error, not left out: the vocabulary names an
  /// unknown token that it does not have.
  bool unknown_is_error = false;
  /// Put before every character of a word but the first ("##").
  std::string continuing_prefix = {};
  /// Put after the last character of a word ("</w>").
  std::string end_suffix = {};
  bool fuse_unknown = false;
  /// A character that is no token becomes its bytes' tokens <0xNN>.
  bool byte_fallback = false;
  /// A word that is a token is that token, whatever the merges say.
  bool ignore_merges = false;
};

class BpeModel : public TokenModel {
 public:
  /// `tokens` must outlive the model.
  BpeModel(const TokenTable& tokens, MergeTable merges, BpeOptions options);

  void append_ids(
      std::string_view text,
      std::span<const ByteRange> words,
      std::vector<TokenId>& out) const override;

 private:
  class Encoder;

  std::optional<TokenId> character_id(std::string_view character) const;

  const TokenTable& tokens_;
  MergeTable merges_;
  BpeOptions options_;
  // Ids of one-character tokens below U+0180 (covers the byte alphabet), -1
  // where there is none.
  std::array<TokenId, 0x180> small_characters_;
  std::array<TokenId, 256> byte_tokens_;
};

/// The spelling of a byte-fallback token, "<0x0A>".
std::string byte_token_spelling(uint8_t byte);

}  // namespace bantam
