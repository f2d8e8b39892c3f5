// SPDX-License-Identifier: MIT
// Tells a model's reasoning from its answer while the text streams in, however
// its pieces fall.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/prompt_text.h"

namespace bantam {

/// How a model marks its reasoning.
struct ReasoningFormat {
  std::string open;   // "<think>"
  std::string close;  // "</think>"
  /// What ends reasoning in the model's place, when its budget is spent.
  std::string closing;
  /// Each message names its channel (gpt-oss's harmony format): "analysis" is
  /// reasoning; open and close are not used.
  bool channels = false;
};

/// Judged by the marks in a chat template; nullopt: its model does not reason
/// in a way that is known here.
std::optional<ReasoningFormat> reasoning_format(
    std::string_view template_source);

/// What the template's own words after the last input leave begun: does the
/// answer to `prompt` start inside of its reasoning? False for channels.
bool opens_reasoning(const PromptText& prompt, const ReasoningFormat& format);

/// Text that has become certain.
struct AnswerPieces {
  std::string reasoning;
  std::string answer;
};

/// Holds back no more than white space and a mark (or a channel's header, up to
/// 512 bytes). Reasoning begins where the text begins: a mark within an answer
/// is part of the answer. White space around reasoning is dropped. Of channels,
/// "final" and "commentary" are answer; a message to a tool is answer with its
/// header, for whoever reads tool calls.
class ReasoningParser {
 public:
  /// `inside`: the text starts within reasoning. nullopt: all text is answer.
  explicit ReasoningParser(
      std::optional<ReasoningFormat> format,
      bool inside = false);

  AnswerPieces push(std::string_view text);
  /// What was held back, at the end of the stream.
  AnswerPieces finish();

  bool inside() const { return state_ == State::reasoning; }
  /// Is a special token of this spelling a mark, which push() has to see
  /// although it is no text?
  bool is_mark(std::string_view spelling) const;

 private:
  enum class State { start, role, header, reasoning, answer };

  // Each looks at held_ in its state, takes what is certain, and returns true
  // if it went on to another state, so that the rest is looked at again.
  bool begin(AnswerPieces& out, bool at_end);
  bool is_overlong(size_t at, AnswerPieces& out);
  bool read_role(AnswerPieces& out);
  bool read_header(AnswerPieces& out);
  bool read_body(AnswerPieces& out, bool at_end);
  void run(AnswerPieces& out, bool at_end);
  void add(std::string_view text, bool ends, AnswerPieces& out);
  std::string take(size_t count);

  std::optional<ReasoningFormat> format_;
  std::vector<std::string> body_ends_;
  State state_;
  std::string held_;
  std::string role_;         // of the message being read, in channels
  bool drop_space_ = false;  // at the beginning of what comes
};

}  // namespace bantam
