// SPDX-License-Identifier: MIT
#include "engine/answer_stream.h"

#include <string_view>
#include <utility>

namespace bantam {

AnswerStream::AnswerStream(
    const Tokenizer& tokenizer,
    const EncodedPrompt& prompt,
    const Request& request)
    : tokenizer_(tokenizer),
      shows_special_(request.show_special_tokens),
      decoder_(std::in_place, tokenizer, !shows_special_),
      reasoning_(prompt.reasoning, prompt.inside_reasoning),
      stops_(request.stop),
      budget_(prompt.reasoning ? request.thinking_budget : -1) {
  if (budget_ >= 0) {
    closing_ = tokenizer.encode(
        prompt.reasoning->closing,
        {.add_special = false, .parse_special = true});
  }
}

std::optional<TokenId> AnswerStream::forced() const {
  const bool begun = closed_ > 0 && closed_ < closing_.size();
  const bool spent = budget_ >= 0 && closed_ == 0 && reasoning_.inside() &&
      reasoning_tokens_ >= budget_;
  if (begun || (spent && !closing_.empty())) {
    return closing_[closed_];
  }
  return std::nullopt;
}

// A stop string ends the answer, not the reasoning.
AnswerPieces AnswerStream::split(std::string_view text) {
  AnswerPieces pieces = reasoning_.push(text);
  pieces.answer = stops_.push(pieces.answer);
  return pieces;
}

AnswerPieces AnswerStream::push(TokenId token) {
  if (forced()) {
    ++closed_;
  } else if (reasoning_.inside()) {
    ++reasoning_tokens_;
  }
  if (token >= tokenizer_.vocabulary_size()) {
    return {};  // a row that pads the model's output: it has no text
  }
  if (!shows_special_ && tokenizer_.is_special(token)) {
    // A special token has no text, but may be the mark of a channel.
    const std::string_view spelling = tokenizer_.spelling(token);
    if (reasoning_.is_mark(spelling)) {
      const std::string held = decoder_->finish();
      decoder_.emplace(tokenizer_);
      return split(held + std::string(spelling));
    }
  }
  return split(decoder_->push(token));
}

AnswerPieces AnswerStream::finish() {
  AnswerPieces pieces = split(decoder_->finish());
  const AnswerPieces rest = reasoning_.finish();
  pieces.reasoning += rest.reasoning;
  pieces.answer += stops_.push(rest.answer);
  pieces.answer += stops_.finish();
  return pieces;
}

}  // namespace bantam
