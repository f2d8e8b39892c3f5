// SPDX-License-Identifier: MIT
#include "text/bpe_model.h"

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "base/utf8.h"

namespace bantam {

std::string byte_token_spelling(uint8_t byte) {
  return fmt::format("<0x{:02X}>", byte);
}

BpeModel::BpeModel(
    const TokenTable& tokens,
    MergeTable merges,
    BpeOptions options)
    : tokens_(tokens),
      merges_(std::move(merges)),
      options_(std::move(options)) {
  for (char32_t c = 0; c < small_characters_.size(); ++c) {
    std::string character;
    append_utf8(c, character);
    small_characters_[c] = tokens_.find(character).value_or(-1);
  }
  for (int byte = 0; byte < 256; ++byte) {
    byte_tokens_[byte] =
        tokens_.find(byte_token_spelling(static_cast<uint8_t>(byte)))
            .value_or(-1);
  }
}

/// One call's working memory: the symbols of a word as a linked list and the
/// queue of possible merges.
class BpeModel::Encoder {
 public:
  explicit Encoder(const BpeModel& model) : model_(model) {}

  void append_word(std::string_view word, std::vector<TokenId>& out) {
    if (model_.options_.ignore_merges) {
      if (const auto id = model_.tokens_.find(word)) {
        out.push_back(*id);
        return;
      }
    }
    symbols_.clear();
    split(word);
    merge();
    for (const Symbol& symbol : symbols_) {
      if (symbol.alive) {
        out.push_back(symbol.id);
      }
    }
  }

 private:
  struct Symbol {
    TokenId id;
    int32_t previous;
    int32_t next;
    bool alive;
  };
  /// Ordered by rank, then position: the key packs both.
  struct Candidate {
    uint64_t key;
    TokenId token;
    bool operator>(const Candidate& other) const { return key > other.key; }
  };

  void add_symbol(TokenId id) {
    const auto index = static_cast<int32_t>(symbols_.size());
    if (index > 0) {
      symbols_.back().next = index;
    }
    symbols_.push_back({id, index - 1, -1, true});
  }

  bool add_bytes(std::string_view character) {
    const auto token = [&](char byte) {
      return model_.byte_tokens_[static_cast<uint8_t>(byte)];
    };
    if (!std::ranges::all_of(
            character, [&](char byte) { return token(byte) >= 0; })) {
      return false;
    }
    for (const char byte : character) {
      add_symbol(token(byte));
    }
    return true;
  }

  /// The word's characters as symbols. A pending unknown token is placed
  /// only when a known character (not a fallback byte) or the end follows:
  /// so does tokenizers.
  void split(std::string_view word) {
    const BpeOptions& options = model_.options_;
    bool pending_unknown = false;
    for (size_t at = 0; at < word.size();) {
      const int length = std::max(1, decode_utf8(word, at).length);
      std::string_view character = word.substr(at, length);
      const bool first = at == 0;
      at += length;
      const bool last = at == word.size();
      if ((!first && !options.continuing_prefix.empty()) ||
          (last && !options.end_suffix.empty())) {
        decorated_ = first ? "" : options.continuing_prefix;
        decorated_ += character;
        decorated_ += last ? options.end_suffix : "";
        character = decorated_;
      }
      if (const auto id = model_.character_id(character)) {
        if (pending_unknown) {
          add_symbol(*options.unknown);
          pending_unknown = false;
        }
        add_symbol(*id);
      } else if (options.byte_fallback && add_bytes(character)) {
        continue;
      } else if (options.unknown) {
        if (pending_unknown && !options.fuse_unknown) {
          add_symbol(*options.unknown);
        }
        pending_unknown = true;
      } else if (options.unknown_is_error) {
        fail(
            ErrorCode::invalid_request,
            "the vocabulary has no token for \"{}\" and its unk_token is not "
            "in the vocabulary",
            character);
      }
    }
    if (pending_unknown) {
      add_symbol(*options.unknown);
    }
  }

