// SPDX-License-Identifier: MIT
// The unigram language model of SentencePiece (Kudo, arXiv:1804.10959): the
// segmentation with the best sum of log probabilities.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "text/byte_trie.h"
#include "text/token_model.h"
#include "text/token_table.h"

namespace bantam {

struct UnigramOptions {
  std::optional<TokenId> unknown = {};
  bool byte_fallback = false;
};

class UnigramModel : public TokenModel {
 public:
  /// `scores` by id. `tokens` must outlive the model.
  UnigramModel(
      const TokenTable& tokens,
      std::vector<double> scores,
      UnigramOptions options);

  void append_ids(
      std::string_view text,
      std::span<const ByteRange> words,
      std::vector<TokenId>& out) const override;

 private:
  /// The best way to reach a position: its last token and where that began.
  struct Node {
    double score;
    TokenId id;
    uint32_t begin;
  };

  void find_path(std::string_view word, std::vector<Node>& nodes) const;
  void append_piece(std::string_view piece, std::vector<TokenId>& out) const;

  const TokenTable& tokens_;
  std::vector<double> scores_;
  UnigramOptions options_;
  double unknown_score_;
  ByteTrie trie_;
  std::array<TokenId, 256> byte_tokens_;
};

}  // namespace bantam
