// SPDX-License-Identifier: MIT
// From generated tokens to text: reasoning and answer apart, up to a stop
// string; and the budget of reasoning.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bantam/request.h"
#include "engine/chat_prompt.h"
#include "text/reasoning.h"
#include "text/stop_strings.h"
#include "text/tokenizer.h"

namespace bantam {

/// One per answer; one thread.
class AnswerStream {
 public:
  /// `tokenizer` must outlive this. Throws invalid_request for an empty stop
  /// string.
  AnswerStream(
      const Tokenizer& tokenizer,
      const EncodedPrompt& prompt,
      const Request& request);

  /// The text that became certain with a token that is no end token.
  AnswerPieces push(TokenId token);
  /// What is held back. Call once, at the end.
  AnswerPieces finish();

  /// A stop string has ended the answer.
  bool stopped() const { return stops_.stopped(); }
  /// Which one; "": none.
  const std::string& stop_string() const { return stops_.found(); }
  bool inside_reasoning() const { return reasoning_.inside(); }
  /// Tokens so far that were reasoning.
  int64_t reasoning_tokens() const { return reasoning_tokens_; }
  /// The next token of what closes the reasoning once its budget is spent;
  /// nullopt: the model chooses the next token.
  std::optional<TokenId> forced() const;

 private:
  AnswerPieces split(std::string_view text);

  const Tokenizer& tokenizer_;
  const bool shows_special_;
  std::optional<StreamDecoder> decoder_;
  ReasoningParser reasoning_;
  StopStrings stops_;
  int64_t budget_;  // of reasoning, in tokens; negative: none
  std::vector<TokenId> closing_;
  size_t closed_ = 0;  // tokens of closing_ that came
  int64_t reasoning_tokens_ = 0;
};

}  // namespace bantam
