// SPDX-License-Identifier: MIT
// The decoder stages that rewrite strings: Replace, Metaspace, WordPiece,
// BPEDecoder, and the space between tokens where there is no decoder.
#include <algorithm>
#include <array>

#include "text/growth_limit.h"
#include "text/regex.h"
#include "text/token_decoder.h"

namespace bantam {

namespace {

/// Replaces every occurrence, left to right.
void replace_all(
    std::string& text,
    std::string_view pattern,
    std::string_view content) {
  std::string out;
  size_t at = 0;
  for (size_t found; (found = text.find(pattern, at)) != text.npos;) {
    out.append(text, at, found - at);
    out += content;
    check_growth(out.size());
    at = found + pattern.size();
  }
  if (at > 0) {
    out.append(text, at);
    text = std::move(out);
  }
}

struct Replacement {
  std::string pattern;
  std::string content;
};

/// Works on fragments: only what may begin the pattern is held back.
class ReplaceStage : public TextSink {
 public:
  ReplaceStage(TextSink& next, const Replacement& replacement)
      : next_(next), replacement_(replacement) {}

  void put(std::string_view fragment, bool ends) override {
    held_ += fragment;
    const std::string& pattern = replacement_.pattern;
    std::string text;
    size_t at = 0;
    for (size_t found; (found = held_.find(pattern, at)) != held_.npos;) {
      text.append(held_, at, found - at);
      text += replacement_.content;
      check_growth(text.size());
      at = found + pattern.size();
    }
    const size_t keep = ends ? 0 : begun(std::string_view(held_).substr(at));
    text.append(held_, at, held_.size() - at - keep);
    held_.erase(0, held_.size() - keep);
    next_.put(text, ends);
  }
  void finish() override { next_.finish(); }

 private:
  /// The length of the longest end of `text` that begins the pattern.
  size_t begun(std::string_view text) const {
    const std::string_view pattern = replacement_.pattern;
    size_t length = std::min(text.size(), pattern.size() - 1);
    while (length > 0 && !text.ends_with(pattern.substr(0, length))) {
      --length;
    }
    return length;
  }

  TextSink& next_;
  const Replacement& replacement_;
  std::string held_;
};

class ReplaceDecoder : public TokenDecoder {
 public:
  explicit ReplaceDecoder(Replacement replacement)
      : replacement_(std::move(replacement)) {}
  std::unique_ptr<TextSink> open(TextSink& next) const override {
    return std::make_unique<ReplaceStage>(next, replacement_);
  }

 private:
  Replacement replacement_;
};

/// A stage that needs its strings whole. `Rewrite` is called as
/// rewrite(string, is_first) and changes the string.
template <typename Rewrite>
class WholeStringStage : public TextSink {
 public:
  WholeStringStage(TextSink& next, const Rewrite& rewrite)
      : next_(next), rewrite_(rewrite) {}

  void put(std::string_view fragment, bool ends) override {
    string_ += fragment;
    if (!ends) {
      return;
    }
    rewrite_(string_, is_first_);
    is_first_ = false;
    next_.put(string_, true);
    string_.clear();
  }
  void finish() override { next_.finish(); }

 private:
  TextSink& next_;
  const Rewrite& rewrite_;
  std::string string_;
  bool is_first_ = true;
};

template <typename Rewrite>
class WholeStringDecoder : public TokenDecoder {
 public:
  explicit WholeStringDecoder(Rewrite rewrite) : rewrite_(std::move(rewrite)) {}
  std::unique_ptr<TextSink> open(TextSink& next) const override {
    return std::make_unique<WholeStringStage<Rewrite>>(next, rewrite_);
  }

 private:
  Rewrite rewrite_;
};

struct RegexReplace {
  Regex regex;
  std::string content;

  void operator()(std::string& text, bool) const {
    RegexSearch search(regex);
    search.start(text);
    std::string out;
    size_t at = 0;
    while (const auto match = search.next()) {
      out.append(text, at, match->begin - at);
      out += content;
      check_growth(out.size());
      at = match->end;
    }
    out.append(text, at);
    text = std::move(out);
  }
};

struct MetaspaceToText {
  std::string replacement;
  bool added_prefix;

