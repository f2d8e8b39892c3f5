// SPDX-License-Identifier: MIT
#include "text/pipeline_tokenizer.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/utf8.h"

namespace bantam {

namespace {

class StringSink : public TextSink {
 public:
  void put(std::string_view fragment, bool) override { text += fragment; }
  void finish() override {}
  std::string text;
};

class PipelineTokenizer : public Tokenizer {
 public:
  explicit PipelineTokenizer(TokenizerParts parts)
      : parts_(std::move(parts)),
        added_(std::move(parts_.added), parts_.normalizer.get()) {
    size_ = parts_.tokens->size();
    for (const AddedToken& token : added_.all()) {
      size_ = std::max<int64_t>(size_, int64_t{token.id} + 1);
    }
  }

  std::vector<TokenId> encode(
      const PromptText& text,
      const EncodeOptions& options) const override;

  std::string decode(std::span<const TokenId> ids, bool skip_special)
      const override {
    const auto stream = open_stream(skip_special);
    std::string text;
    for (const TokenId id : ids) {
      text += stream->push(id);
    }
    return text += stream->finish();
  }

  std::unique_ptr<TextStream> open_stream(bool skip_special) const override;

  int64_t vocabulary_size() const override { return size_; }
  bool is_special(TokenId id) const override { return added_.is_special(id); }
  std::string_view spelling(TokenId id) const override {
    const AddedToken* token = added_.find(id);
    return token != nullptr ? token->content : parts_.tokens->spelling(id);
  }
  std::optional<TokenId> find(std::string_view text) const override {
    const AddedToken* token = added_.find(text);
    return token != nullptr ? token->id : parts_.tokens->find(text);
  }
  std::optional<TokenId> bos() const override { return parts_.bos; }
  std::vector<TokenId> end_tokens() const override { return parts_.end_tokens; }

 private:
  class Stream;

  void encode_plain(
      std::string_view text,
      bool at_origin,
      InputBytes input,
      std::vector<TokenId>& out) const;
  void encode_words(std::string text, bool at_origin, std::vector<TokenId>& out)
      const;

  TokenizerParts parts_;
  AddedTokens added_;
  int64_t size_;
};

class PipelineTokenizer::Stream : public TextStream {
 public:
  Stream(const PipelineTokenizer& tokenizer, bool skip_special)
      : tokenizer_(tokenizer),
        skip_special_(skip_special),
        chain_(tokenizer.parts_.decoder->open(sink_)) {}

  std::string push(TokenId id) override {
    if (id < 0 || id >= tokenizer_.size_) {
      fail(
          ErrorCode::invalid_request,
          "token {} is outside the vocabulary of {} tokens",
          id,
          tokenizer_.size_);
    }
    if (const AddedToken* token = tokenizer_.added_.find(id)) {
      if (!skip_special_ || !token->special) {
        chain_->put(tokenizer_.added_.decoded(*token), true);
      }
    } else if (tokenizer_.parts_.tokens->contains(id)) {
      chain_->put(tokenizer_.parts_.tokens->spelling(id), true);
    }
    return std::exchange(sink_.text, {});
  }
  std::string finish() override {
    chain_->finish();
    return std::exchange(sink_.text, {});
  }

