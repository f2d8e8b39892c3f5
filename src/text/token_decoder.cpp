// SPDX-License-Identifier: MIT
// The stages that join strings or cut them: ByteLevel, ByteFallback, Fuse,
// Strip, and the chain itself. word_decoder.cpp has those that rewrite.
#include "text/token_decoder.h"

#include <charconv>
#include <optional>

#include "base/utf8.h"
#include "text/byte_alphabet.h"

namespace bantam {

namespace {

/// A decoder whose stage is a Stage(next, arguments...).
template <typename Stage, typename Options>
class DecoderOf : public TokenDecoder {
 public:
  explicit DecoderOf(Options options) : options_(std::move(options)) {}
  std::unique_ptr<TextSink> open(TextSink& next) const override {
    return std::make_unique<Stage>(next, options_);
  }

 private:
  Options options_;
};

struct NoOptions {};

class FuseStage : public TextSink {
 public:
  FuseStage(TextSink& next, const NoOptions&) : next_(next) {}
  void put(std::string_view fragment, bool) override {
    next_.put(fragment, false);
  }
  void finish() override {
    next_.put("", true);
    next_.finish();
  }

 private:
  TextSink& next_;
};

/// How many bytes at the end of `text` may begin a character whose rest is
/// still to come (0 to 3).
size_t unfinished_tail(std::string_view text) {
  for (size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<uint8_t>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) {
      continue;
    }
    const size_t length = byte >= 0xF0 ? 4
        : byte >= 0xE0                 ? 3
        : byte >= 0xC0                 ? 2
                                       : 1;
    return length > back ? back : 0;
  }
  return 0;
}

/// How long the prefix of a character at `offset` is valid so far: what one
/// U+FFFD stands for (Unicode's "maximal subpart").
size_t maximal_subpart(std::string_view text, size_t offset) {
  const auto byte = [&](size_t i) {
    return static_cast<uint8_t>(text[offset + i]);
  };
  const size_t available = text.size() - offset;
  const uint8_t lead = byte(0);
  if (lead < 0xC2 || lead > 0xF4 || available < 2) {
    return 1;
  }
  const uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (lead < 0xE0 || byte(1) < low || byte(1) > high) {
    return 1;
  }
  const bool third = lead >= 0xF0 && available >= 3 && (byte(2) & 0xC0) == 0x80;
  return third ? 3 : 2;
}

/// Appends `bytes` as UTF-8, what is invalid as U+FFFD.
void append_lossy(std::string_view bytes, std::string& out) {
  for (size_t at = 0; at < bytes.size();) {
    const size_t valid = valid_utf8_prefix(bytes.substr(at));
    out += bytes.substr(at, valid);
    at += valid;
    if (at < bytes.size()) {
      at += maximal_subpart(bytes, at);
      append_utf8(kReplacementCharacter, out);
    }
  }
}

class ByteLevelStage : public TextSink {
 public:
  ByteLevelStage(TextSink& next, const NoOptions&) : next_(next) {}

  void put(std::string_view fragment, bool ends) override {
    token_ += fragment;
    if (!ends) {
      return;
    }
    append_bytes();
    token_.clear();
    const size_t held = unfinished_tail(bytes_);
    pass_on(bytes_.size() - held);
  }
  void finish() override {
    pass_on(bytes_.size());
    next_.put("", true);
    next_.finish();
  }

 private:
  /// A token with a character outside the alphabet stands for itself.
  void append_bytes() {
    const size_t before = bytes_.size();
    for (size_t at = 0; at < token_.size();) {
      const Utf8Character c = decode_utf8(token_, at);
      const int byte = character_to_byte(c.code_point);
      if (byte < 0 || c.length == 0) {
        bytes_.resize(before);
        bytes_ += token_;
        return;
      }
      bytes_.push_back(static_cast<char>(byte));
      at += c.length;
    }
  }
  void pass_on(size_t count) {
    if (count == 0) {
      return;
    }
    std::string text;
    append_lossy(std::string_view(bytes_).substr(0, count), text);
    bytes_.erase(0, count);
    next_.put(text, false);
  }

