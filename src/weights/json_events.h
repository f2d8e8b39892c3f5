// SPDX-License-Identifier: MIT
// Reading JSON event by event, without a document tree. Internal to weights/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"

namespace bantam {

/// The base of a reader: derived classes take the events. The parser keeps its
/// own stack, so nesting cannot overflow ours.
class JsonEvents : public nlohmann::json_sax<Json> {
 public:
  /// The text begins at byte `text_begin` of `file`.
  JsonEvents(const std::string& file, uint64_t text_begin)
      : file_(file), text_begin_(text_begin) {}

  /// Throws invalid_file: "<file>: JSON at byte <n>: ...", or what a derived
  /// class throws.
  void parse(std::string_view text);

  bool binary(binary_t&) override { return false; }  // never in text
  bool parse_error(
      size_t position,
      const std::string& token,
      const nlohmann::detail::exception& error) final;

 protected:
  const std::string& file() const { return file_; }
  uint64_t text_begin() const { return text_begin_; }

 private:
  std::string file_;
  uint64_t text_begin_;
};

}  // namespace bantam
