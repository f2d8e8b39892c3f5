// SPDX-License-Identifier: MIT
// SentencePiece's BPE as GGUF vocabularies of type "llama" have it: no list
// of merges, any two neighbours that make a token may merge, the token with
// the best score first (bpe_model.cc of SentencePiece).
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "text/token_model.h"
#include "text/token_table.h"

namespace bantam {

class SpmModel : public TokenModel {
 public:
  /// `scores` by id. Tokens marked in `hidden` (by id) never stand for text:
  /// control tokens, byte tokens. `tokens` must outlive the model.
  SpmModel(
      const TokenTable& tokens,
      std::vector<float> scores,
      std::vector<bool> hidden,
      std::optional<TokenId> unknown);

  void append_ids(
      std::string_view text,
      std::span<const ByteRange> words,
      std::vector<TokenId>& out) const override;

 private:
  class Encoder;
  std::optional<TokenId> find(std::string_view text) const;

  const TokenTable& tokens_;
  std::vector<float> scores_;
  std::vector<bool> hidden_;
  std::optional<TokenId> unknown_;
  std::array<TokenId, 256> byte_tokens_;
};

}  // namespace bantam