  TextSink& next_;
  std::string token_;
  std::string bytes_;
};

/// The byte of "<0xNN>", read as Rust's from_str_radix does ("+F" counts).
std::optional<char> fallback_byte(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') {
    return std::nullopt;
  }
  const char* first = token.data() + (token[3] == '+' ? 4 : 3);
  const char* last = token.data() + 5;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(first, last, value, 16);
  if (error != std::errc() || end != last) {
    return std::nullopt;
  }
  return static_cast<char>(value);
}

class ByteFallbackStage : public TextSink {
 public:
  ByteFallbackStage(TextSink& next, const NoOptions&) : next_(next) {}

  void put(std::string_view fragment, bool ends) override {
    token_ += fragment;
    if (!ends) {
      return;
    }
    if (const auto byte = fallback_byte(token_)) {
      run_.push_back(*byte);
    } else {
      end_run();
      next_.put(token_, true);
    }
    token_.clear();
  }
  void finish() override {
    end_run();
    next_.finish();
  }

 private:
  void end_run() {
    if (valid_utf8_prefix(run_) == run_.size()) {
      if (!run_.empty()) {
        next_.put(run_, true);
      }
    } else {
      for (size_t i = 0; i < run_.size(); ++i) {
        next_.put("\uFFFD", true);
      }
    }
    run_.clear();
  }

  TextSink& next_;
  std::string token_;
  std::string run_;
};

class StripStage : public TextSink {
 public:
  StripStage(TextSink& next, const StripDecoderOptions& options)
      : next_(next), options_(options), to_strip_(options.start) {}

  void put(std::string_view fragment, bool ends) override {
    const std::string& content = options_.content;
    while (to_strip_ > 0 && !fragment.empty()) {
      if (!fragment.starts_with(content)) {
        to_strip_ = 0;
        break;
      }
      fragment.remove_prefix(content.size());
      --to_strip_;
    }
    std::string text = std::move(held_);
    held_.clear();
    text += fragment;
    // What may yet be the string's end is held back.
    size_t keep = text.size();
    for (size_t i = 0; i < options_.stop; ++i) {
      if (!std::string_view(text).substr(0, keep).ends_with(content)) {
        break;
      }
      keep -= content.size();
    }
    if (!ends) {
      held_ = text.substr(keep);
    } else {
      to_strip_ = options_.start;
    }
    text.resize(keep);
    next_.put(text, ends);
  }
  void finish() override { next_.finish(); }

 private:
  TextSink& next_;
  const StripDecoderOptions& options_;
  size_t to_strip_;
  std::string held_;
};

/// Owns the stages of a chain, the last one first.
class ChainStage : public TextSink {
 public:
  ChainStage(
      TextSink& next,
      const std::vector<std::unique_ptr<TokenDecoder>>& decoders)
      : first_(&next) {
    for (size_t i = decoders.size(); i-- > 0;) {
      stages_.push_back(decoders[i]->open(*first_));
      first_ = stages_.back().get();
    }
  }
  void put(std::string_view fragment, bool ends) override {
    first_->put(fragment, ends);
  }
  void finish() override { first_->finish(); }

 private:
  TextSink* first_;
  std::vector<std::unique_ptr<TextSink>> stages_;
};

}  // namespace

std::unique_ptr<TokenDecoder> make_byte_level_decoder() {
  return std::make_unique<DecoderOf<ByteLevelStage, NoOptions>>(NoOptions{});
}

std::unique_ptr<TokenDecoder> make_byte_fallback_decoder() {
  return std::make_unique<DecoderOf<ByteFallbackStage, NoOptions>>(NoOptions{});
}

std::unique_ptr<TokenDecoder> make_fuse_decoder() {
  return std::make_unique<DecoderOf<FuseStage, NoOptions>>(NoOptions{});
}

std::unique_ptr<TokenDecoder> make_strip_decoder(StripDecoderOptions options) {
  return std::make_unique<DecoderOf<StripStage, StripDecoderOptions>>(
      std::move(options));
}

std::unique_ptr<TokenDecoder> make_decoder_sequence(
    std::vector<std::unique_ptr<TokenDecoder>> stages) {
  return std::make_unique<
      DecoderOf<ChainStage, std::vector<std::unique_ptr<TokenDecoder>>>>(
      std::move(stages));
}

}  // namespace bantam
