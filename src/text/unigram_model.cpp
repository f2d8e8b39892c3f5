// SPDX-License-Identifier: MIT
#include "text/unigram_model.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/utf8.h"
#include "text/bpe_model.h"

namespace bantam {

namespace {

// SentencePiece's kUnkPenalty.
constexpr double kUnknownPenalty = 10.0;
constexpr uint32_t kUnreached = UINT32_MAX;

}  // namespace

UnigramModel::UnigramModel(
    const TokenTable& tokens,
    std::vector<double> scores,
    UnigramOptions options)
    : tokens_(tokens), scores_(std::move(scores)), options_(options) {
  double least = std::numeric_limits<double>::infinity();
  std::vector<ByteTrie::Entry> entries;
  entries.reserve(scores_.size());
  for (size_t id = 0; id < scores_.size(); ++id) {
    least = std::min(least, scores_[id]);
    const auto spelling = tokens_.spelling(static_cast<TokenId>(id));
    // Of two tokens with one spelling the last counts.
    if (tokens_.find(spelling) == static_cast<TokenId>(id)) {
      entries.emplace_back(spelling, static_cast<int32_t>(id));
    }
  }
  unknown_score_ = least - kUnknownPenalty;
  trie_ = ByteTrie(std::move(entries));
  for (int byte = 0; byte < 256; ++byte) {
    byte_tokens_[byte] =
        tokens_.find(byte_token_spelling(static_cast<uint8_t>(byte)))
            .value_or(-1);
  }
}

void UnigramModel::find_path(std::string_view word, std::vector<Node>& nodes)
    const {
  nodes.assign(word.size() + 1, {0, -1, kUnreached});
  const auto offer = [&](size_t begin, size_t end, TokenId id, double score) {
    Node& node = nodes[end];
    if (node.begin == kUnreached || score > node.score) {
      node = {score, id, static_cast<uint32_t>(begin)};
    }
  };
  for (size_t at = 0; at < word.size();) {
    const double here = nodes[at].score;
    const size_t character = std::max(1, decode_utf8(word, at).length);
    bool has_character = false;
    trie_.for_each_prefix(word.substr(at), [&](size_t length, int32_t id) {
      offer(at, at + length, id, scores_[id] + here);
      has_character |= length == character;
    });
    if (!has_character) {
      if (!options_.unknown) {
        fail(
            ErrorCode::invalid_request,
            "the vocabulary has no token for \"{}\" and no unk_id",
            word.substr(at, character));
      }
      offer(at, at + character, *options_.unknown, unknown_score_ + here);
    }
    at += character;
  }
}

void UnigramModel::append_piece(
    std::string_view piece,
    std::vector<TokenId>& out) const {
  if (const auto id = tokens_.find(piece)) {
    out.push_back(*id);
    return;
  }
  const auto token = [&](char byte) {
    return byte_tokens_[static_cast<uint8_t>(byte)];
  };
  if (options_.byte_fallback &&
      std::ranges::all_of(piece, [&](char c) { return token(c) >= 0; })) {
    std::ranges::transform(piece, std::back_inserter(out), token);
    return;
  }
  out.push_back(*options_.unknown);
}

void UnigramModel::append_ids(
    std::string_view text,
    std::span<const ByteRange> words,
    std::vector<TokenId>& out) const {
  std::vector<Node> nodes;
  std::vector<ByteRange> pieces;  // of a word, from its end
  for (const ByteRange range : words) {
    const auto word = text.substr(range.begin, range.end - range.begin);
    find_path(word, nodes);
    pieces.clear();
    bool after_unknown = false;
    for (size_t end = word.size(); end > 0; end = nodes[end].begin) {
      const bool unknown =
          options_.unknown && nodes[end].id == *options_.unknown;
      if (unknown && after_unknown) {
        pieces.back().begin = nodes[end].begin;  // neighbours are one piece
      } else {
        pieces.push_back({nodes[end].begin, end});
      }
      after_unknown = unknown;
    }
    for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece) {
      append_piece(word.substr(piece->begin, piece->end - piece->begin), out);
    }
  }
}

}  // namespace bantam
