// SPDX-License-Identifier: MIT
// Reads JSON in one pass without building values: the vocabularies in
// tokenizer.json are objects of 250 000 keys, too many for a general parser's
// containers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bantam {

/// All functions throw Error invalid_file "<source>:<line>:<column>: ..."
/// where the text is not what they expect.
class JsonScanner {
 public:
  /// Checks that `text` is UTF-8; keeps views of both.
  JsonScanner(std::string_view text, const std::string& source);
  /// Continues in a value that a scanner of the same text has skipped.
  JsonScanner(const JsonScanner& whole, std::string_view value);

  /// '{', '[', '"', 'n' (null), 't', 'f', or '0' for a number.
  char peek();

  void begin_object();
  /// The next key, or false at the end. The value must then be read or
  /// skipped.
  bool next_key(std::string& key);
  void begin_array();
  bool next_element();

  /// Decodes a string into `out`.
  void read_string(std::string& out);
  int64_t read_integer();
  double read_number();

  /// Checks a value of any kind and returns its text. Nesting is bounded, as
  /// is the number of an object's keys where `max_keys` is not 0.
  std::string_view skip_value(size_t max_keys = 0);

  /// Only space may follow.
  void end();

  [[noreturn]] void refuse(std::string_view what) const;

 private:
  void skip_space();
  void expect(char c);
  void take_word(std::string_view word);
  std::string_view number_text();
  void skip_string();
  void read_escape(std::string& out);
  uint32_t read_hex4();
  bool next_item(char close);

  std::string_view text_;
  const std::string& source_;
  size_t at_ = 0;
  size_t end_ = 0;
  bool first_ = false;  // the next item is its container's first
};

}  // namespace bantam