 private:
  const PipelineTokenizer& tokenizer_;
  bool skip_special_;
  StringSink sink_;
  std::unique_ptr<TextSink> chain_;
};

std::unique_ptr<TextStream> PipelineTokenizer::open_stream(
    bool skip_special) const {
  return std::make_unique<Stream>(*this, skip_special);
}

void check_text(const PromptText& prompt) {
  const size_t valid = valid_utf8_prefix(prompt.text);
  if (valid < prompt.text.size()) {
    fail(
        ErrorCode::invalid_request,
        "the text is not UTF-8: byte 0x{:02X} at offset {}",
        static_cast<uint8_t>(prompt.text[valid]),
        valid);
  }
  size_t last = 0;
  for (const ByteRange& range : prompt.input) {
    if (range.begin < last || range.end < range.begin ||
        range.end > prompt.text.size()) {
      fail(
          ErrorCode::internal,
          "input range {}..{} of a text of {} bytes is out of order",
          range.begin,
          range.end,
          prompt.text.size());
    }
    last = range.end;
  }
}

std::vector<TokenId> PipelineTokenizer::encode(
    const PromptText& prompt,
    const EncodeOptions& options) const {
  check_text(prompt);
  const std::string_view text = prompt.text;
  const InputBytes input{!options.parse_special, &prompt.input, {}};
  std::vector<TokenId> ids;
  for (const TextSegment& segment : added_.split_raw(text, input)) {
    if (segment.id >= 0) {
      ids.push_back(segment.id);
      continue;
    }
    const auto [begin, end] = segment.range;
    const std::string_view plain = text.substr(begin, end - begin);
    // Marks are only needed where a token can be found in rewritten text.
    std::string marks;
    if (added_.has_normalized_special() && !prompt.input.empty()) {
      marks.assign(plain.size(), '\0');
      auto range =
          std::ranges::upper_bound(prompt.input, begin, {}, &ByteRange::end);
      for (; range != prompt.input.end() && range->begin < end; ++range) {
        const size_t first = std::max(range->begin, begin) - begin;
        const size_t last = std::min(range->end, end) - begin;
        std::fill(marks.begin() + first, marks.begin() + last, '\1');
      }
    }
    encode_plain(
        plain, begin == 0, {!options.parse_special, nullptr, marks}, ids);
  }
  if (options.add_special) {
    for (const SequenceTemplate& pieces : parts_.templates) {
      std::vector<TokenId> whole;
      for (const auto& piece : pieces) {
        if (piece) {
          whole.push_back(*piece);
        } else {
          whole.insert(whole.end(), ids.begin(), ids.end());
        }
      }
      ids = std::move(whole);
    }
  }
  return ids;
}

void PipelineTokenizer::encode_plain(
    std::string_view plain,
    bool at_origin,
    InputBytes input,
    std::vector<TokenId>& out) const {
  TrackedText text{std::string(plain), std::string(input.marks), at_origin};
  if (parts_.normalizer != nullptr) {
    parts_.normalizer->apply(text);
  }
  input.marks = text.input_marks;
  for (const auto& [range, id] : added_.split_normalized(text.text, input)) {
    if (id >= 0) {
      out.push_back(id);
    } else if (range.begin == 0 && range.end == text.text.size()) {
      encode_words(std::move(text.text), text.at_origin, out);
      break;
    } else {
      encode_words(
          text.text.substr(range.begin, range.end - range.begin),
          text.at_origin && range.begin == 0,
          out);
    }
  }
}

void PipelineTokenizer::encode_words(
    std::string text,
    bool at_origin,
    std::vector<TokenId>& out) const {
  if (text.empty()) {
    return;
  }
  Words words{std::move(text), {}, at_origin};
  words.ranges.push_back({0, words.text.size()});
  if (parts_.pre_tokenizer != nullptr) {
    parts_.pre_tokenizer->apply(words);
  }
  parts_.model->append_ids(words.text, words.ranges, out);
}

/// For tokenizers that know no better: everything is decoded at each push.
class RepeatingStream : public TextStream {
 public:
  RepeatingStream(const Tokenizer& tokenizer, bool skip_special)
      : tokenizer_(tokenizer), skip_special_(skip_special) {}

  std::string push(TokenId id) override {
    ids_.push_back(id);
    std::string text = tokenizer_.decode(ids_, skip_special_);
    // A character that is not complete yet decodes to U+FFFD.
    constexpr std::string_view kReplacement = "\uFFFD";
    while (text.ends_with(kReplacement)) {
      text.resize(text.size() - kReplacement.size());
    }
    return print(text);
  }
  std::string finish() override {
    return print(tokenizer_.decode(ids_, skip_special_));
  }

 private:
  std::string print(const std::string& text) {
    if (text.size() <= printed_) {
      return "";
    }
    std::string fresh = text.substr(printed_);
    printed_ = text.size();
    return fresh;
  }

  const Tokenizer& tokenizer_;
  bool skip_special_;
  std::vector<TokenId> ids_;
  size_t printed_ = 0;
};

}  // namespace

std::unique_ptr<TextStream> Tokenizer::open_stream(bool skip_special) const {
  return std::make_unique<RepeatingStream>(*this, skip_special);
}

std::unique_ptr<Tokenizer> make_pipeline_tokenizer(TokenizerParts parts) {
  return std::make_unique<PipelineTokenizer>(std::move(parts));
}

std::vector<TokenId> end_tokens_by_spelling(
    const std::vector<AddedToken>& added) {
  constexpr std::array<std::string_view, 17> kEnds = {
      "<|eot_id|>",
      "<|im_end|>",
      "<|end|>",
      "<|return|>",
      "<|call|>",
      "<end_of_turn>",
      "<|endoftext|>",
      "</s>",
      "<|eom_id|>",
      "<EOT>",
      "[EOT]",
      "[EOS]",
      "<|end_of_text|>",
      "<end_of_utterance>",
      "<eos>",
      "<turn|>",
      "<｜end▁of▁sentence｜>",
  };
  const auto has = [&](std::string_view content) {
    return std::ranges::any_of(added, [&](const AddedToken& token) {
      return token.special && token.content == content;
    });
  };
  // In the "harmony" format <|end|> ends one message of several.
  const bool harmony = has("<|return|>") && has("<|call|>");
  std::vector<TokenId> ends;
  for (const AddedToken& token : added) {
    const bool is_end = std::ranges::find(kEnds, token.content) != kEnds.end();
    if (token.special && is_end && !(harmony && token.content == "<|end|>")) {
      ends.push_back(token.id);
    }
  }
  return ends;
}

}  // namespace bantam
