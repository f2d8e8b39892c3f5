// SPDX-License-Identifier: MIT
#include "text/spm_model.h"

#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"
#include "text/bpe_model.h"

namespace bantam {

SpmModel::SpmModel(
    const TokenTable& tokens,
    std::vector<float> scores,
    std::vector<bool> hidden,
    std::optional<TokenId> unknown)
    : tokens_(tokens),
      scores_(std::move(scores)),
      hidden_(std::move(hidden)),
      unknown_(unknown) {
  for (int byte = 0; byte < 256; ++byte) {
    byte_tokens_[byte] =
        tokens_.find(byte_token_spelling(static_cast<uint8_t>(byte)))
            .value_or(-1);
  }
}

std::optional<TokenId> SpmModel::find(std::string_view text) const {
  const auto id = tokens_.find(text);
  return id && !hidden_[*id] ? id : std::nullopt;
}

class SpmModel::Encoder {
 public:
  explicit Encoder(const SpmModel& model) : model_(model) {}

  void append_word(std::string_view word, std::vector<TokenId>& out) {
    word_ = word;
    split();
    merge();
    for (const Symbol& symbol : symbols_) {
      if (symbol.begin < symbol.end) {
        append_symbol(symbol, out);
      }
    }
  }

 private:
  struct Symbol {
    uint32_t begin;
    uint32_t end;  // == begin where another has swallowed it
    int32_t previous;
    int32_t next;
  };
  struct Candidate {
    float score;
    int32_t left;
    uint32_t begin;
    uint32_t end;
    /// The heap's top is the best score, then the leftmost.
    bool operator<(const Candidate& other) const {
      return score < other.score || (score == other.score && left > other.left);
    }
  };

  void split() {
    symbols_.clear();
    for (size_t at = 0; at < word_.size();) {
      const size_t end = at + std::max(1, decode_utf8(word_, at).length);
      const auto index = static_cast<int32_t>(symbols_.size());
      symbols_.push_back(
          {static_cast<uint32_t>(at),
           static_cast<uint32_t>(end),
           index - 1,
           end < word_.size() ? index + 1 : -1});
      at = end;
    }
  }

  void consider(int32_t left) {
    if (left < 0 || symbols_[left].next < 0) {
      return;
    }
    const uint32_t begin = symbols_[left].begin;
    const uint32_t end = symbols_[symbols_[left].next].end;
    if (const auto id = model_.find(word_.substr(begin, end - begin))) {
      queue_.push_back({model_.scores_[*id], left, begin, end});
      std::push_heap(queue_.begin(), queue_.end());
    }
  }

  void merge() {
    queue_.clear();
    for (size_t i = 0; i + 1 < symbols_.size(); ++i) {
      consider(static_cast<int32_t>(i));
    }
    while (!queue_.empty()) {
      std::pop_heap(queue_.begin(), queue_.end());
      const Candidate top = queue_.back();
      queue_.pop_back();
      Symbol& left = symbols_[top.left];
      if (left.begin == left.end || left.next < 0 ||
          symbols_[left.next].end != top.end) {
        continue;  // one of the two has merged since
      }
      Symbol& right = symbols_[left.next];
      left.end = right.end;
      right.begin = right.end;
      left.next = right.next;
      if (left.next >= 0) {
        symbols_[left.next].previous = top.left;
      }
      consider(left.previous);
      consider(top.left);
    }
  }

  void append_symbol(const Symbol& symbol, std::vector<TokenId>& out) const {
    const auto text = word_.substr(symbol.begin, symbol.end - symbol.begin);
    if (const auto id = model_.find(text)) {
      out.push_back(*id);
      return;
    }
    for (const char c : text) {
      const TokenId id = model_.byte_tokens_[static_cast<uint8_t>(c)];
      if (id >= 0) {
        out.push_back(id);
      } else if (model_.unknown_) {
        out.push_back(*model_.unknown_);  // one for the whole character
        break;
      }
    }
  }

  const SpmModel& model_;
  std::string_view word_;
  std::vector<Symbol> symbols_;
  std::vector<Candidate> queue_;
};

void SpmModel::append_ids(
    std::string_view text,
    std::span<const ByteRange> words,
    std::vector<TokenId>& out) const {
  Encoder encoder(*this);
  for (const ByteRange word : words) {
    encoder.append_word(text.substr(word.begin, word.end - word.begin), out);
  }
}

}  // namespace bantam
