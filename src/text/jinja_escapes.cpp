// SPDX-License-Identifier: MIT
#include "text/jinja_escapes.h"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "base/utf8.h"

namespace bantam::jinja {

namespace {

int hex_value(char c) {
  const char low = static_cast<char>(c | 0x20);
  return c >= '0' && c <= '9'    ? c - '0'
      : low >= 'a' && low <= 'f' ? low - 'a' + 10
                                 : -1;
}

// Exactly `count` hexadecimal digits at `offset`; -1 if they are not there.
int64_t hex_number(std::string_view text, size_t offset, int count) {
  int64_t value = 0;
  for (int i = 0; i < count; ++i) {
    const int digit =
        offset + i < text.size() ? hex_value(text[offset + i]) : -1;
    if (digit < 0) {
      return -1;
    }
    value = value * 16 + digit;
  }
  return value;
}

bool is_surrogate(int64_t c, int64_t base) {
  return c >= base && c < base + 0x400;
}

// The character of \u at `offset`, where the backslash stands; advances past
// a second escape that completes a surrogate pair.
char32_t utf16_escape(std::string_view body, size_t& offset, int64_t unit) {
  offset += 6;
  if (is_surrogate(unit, 0xD800) && body.substr(offset, 2) == "\\u") {
    const int64_t low = hex_number(body, offset + 2, 4);
    if (is_surrogate(low, 0xDC00)) {
      offset += 6;
      return static_cast<char32_t>(
          0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
    }
  }
  const bool lone = unit >= 0xD800 && unit < 0xE000;
  return lone ? kReplacementCharacter : static_cast<char32_t>(unit);
}

// One-letter escapes; 0 for others ("\0" is octal).
char simple_escape(char letter) {
  constexpr std::string_view kLetters = "\\'\"abfnrtv";
  constexpr std::string_view kValues = "\\'\"\a\b\f\n\r\t\v";
  const size_t at = kLetters.find(letter);
  return at == kLetters.npos ? '\0' : kValues[at];
}

std::optional<EscapeProblem> numeric_escape(
    std::string_view body,
    size_t& i,
    std::string& out) {
  const char letter = body[i + 1];
  const int digits = letter == 'x' ? 2 : letter == 'u' ? 4 : 8;
  const int64_t value = hex_number(body, i + 2, digits);
  if (value < 0) {
    return EscapeProblem{i, fmt::format("truncated \\{} escape", letter)};
  }
  if (value > 0x10FFFF) {
    return EscapeProblem{i, "illegal Unicode character"};
  }
  if (letter == 'u') {
    append_utf8(utf16_escape(body, i, value), out);
    return std::nullopt;
  }
  const bool lone = value >= 0xD800 && value < 0xE000;
  append_utf8(lone ? kReplacementCharacter : static_cast<char32_t>(value), out);
  i += 2 + digits;
  return std::nullopt;
}

void octal_escape(std::string_view body, size_t& i, std::string& out) {
  char32_t value = 0;
  ++i;
  for (int n = 0; n < 3 && i < body.size(); ++n, ++i) {
    if (body[i] < '0' || body[i] > '7') {
      break;
    }
    value = value * 8 + (body[i] - '0');
  }
  append_utf8(value, out);
}

}  // namespace

std::optional<EscapeProblem> unescape(std::string_view body, std::string& out) {
  for (size_t i = 0; i < body.size();) {
    if (body[i] != '\\') {
      out += body[i++];
      continue;
    }
    const char letter = i + 1 < body.size() ? body[i + 1] : '\0';
    if (letter == 'x' || letter == 'u' || letter == 'U') {
      if (auto problem = numeric_escape(body, i, out)) {
        return problem;
      }
    } else if (letter >= '0' && letter <= '7') {
      octal_escape(body, i, out);
    } else if (letter == '\n') {
      i += 2;
    } else if (letter == 'N') {
      return EscapeProblem{i, "\\N{...} escapes are not supported"};
    } else if (const char value = simple_escape(letter)) {
      out += value;
      i += 2;
    } else {
      out += body[i++];  // an unknown escape keeps its backslash
    }
  }
  return std::nullopt;
}

Text escape_html(const Text& text) {
  Text result;
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    std::string_view entity;
    switch (text.bytes[i]) {
      case '&':
        entity = "&amp;";
        break;
      case '<':
        entity = "&lt;";
        break;
      case '>':
        entity = "&gt;";
        break;
      case '\'':
        entity = "&#39;";
        break;
      case '"':
        entity = "&#34;";
        break;
      default:
        continue;
    }
    result.append(text, begin, i);
    result.append(entity, text.is_input(i));
    begin = i + 1;
  }
  result.append(text, begin, text.size());
  return result;
}

namespace {

// The text of an entity name ("amp", "#39", "#x27"); empty if unknown.
std::string entity_text(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> kEntities[] = {
      {"amp", "&"},
      {"lt", "<"},
      {"gt", ">"},
      {"quot", "\""},
      {"apos", "'"},
      {"nbsp", "\u00A0"},
      {"copy", "\u00A9"},
      {"reg", "\u00AE"},
      {"laquo", "\u00AB"},
      {"raquo", "\u00BB"},
      {"hellip", "\u2026"},
      {"mdash", "\u2014"},
      {"ndash", "\u2013"},
      {"lsquo", "\u2018"},
      {"rsquo", "\u2019"},
      {"ldquo", "\u201C"},
      {"rdquo", "\u201D"},
      {"middot", "\u00B7"},
      {"bull", "\u2022"}};
  for (const auto& [known, value] : kEntities) {
    if (known == name) {
      return std::string(value);
    }
  }
  if (name.size() < 2 || name[0] != '#') {
    return {};
  }
  const bool hex = (name[1] | 0x20) == 'x';
  const std::string digits(name.substr(hex ? 2 : 1));
  char* end = nullptr;
  const auto code = std::strtoul(digits.c_str(), &end, hex ? 16 : 10);
  const bool scalar =
      code > 0 && code <= 0x10FFFF && !(code >= 0xD800 && code < 0xE000);
  std::string out;
  if (!digits.empty() && *end == '\0' && scalar) {
    append_utf8(static_cast<char32_t>(code), out);
  }
  return out;
}

}  // namespace

Text unescape_html(const Text& text) {
  constexpr size_t kLongestEntity = 10;
  Text result;
  size_t begin = 0;
  for (size_t i = 0; (i = text.bytes.find('&', i)) != std::string::npos; ++i) {
    const auto window =
        std::string_view(text.bytes).substr(i + 1, kLongestEntity);
    const size_t length = window.find(';');
    if (length == window.npos) {
      continue;
    }
    const size_t end = i + 1 + length;
    const std::string value = entity_text(window.substr(0, length));
    if (value.empty()) {
      continue;
    }
    result.append(text, begin, i);
    result.append(value, text.is_input(i));
    begin = end + 1;
    i = end;
  }
  result.append(text, begin, text.size());
  return result;
}

Text quote_url(const Text& text, bool query) {
  constexpr std::string_view kUnreserved = "_.-~";
  Text result;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text.bytes[i];
    const char low = static_cast<char>(c | 0x20);
    const bool plain = (c >= '0' && c <= '9') || (low >= 'a' && low <= 'z') ||
        kUnreserved.find(c) != kUnreserved.npos || (c == '/' && !query);
    const bool marked = text.is_input(i);
    if (plain) {
      result.append(std::string_view(&c, 1), marked);
    } else if (c == ' ' && query) {
      result.append("+", marked);
    } else {
      result.append(
          fmt::format("%{:02X}", static_cast<unsigned char>(c)), marked);
    }
  }
  return result;
}

}  // namespace bantam::jinja
