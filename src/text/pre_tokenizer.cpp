// SPDX-License-Identifier: MIT
// Pre-tokenizers that also rewrite: ByteLevel and Metaspace.
#include "text/pre_tokenizer.h"

#include "text/byte_alphabet.h"
#include "text/growth_limit.h"

namespace bantam {

const char* const kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

namespace {

/// Rewrites each word into a new text; `append(word, is_first, out)` writes.
template <typename Append>
void rewrite_words(Words& words, Append append) {
  std::string text;
  text.reserve(words.text.size() + words.text.size() / 4 + 16);
  for (size_t i = 0; i < words.ranges.size(); ++i) {
    ByteRange& range = words.ranges[i];
    const size_t begin = text.size();
    append(
        std::string_view(words.text)
            .substr(range.begin, range.end - range.begin),
        i == 0,
        text);
    check_growth(text.size());
    range = {begin, text.size()};
  }
  words.text = std::move(text);
}

class ByteLevel : public PreTokenizer {
 public:
  explicit ByteLevel(const ByteLevelOptions& options) : options_(options) {
    if (options.use_regex) {
      split_ = make_regex_split(
          kGpt2Pattern, SplitBehavior::isolated, false, "ByteLevel");
    }
  }

  void apply(Words& words) const override {
    if (options_.add_prefix_space) {
      rewrite_words(words, [](std::string_view word, bool, std::string& out) {
        out += word.starts_with(' ') ? "" : " ";
        out += word;
      });
    }
    if (split_ != nullptr) {
      split_->apply(words);
    }
    rewrite_words(words, [](std::string_view word, bool, std::string& out) {
      append_byte_alphabet(word, out);
    });
  }

 private:
  ByteLevelOptions options_;
  std::unique_ptr<PreTokenizer> split_;
};

class Metaspace : public PreTokenizer {
 public:
  explicit Metaspace(MetaspaceOptions options) : options_(std::move(options)) {
    if (options_.split) {
      split_ = make_string_split(
          options_.replacement, SplitBehavior::merged_with_next, false);
    }
  }

  void apply(Words& words) const override {
    const bool at_origin = words.at_origin;
    rewrite_words(
        words, [&](std::string_view word, bool is_first, std::string& out) {
          const bool wanted = options_.prefix == PrefixSpace::always ||
              (options_.prefix == PrefixSpace::first && is_first && at_origin);
          const bool has_one =
              word.starts_with(' ') || word.starts_with(options_.replacement);
          if (wanted && !has_one) {
            out += options_.replacement;
          }
          for (size_t at = 0; at < word.size();) {
            const size_t space = std::min(word.find(' ', at), word.size());
            out += word.substr(at, space - at);
            out += space < word.size() ? options_.replacement : "";
            at = space + 1;
          }
        });
    if (split_ != nullptr) {
      split_->apply(words);
    }
  }

 private:
  MetaspaceOptions options_;
  std::unique_ptr<PreTokenizer> split_;
};

class PreTokenizerSequence : public PreTokenizer {
 public:
  explicit PreTokenizerSequence(
      std::vector<std::unique_ptr<PreTokenizer>> stages)
      : stages_(std::move(stages)) {}

  void apply(Words& words) const override {
    for (const auto& stage : stages_) {
      stage->apply(words);
    }
  }

 private:
  std::vector<std::unique_ptr<PreTokenizer>> stages_;
};

}  // namespace

std::unique_ptr<PreTokenizer> make_byte_level(const ByteLevelOptions& options) {
  return std::make_unique<ByteLevel>(options);
}

std::unique_ptr<PreTokenizer> make_metaspace(MetaspaceOptions options) {
  return std::make_unique<Metaspace>(std::move(options));
}

std::unique_ptr<PreTokenizer> make_pre_tokenizer_sequence(
    std::vector<std::unique_ptr<PreTokenizer>> stages) {
  return std::make_unique<PreTokenizerSequence>(std::move(stages));
}

}  // namespace bantam