  void operator()(std::string& text, bool is_first) const {
    replace_all(text, replacement, is_first && added_prefix ? "" : " ");
  }
};

struct WordPieceToText {
  WordPieceDecoderOptions options;

  void operator()(std::string& text, bool is_first) const {
    if (!is_first) {
      if (text.starts_with(options.prefix)) {
        text.erase(0, options.prefix.size());
      } else {
        text.insert(0, " ");
      }
    }
    if (options.cleanup) {
      clean_up(text);
    }
  }

  /// English contractions and punctuation, in the reference's order.
  static void clean_up(std::string& text) {
    static constexpr std::array<std::pair<const char*, const char*>, 11>
        kRules = {{
            {" .", "."},
            {" ?", "?"},
            {" !", "!"},
            {" ,", ","},
            {" ' ", "'"},
            {" n't", "n't"},
            {" 'm", "'m"},
            {" do not", " don't"},
            {" 's", "'s"},
            {" 've", "'ve"},
            {" 're", "'re"},
        }};
    for (const auto& [pattern, content] : kRules) {
      replace_all(text, pattern, content);
    }
  }
};

struct SpaceBefore {
  void operator()(std::string& text, bool is_first) const {
    if (!is_first) {
      text.insert(0, " ");
    }
  }
};

/// Holds a string until it is known whether another follows.
class BpeStage : public TextSink {
 public:
  BpeStage(TextSink& next, const std::string& suffix)
      : next_(next), suffix_(suffix) {}

  void put(std::string_view fragment, bool ends) override {
    if (!in_string_) {
      pass_on(" ");
      in_string_ = true;
    }
    string_ += fragment;
    has_string_ = true;
    in_string_ = !ends;
  }
  void finish() override {
    pass_on("");
    next_.finish();
  }

 private:
  void pass_on(std::string_view replacement) {
    if (!has_string_) {
      return;
    }
    replace_all(string_, suffix_, replacement);
    next_.put(string_, true);
    string_.clear();
    has_string_ = false;
  }

  TextSink& next_;
  const std::string& suffix_;
  std::string string_;
  bool has_string_ = false;
  bool in_string_ = false;
};

class BpeDecoder : public TokenDecoder {
 public:
  explicit BpeDecoder(std::string suffix) : suffix_(std::move(suffix)) {}
  std::unique_ptr<TextSink> open(TextSink& next) const override {
    return std::make_unique<BpeStage>(next, suffix_);
  }

 private:
  std::string suffix_;
};

template <typename Rewrite>
std::unique_ptr<TokenDecoder> decoder_of(Rewrite rewrite) {
  return std::make_unique<WholeStringDecoder<Rewrite>>(std::move(rewrite));
}

}  // namespace

std::unique_ptr<TokenDecoder> make_string_replace_decoder(
    std::string pattern,
    std::string content) {
  return std::make_unique<ReplaceDecoder>(
      Replacement{std::move(pattern), std::move(content)});
}

std::unique_ptr<TokenDecoder> make_regex_replace_decoder(
    const std::string& pattern,
    std::string content,
    const std::string& where) {
  return decoder_of(RegexReplace{Regex(pattern, where), std::move(content)});
}

std::unique_ptr<TokenDecoder> make_metaspace_decoder(
    std::string replacement,
    bool added_prefix) {
  return decoder_of(MetaspaceToText{std::move(replacement), added_prefix});
}

std::unique_ptr<TokenDecoder> make_word_piece_decoder(
    WordPieceDecoderOptions options) {
  return decoder_of(WordPieceToText{std::move(options)});
}

std::unique_ptr<TokenDecoder> make_bpe_decoder(std::string suffix) {
  return std::make_unique<BpeDecoder>(std::move(suffix));
}

std::unique_ptr<TokenDecoder> make_space_join_decoder() {
  return decoder_of(SpaceBefore{});
}

}  // namespace bantam
