// SPDX-License-Identifier: MIT
#include "text/word_model.h"

#include <algorithm>

#include "base/error.h"

namespace bantam {

namespace {

TokenId unknown_or_fail(
    const std::optional<TokenId>& unknown,
    std::string_view word) {
  if (!unknown) {
    fail(
        ErrorCode::invalid_request,
        "the vocabulary has no token for \"{}\" and its unk_token is not in "
        "the vocabulary",
        word);
  }
  return *unknown;
}

}  // namespace

WordPieceModel::WordPieceModel(
    const TokenTable& tokens,
    WordPieceOptions options)
    : tokens_(tokens), options_(std::move(options)) {
  for (int64_t id = 0; id < tokens.size(); ++id) {
    longest_token_ = std::max(
        longest_token_, tokens.spelling(static_cast<TokenId>(id)).size());
  }
}

bool WordPieceModel::append_pieces(
    std::string_view word,
    std::vector<TokenId>& out) const {
  std::string piece;
  for (size_t begin = 0; begin < word.size();) {
    size_t end = std::min(word.size(), begin + longest_token_);
    while (end < word.size() && (word[end] & 0xC0) == 0x80) {
      --end;
    }
    std::optional<TokenId> found;
    while (begin < end) {
      piece = begin > 0 ? options_.continuing_prefix : "";
      piece += word.substr(begin, end - begin);
      found = tokens_.find(piece);
      if (found) {
        break;
      }
      do {
        --end;
      } while (end > begin && (word[end] & 0xC0) == 0x80);
    }
    if (!found) {
      return false;
    }
    out.push_back(*found);
    begin = end;
  }
  return true;
}

void WordPieceModel::append_ids(
    std::string_view text,
    std::span<const ByteRange> words,
    std::vector<TokenId>& out) const {
  for (const ByteRange range : words) {
    const auto word = text.substr(range.begin, range.end - range.begin);
    const auto characters = static_cast<size_t>(std::ranges::count_if(
        word, [](char byte) { return (byte & 0xC0) != 0x80; }));
    const size_t first = out.size();
    if (characters > options_.max_word_characters ||
        !append_pieces(word, out)) {
      out.resize(first);
      out.push_back(unknown_or_fail(options_.unknown, word));
    }
  }
}

void WordLevelModel::append_ids(
    std::string_view text,
    std::span<const ByteRange> words,
    std::vector<TokenId>& out) const {
  for (const ByteRange range : words) {
    const auto word = text.substr(range.begin, range.end - range.begin);
    const auto id = tokens_.find(word);
    out.push_back(id ? *id : unknown_or_fail(unknown_, word));
  }
}

}  // namespace bantam
