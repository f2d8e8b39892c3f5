// SPDX-License-Identifier: MIT
// What the parsers of tool calls share: text that may be the beginning of a
// mark is held back, and so is space that may stand before a call.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/json_call.h"
#include "text/tool_calls.h"

namespace bantam {

inline bool is_call_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// The length of the longest end of `text` that begins `mark`, without being
/// it.
size_t held_length(std::string_view text, std::string_view mark);

class TextBeforeCalls : public ToolCallParser {
 public:
  void push(std::string_view text) final {
    buffer_ += text;
    while (advance()) {
    }
  }

 protected:
  TextBeforeCalls(ToolSchemas tools, ToolCallSink sink)
      : tools_(std::move(tools)), sink_(std::move(sink)) {}

  /// Does one step; false: more text is needed.
  virtual bool advance() = 0;

  /// Gives out text up to the first of `marks`, which then begins the buffer.
  /// False: there is none yet.
  bool find_mark(const std::vector<std::string_view>& marks);
  /// Gives out `count` bytes of the buffer as text.
  void give_text(size_t count);
  /// The rest, at the end of the answer.
  void give_rest();
  void drop_space();
  /// A call that is none: `raw` is text.
  void break_call(std::string_view raw, bool begun);
  void end_call() {
    ++calls_;
    sink_.end();
  }

  ToolSchemas tools_;
  ToolCallSink sink_;
  std::string buffer_;

 private:
  void give(std::string_view text);
  std::string space_;  // before what may be a call
};

}  // namespace bantam
