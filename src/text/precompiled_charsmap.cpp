// SPDX-License-Identifier: MIT
// SentencePiece's normalization rules, compiled into a Darts double-array
// trie (github.com/s-yata/darts-clone) whose values are offsets into a blob
// of zero-terminated replacements.
#include <utf8proc.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/error.h"
#include "base/utf8.h"
#include "text/normalizer.h"

namespace bantam {

namespace {

class PrecompiledCharsmap : public Normalizer {
 public:
  PrecompiledCharsmap(const std::string& blob, const std::string& where) {
    const auto word = [&](size_t offset) {
      uint32_t value = 0;  // little-endian in the file
      for (int i = 3; i >= 0; --i) {
        value = value << 8 | static_cast<uint8_t>(blob[offset + i]);
      }
      return value;
    };
    const size_t trie_bytes = blob.size() < 4 ? 0 : word(0);
    if (blob.size() < 4 || trie_bytes % 4 != 0 || trie_bytes == 0 ||
        trie_bytes > blob.size() - 4) {
      fail(
          ErrorCode::invalid_file,
          "{}: a trie of {} bytes does not fit the {} bytes of the charsmap",
          where,
          trie_bytes,
          blob.size());
    }
    units_.resize(trie_bytes / 4);
    for (size_t i = 0; i < units_.size(); ++i) {
      units_[i] = word(4 + 4 * i);
    }
    replacements_ = blob.substr(4 + trie_bytes);
    if (valid_utf8_prefix(replacements_) != replacements_.size()) {
      fail(
          ErrorCode::invalid_file,
          "{}: the charsmap's replacements are not UTF-8",
          where);
    }
  }

  void apply(TrackedText& text) const override {
    TextRewriter rewriter(text);
    for (size_t at = 0; at < text.text.size();) {
      const size_t end = grapheme_end(text.text, at);
      rewrite_grapheme({at, end}, rewriter);
      at = end;
    }
    rewriter.finish();
  }

 private:
  static size_t grapheme_end(std::string_view text, size_t at) {
    Utf8Character c = decode_utf8(text, at);
    size_t end = at + std::max(1, c.length);
    utf8proc_int32_t state = 0;
    while (end < text.size()) {
      const Utf8Character next = decode_utf8(text, end);
      if (utf8proc_grapheme_break_stateful(
              static_cast<utf8proc_int32_t>(c.code_point),
              static_cast<utf8proc_int32_t>(next.code_point),
              &state)) {
        break;
      }
      c = next;
      end += std::max(1, c.length);
    }
    return end;
  }

  /// A short cluster is looked up whole, then character by character: so
  /// does the reference, which says itself that it is odd.
  void rewrite_grapheme(ByteRange range, TextRewriter& rewriter) const {
    const std::string_view grapheme =
        std::string_view(rewriter.old())
            .substr(range.begin, range.end - range.begin);
    if (grapheme.size() < 6) {
      if (const auto found = replacement(grapheme)) {
        rewriter.put(*found, range);
        return;
      }
    }
    for (size_t at = 0; at < grapheme.size();) {
      const int length = std::max(1, decode_utf8(grapheme, at).length);
      const ByteRange part{range.begin + at, range.begin + at + length};
      if (const auto found = replacement(grapheme.substr(at, length))) {
        rewriter.put(*found, part);
      } else {
        rewriter.copy(part);
      }
      at += length;
    }
  }

  /// The rule of the shortest key that `text` begins with.
  std::optional<std::string_view> replacement(std::string_view text) const {
    size_t node = offset(units_[0]);
    for (const char c : text) {
      const auto byte = static_cast<uint8_t>(c);
      if (byte == 0) {
        return std::nullopt;
      }
      node ^= byte;
      if (node >= units_.size() || label(units_[node]) != byte) {
        return std::nullopt;
      }
      const bool has_leaf = (units_[node] >> 8 & 1) != 0;
      node ^= offset(units_[node]);
      if (has_leaf && node < units_.size()) {
        const size_t begin = units_[node] & 0x7FFFFFFF;
        if (begin >= replacements_.size()) {
          return std::nullopt;
        }
        const std::string_view rest =
            std::string_view(replacements_).substr(begin);
        return rest.substr(0, rest.find('\0'));
      }
    }
    return std::nullopt;
  }

  static uint32_t offset(uint32_t unit) {
    return (unit >> 10) << ((unit & (1U << 9)) >> 6);
  }
  static uint32_t label(uint32_t unit) { return unit & ((1U << 31) | 0xFF); }

  std::vector<uint32_t> units_;
  std::string replacements_;
};

}  // namespace

std::unique_ptr<Normalizer> make_precompiled(
    std::string charsmap,
    const std::string& where) {
  return std::make_unique<PrecompiledCharsmap>(charsmap, where);
}

}  // namespace bantam
