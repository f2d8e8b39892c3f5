// SPDX-License-Identifier: MIT
#include "text/json_scanner.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/utf8.h"

namespace bantam {

namespace {

constexpr size_t kMaxDepth = 256;

/// How many bytes, in steps of 8, are ASCII.
size_t ascii_prefix(std::string_view text) {
  size_t at = 0;
  for (uint64_t word; at + 8 <= text.size(); at += 8) {
    std::memcpy(&word, text.data() + at, 8);
    if ((word & 0x8080808080808080) != 0) {
      break;
    }
  }
  return at;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

JsonScanner::JsonScanner(std::string_view text, const std::string& source)
    : text_(text), source_(source), end_(text.size()) {
  // Most of the file is ASCII and need not be decoded.
  while (at_ < text.size()) {
    const size_t ascii = ascii_prefix(text.substr(at_));
    at_ += ascii;
    const auto other = text.substr(at_, 64);
    size_t length = valid_utf8_prefix(other);
    // A character may be cut by the end of the 64 bytes.
    if (length == 0 && !other.empty()) {
      refuse("the file is not UTF-8");
    }
    at_ += length;
  }
  at_ = 0;
}

JsonScanner::JsonScanner(const JsonScanner& whole, std::string_view value)
    : text_(whole.text_),
      source_(whole.source_),
      at_(value.data() - whole.text_.data()),
      end_(at_ + value.size()) {}

void JsonScanner::refuse(std::string_view what) const {
  const auto before = text_.substr(0, at_);
  const size_t line = 1 + std::ranges::count(before, '\n');
  const size_t newline = before.rfind('\n');
  const size_t column = newline == before.npos ? at_ + 1 : at_ - newline;
  fail(ErrorCode::invalid_file, "{}:{}:{}: {}", source_, line, column, what);
}

void JsonScanner::skip_space() {
  while (at_ < end_ &&
         (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' ||
          text_[at_] == '\t')) {
    ++at_;
  }
}

char JsonScanner::peek() {
  skip_space();
  if (at_ >= end_) {
    refuse("the text ends where a value is expected");
  }
  const char c = text_[at_];
  return is_digit(c) || c == '-' ? '0' : c;
}

void JsonScanner::expect(char c) {
  skip_space();
  if (at_ >= end_ || text_[at_] != c) {
    refuse(fmt::format("expected '{}'", c));
  }
  ++at_;
}

void JsonScanner::begin_object() {
  expect('{');
  first_ = true;
}

void JsonScanner::begin_array() {
  expect('[');
  first_ = true;
}

bool JsonScanner::next_item(char close) {
  skip_space();
  if (at_ < end_ && text_[at_] == close) {
    ++at_;
    first_ = false;
    return false;
  }
  if (!first_) {
    expect(',');
  }
  first_ = false;
  return true;
}

bool JsonScanner::next_key(std::string& key) {
  const bool was_first = first_;
  if (!next_item('}')) {
    return false;
  }
  if (peek() != '"') {
    refuse(was_first ? "expected a key or '}'" : "expected a key");
  }
  read_string(key);
  expect(':');
  return true;
}

bool JsonScanner::next_element() {
  if (!next_item(']')) {
    return false;
  }
  if (peek() == ']') {
    refuse("expected a value");
  }
  return true;
}

void JsonScanner::read_string(std::string& out) {
  expect('"');
  out.clear();
  while (true) {
    const size_t begin = at_;
    while (at_ < end_ && text_[at_] != '"' && text_[at_] != '\\' &&
           static_cast<uint8_t>(text_[at_]) >= 0x20) {
      ++at_;
    }
    out.append(text_, begin, at_ - begin);
    if (at_ >= end_) {
      refuse("the string is not closed");
    }
    if (text_[at_] == '"') {
      ++at_;
      return;
    }
    if (text_[at_] != '\\') {
      refuse("a control character in a string");
    }
    ++at_;
    read_escape(out);
  }
}

void JsonScanner::read_escape(std::string& out) {
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
  const char name = at_ < end_ ? text_[at_] : '\0';
  ++at_;
  if (const size_t known = kNames.find(name);
      known != kNames.npos && name != '\0') {
    out += kValues[known];
    return;
  }
  if (name != 'u') {
    --at_;
    refuse("an unknown escape in a string");
  }
  uint32_t code = read_hex4();
  if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
    at_ += 2;
    const uint32_t low = read_hex4();
    if (low < 0xDC00 || low > 0xDFFF) {
      refuse("a surrogate without its pair");
    }
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  if (code >= 0xD800 && code < 0xE000) {
    refuse("a surrogate without its pair");
  }
  append_utf8(code, out);
}

uint32_t JsonScanner::read_hex4() {
  uint32_t value = 0;
  const size_t stop = std::min(at_ + 4, end_);
  const auto [last, error] = std::from_chars(
      text_.data() + std::min(at_, stop), text_.data() + stop, value, 16);
  if (error != std::errc() || last != text_.data() + at_ + 4) {
    refuse("\\u without four hexadecimal digits");
  }
  at_ += 4;
  return value;
}

std::string_view JsonScanner::number_text() {
  skip_space();
  const size_t begin = at_;
  const auto digits = [&] {
    const size_t first = at_;
    while (at_ < end_ && is_digit(text_[at_])) {
      ++at_;
    }
    if (at_ == first) {
      refuse("expected a number");
    }
  };
  const auto take = [&](std::string_view any) {
    const bool found = at_ < end_ && any.find(text_[at_]) != any.npos;
    at_ += found ? 1 : 0;
    return found;
  };
  take("-");
  if (!take("0")) {
    digits();
  }
  if (take(".")) {
    digits();
  }
  if (take("eE")) {
    take("+-");
    digits();
  }
  return text_.substr(begin, at_ - begin);
}

int64_t JsonScanner::read_integer() {
  skip_space();
  const size_t begin = at_;
  const std::string_view number = number_text();
  int64_t value = 0;
  const auto [last, error] =
      std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc() || last != number.data() + number.size()) {
    at_ = begin;
    refuse(fmt::format("{} is not an integer of 64 bits", number));
  }
  return value;
}

double JsonScanner::read_number() {
  // strtod: libc++ has no from_chars for double. The text need not end in a
  // zero byte, so the number is copied.
  const std::string number(number_text());
  const double value = std::strtod(number.c_str(), nullptr);
  if (!std::isfinite(value)) {
    refuse(fmt::format("{} is out of range", number));
  }
  return value;
}

void JsonScanner::take_word(std::string_view word) {
  if (text_.substr(at_, word.size()) != word || at_ + word.size() > end_) {
    refuse("expected a value");
  }
  at_ += word.size();
}

void JsonScanner::skip_string() {
  std::string unused;
  const size_t begin = at_;
  ++at_;
  while (at_ < end_ && text_[at_] != '"') {
    if (text_[at_] == '\\' || static_cast<uint8_t>(text_[at_]) < 0x20) {
      // The rare case is left to the careful reader.
      at_ = begin;
      read_string(unused);
      return;
    }
    ++at_;
  }
  if (at_ >= end_) {
    refuse("the string is not closed");
  }
  ++at_;
}

std::string_view JsonScanner::skip_value(size_t max_keys) {
  struct Open {
    char close;
    size_t items;
  };
  std::vector<Open> open;
  skip_space();
  const size_t begin = at_;
  bool first = false;
  while (true) {
    // A value, or the end of a container, is expected here.
    const char kind = peek();
    const bool closes = first && kind == open.back().close;
    first = false;
    if (!closes && !open.empty() && open.back().close == '}') {
      if (kind != '"') {
        refuse("expected a key");
      }
      if (max_keys > 0 && open.back().items >= max_keys) {
        refuse(fmt::format("an object of more than {} keys", max_keys));
      }
      skip_string();
      expect(':');
      peek();
    }
    const char value = closes ? kind : peek();
    if (closes) {
      ++at_;
      open.pop_back();
    } else if (value == '{' || value == '[') {
      if (open.size() >= kMaxDepth) {
        refuse(fmt::format("nested deeper than {} levels", kMaxDepth));
      }
      ++at_;
      open.push_back({value == '{' ? '}' : ']', 0});
      first = true;
      continue;
    } else if (value == '"') {
      skip_string();
    } else if (value == '0') {
      number_text();
    } else {
      take_word(value == 'n' ? "null" : value == 't' ? "true" : "false");
    }
    // A value has ended: so may the containers it is in.
    while (!open.empty()) {
      ++open.back().items;
      const char next = peek();
      if (next == ',') {
        ++at_;
        break;
      }
      if (next != open.back().close) {
        refuse(fmt::format("expected ',' or '{}'", open.back().close));
      }
      ++at_;
      open.pop_back();
    }
    if (open.empty()) {
      return text_.substr(begin, at_ - begin);
    }
  }
}

void JsonScanner::end() {
  skip_space();
  if (at_ < end_) {
    refuse("more text follows the value");
  }
}

}  // namespace bantam
