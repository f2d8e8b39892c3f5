// SPDX-License-Identifier: MIT
#include "text/added_tokens.h"

#include <algorithm>

#include "base/utf8.h"
#include "text/character_class.h"
#include "text/regex_syntax.h"

namespace bantam {

namespace {

/// The beginning of the character that ends at `end` (> 0).
size_t previous_character(std::string_view text, size_t end) {
  size_t begin = end - 1;
  while (begin > 0 && (text[begin] & 0xC0) == 0x80) {
    --begin;
  }
  return begin;
}

size_t skip_space_left(std::string_view text, size_t begin, size_t bound) {
  while (begin > bound) {
    const size_t previous = previous_character(text, begin);
    if (!is_white_space(decode_utf8(text, previous).code_point)) {
      break;
    }
    begin = previous;
  }
  return std::max(begin, bound);
}

size_t skip_space_right(std::string_view text, size_t end) {
  while (end < text.size()) {
    const Utf8Character c = decode_utf8(text, end);
    if (!is_white_space(c.code_point)) {
      break;
    }
    end += c.length;
  }
  return end;
}

}  // namespace

bool InputBytes::touches(ByteRange range) const {
  if (all) {
    return true;
  }
  if (!marks.empty()) {
    return marks.substr(range.begin, range.end - range.begin).find('\1') !=
        std::string_view::npos;
  }
  if (ranges == nullptr) {
    return false;
  }
  const auto first =
      std::ranges::upper_bound(*ranges, range.begin, {}, &ByteRange::end);
  return first != ranges->end() && first->begin < range.end;
}

AddedTokens::AddedTokens(
    std::vector<AddedToken> tokens,
    const Normalizer* normalizer)
    : tokens_(std::move(tokens)) {
  std::erase_if(
      tokens_, [](const AddedToken& token) { return token.content.empty(); });
  // Where two tokens match the same text, the special one counts, then the
  // one named first.
  std::vector<size_t> order;
  for (const bool special : {true, false}) {
    for (size_t i = 0; i < tokens_.size(); ++i) {
      if (tokens_[i].special == special) {
        order.push_back(i);
      }
    }
  }
  std::vector<ByteTrie::Entry> raw;
  std::vector<ByteTrie::Entry> normalized;
  decoded_.resize(tokens_.size());
  for (const size_t i : order) {
    const AddedToken& token = tokens_[i];
    if (!token.normalized) {
      decoded_[i] = token.content;
      raw.emplace_back(token.content, static_cast<int32_t>(i));
      continue;
    }
    TrackedText text{token.content, {}, true};
    if (normalizer != nullptr) {
      normalizer->apply(text);
    }
    decoded_[i] = std::move(text.text);
    normalized.emplace_back(decoded_[i], static_cast<int32_t>(i));
    has_normalized_special_ |= token.special;
  }
  raw_ = ByteTrie(std::move(raw));
  normalized_ = ByteTrie(std::move(normalized));
  for (size_t i = 0; i < tokens_.size(); ++i) {
    by_id_[tokens_[i].id] = i;  // the last one with an id is its token
    by_content_[tokens_[i].content] = i;
    if (tokens_[i].single_word && !word_) {
      // Rust's \w, which has the joiners besides Oniguruma's.
      word_.emplace(
          "[" + std::string(kWordMembers) + R"(\x{200C}\x{200D}])",
          "added_tokens");
    }
  }
}

const AddedToken* AddedTokens::find(std::string_view content) const {
  const auto found = by_content_.find(content);
  return found == by_content_.end() ? nullptr : &tokens_[found->second];
}

const AddedToken* AddedTokens::find(TokenId id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &tokens_[found->second];
}

bool AddedTokens::stands_alone(std::string_view text, ByteRange range) const {
  RegexSearch search(*word_);
  const auto is_word = [&](size_t begin) {
    const int length = std::max(1, decode_utf8(text, begin).length);
    search.start(text.substr(begin, length));
    return search.next().has_value();
  };
  return (range.begin == 0 ||
          !is_word(previous_character(text, range.begin))) &&
      (range.end == text.size() || !is_word(range.end));
}

std::vector<TextSegment> AddedTokens::split(
    std::string_view text,
    const InputBytes& input,
    const ByteTrie& trie) const {
  std::vector<TextSegment> segments;
  size_t done = 0;  // text before it is in a segment
  const size_t last = trie.empty() ? 0 : text.size();
  for (size_t at = 0; at < last;) {
    size_t length = 0;
    int32_t index = -1;
    if (trie.begins(static_cast<uint8_t>(text[at]))) {
      trie.for_each_prefix(text.substr(at), [&](size_t prefix, int32_t value) {
        length = prefix;
        index = value;
      });
    }
    if (index < 0) {
      ++at;
      continue;
    }
    ByteRange range{at, at + length};
    at = range.end;  // what is matched and turned down stays text as a whole
    const AddedToken* token = find(tokens_[index].id);
    if ((token->single_word && !stands_alone(text, range)) ||
        (token->special && input.touches(range))) {
      continue;
    }
    if (token->lstrip) {
      range.begin = skip_space_left(text, range.begin, done);
    }
    if (token->rstrip) {
      range.end = skip_space_right(text, range.end);
    }
    if (done < range.begin) {
      segments.push_back({{done, range.begin}, -1});
    }
    // A match may lie inside the space that an rstrip token before it took;
    // the text then goes on behind this match, as in tokenizers.
    segments.push_back(
        {{std::min(range.begin, range.end), range.end}, token->id});
    done = range.end;
  }
  if (done < text.size()) {
    segments.push_back({{done, text.size()}, -1});
  }
  return segments;
}

}  // namespace bantam