  void consider(int32_t left) {
    const int32_t right = symbols_[left].next;
    if (left < 0 || right < 0) {
      return;
    }
    const MergeTable::Merge* merge =
        model_.merges_.find(symbols_[left].id, symbols_[right].id);
    if (merge != nullptr) {
      queue_.push_back(
          {static_cast<uint64_t>(merge->rank) << 32 |
               static_cast<uint32_t>(left),
           merge->token});
      std::push_heap(queue_.begin(), queue_.end(), std::greater<>());
    }
  }

  /// Applies merges, lowest rank first, leftmost first. An entry is stale if
  /// its pair no longer merges to its token; like tokenizers we accept an
  /// entry whose pair changed but still merges to the same token.
  void merge() {
    queue_.clear();
    for (size_t i = 0; i + 1 < symbols_.size(); ++i) {
      consider(static_cast<int32_t>(i));
    }
    while (!queue_.empty()) {
      std::pop_heap(queue_.begin(), queue_.end(), std::greater<>());
      const Candidate top = queue_.back();
      queue_.pop_back();
      const auto position = static_cast<int32_t>(top.key & UINT32_MAX);
      Symbol& left = symbols_[position];
      if (!left.alive || left.next < 0) {
        continue;
      }
      Symbol& right = symbols_[left.next];
      const MergeTable::Merge* merge = model_.merges_.find(left.id, right.id);
      if (merge == nullptr || merge->token != top.token) {
        continue;
      }
      left.id = top.token;
      left.next = right.next;
      right.alive = false;
      if (left.next >= 0) {
        symbols_[left.next].previous = position;
      }
      if (left.previous >= 0) {
        consider(left.previous);
      }
      consider(position);
    }
  }

  const BpeModel& model_;
  std::vector<Symbol> symbols_;
  std::vector<Candidate> queue_;
  std::string decorated_;
};

std::optional<TokenId> BpeModel::character_id(
    std::string_view character) const {
  if (character.size() <= 2) {
    const Utf8Character decoded = decode_utf8(character, 0);
    if (decoded.length == static_cast<int>(character.size()) &&
        decoded.code_point < small_characters_.size()) {
      const TokenId id = small_characters_[decoded.code_point];
      return id < 0 ? std::nullopt : std::optional<TokenId>(id);
    }
  }
  return tokens_.find(character);
}

void BpeModel::append_ids(
    std::string_view text,
    std::span<const ByteRange> words,
    std::vector<TokenId>& out) const {
  Encoder encoder(*this);
  // Words repeat: the ids of a word met before in this call are copied. The
  // table is small, direct-mapped and lives with the call.
  struct Seen {
    ByteRange word;
    size_t first_id;
    size_t ids;
  };
  constexpr size_t kSeen = 1024;
  constexpr size_t kMaxSeenBytes = 64;
  std::vector<Seen> seen(words.size() < 32 ? 0 : kSeen, Seen{{0, 0}, 0, 0});
  for (const ByteRange word : words) {
    const auto bytes = text.substr(word.begin, word.end - word.begin);
    if (bytes.empty()) {
      continue;
    }
    if (seen.empty() || bytes.size() > kMaxSeenBytes) {
      encoder.append_word(bytes, out);
      continue;
    }
    Seen& entry = seen[std::hash<std::string_view>()(bytes) % kSeen];
    const auto& old = entry.word;
    if (old.end > old.begin &&
        text.substr(old.begin, old.end - old.begin) == bytes) {
      const size_t first = out.size();
      out.resize(first + entry.ids);
      std::copy_n(out.begin() + entry.first_id, entry.ids, out.begin() + first);
      continue;
    }
    const size_t first = out.size();
    encoder.append_word(bytes, out);
    entry = {word, first, out.size() - first};
  }
}

}  // namespace bantam
