// SPDX-License-Identifier: MIT
// One call written as JSON, {"name": ..., "arguments": {...}}, taken apart as
// it comes: the arguments are passed on before they are complete.
#pragma once

#include <string>
#include <string_view>

#include "text/tool_calls.h"

namespace bantam {

class JsonCall {
 public:
  enum class State { open, complete, broken };

  JsonCall(const ToolSchemas& tools, const ToolCallSink& sink)
      : tools_(tools), sink_(sink) {}

  /// Reads until the object ends; returns how many bytes were read.
  size_t push(std::string_view text);
  State state() const { return state_; }
  /// Is it within its object, after a value that is a whole object?
  bool has_whole_object() const {
    return state_ == State::open && depth_ == 1 && !in_string_ &&
        place_ == Place::value && value_.ends_with('}');
  }
  /// Everything that was read.
  const std::string& raw() const { return raw_; }
  /// Has the call been begun in the sink?
  bool has_begun() const { return begun_; }

 private:
  enum class Place { before, key, colon, value, after };

  void take(char c);
  void take_in_object(char c);
  void end_value();
  void begin_if_known();
  void give(std::string_view json);
  void end_object();

  const ToolSchemas& tools_;
  const ToolCallSink& sink_;
  State state_ = State::open;
  std::string raw_;
  int depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  Place place_ = Place::before;
  std::string key_;
  std::string value_;  // of the current key, raw
  std::string name_;
  std::string arguments_;  // raw, as far as they have come
  size_t given_ = 0;       // of them
  bool begun_ = false;
};

}  // namespace bantam
