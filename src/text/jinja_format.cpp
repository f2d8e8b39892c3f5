// SPDX-License-Identifier: MIT
#include "text/jinja_format.h"

#include <algorithm>
#include <cmath>

#include "text/jinja_escapes.h"
#include "text/jinja_operators.h"
#include "text/jinja_repr.h"
#include "text/jinja_unicode.h"

namespace bantam::jinja {

namespace {

constexpr std::string_view kDigits = "0123456789";

Text escaped_text(Runtime& runtime, const Value& value, bool escape) {
  Text text = text_of(runtime, value);
  const bool is_markup = value.is_string() && value.string().markup;
  return escape && !is_markup ? escape_html(text) : text;
}

Integer truncated(double value, std::string_view what) {
  constexpr double kLimit = 0x1p126;
  if (std::isnan(value) || std::abs(value) >= kLimit) {
    raise("{}", what);
  }
  return static_cast<Integer>(value);
}

class PercentFormatter {
 public:
  PercentFormatter(Runtime& runtime, const String& format, const Value& args)
      : runtime_(runtime), format_(format), args_(args) {}

  Text run() {
    const std::string& bytes = format_.text.bytes;
    while (at_ < bytes.size()) {
      const size_t percent = std::min(bytes.find('%', at_), bytes.size());
      out_.append(format_.text, at_, percent);
      at_ = percent;
      if (at_ < bytes.size()) {
        ++at_;
        conversion();
        runtime_.meter.work();
        runtime_.meter.expect(out_.size());
      }
    }
    const bool unused =
        is_tuple() ? next_ < args_.sequence().items.size() : next_ == 0;
    const bool mapping = args_.is_dict() || args_.is_undefined() ||
        (args_.is_sequence() && !is_tuple());
    if (unused && !mapping) {
      raise("not all arguments converted during string formatting");
    }
    return std::move(out_);
  }

 private:
  bool is_tuple() const {
    return args_.is_sequence() && args_.sequence().is_tuple();
  }

  char peek() const {
    return at_ < format_.text.size() ? format_.text.bytes[at_] : '\0';
  }

  Value next_argument() {
    if (is_tuple() && next_ < args_.sequence().items.size()) {
      return args_.sequence().items[next_++];
    }
    if (is_tuple() || next_ > 0) {
      raise("not enough arguments for format string");
    }
    ++next_;
    return args_;
  }

  Value keyed_argument() {
    if (!args_.is_dict()) {
      raise("format requires a mapping");
    }
    size_t end = ++at_;
    for (int open = 1; end < format_.text.size(); ++end) {
      const char c = format_.text.bytes[end];
      open += c == '(' ? 1 : c == ')' ? -1 : 0;
      if (open == 0) {
        break;
      }
    }
    if (end >= format_.text.size()) {
      raise("incomplete format key");
    }
    const auto key =
        std::string_view(format_.text.bytes).substr(at_, end - at_);
    at_ = end + 1;
    const Value* value = args_.dict().find(key);
    if (!value) {
      raise("{}", quote(key));
    }
    return *value;
  }

  int64_t number() {
    if (peek() == '*') {
      ++at_;
      return as_index(next_argument());
    }
    int64_t value = 0;
    while (kDigits.find(peek()) != kDigits.npos && peek() != '\0') {
      value = std::min<int64_t>(value * 10 + (peek() - '0'), int64_t{1} << 40);
      ++at_;
    }
    return value;
  }

  void flags(FormatSpec& spec) {
    bool zero = false;
    bool left = false;
    for (;; ++at_) {
      const char c = peek();
      if (c == '-') {
        left = true;
      } else if (c == '+' || (c == ' ' && spec.sign != '+')) {
        spec.sign = c;
      } else if (c == '#') {
        spec.alternate = true;
      } else if (c == '0') {
        zero = true;
      } else if (c != ' ') {
        break;
      }
    }
    spec.align = left ? '<' : zero ? '=' : '>';
    spec.fill = zero && !left ? '0' : ' ';
  }

  void conversion() {
    std::optional<Value> keyed;
    if (peek() == '(') {
      keyed = keyed_argument();
    }
    FormatSpec spec;
    flags(spec);
    spec.width = number();
    if (spec.width < 0) {
      spec.width = -spec.width;
      spec.align = '<';
    }
    if (peek() == '.') {
      ++at_;
      spec.precision = std::max<int64_t>(0, number());
    }
    while (peek() == 'h' || peek() == 'l' || peek() == 'L') {
      ++at_;
    }
    spec.type = peek();
    if (spec.type == '\0') {
      raise("incomplete format");
    }
    ++at_;
    if (spec.type == '%') {
      out_.append("%");
    } else {
      convert(keyed ? *keyed : next_argument(), spec);
    }
  }

  void convert(const Value& value, FormatSpec spec) {
    switch (spec.type) {
      case 's':
        return text(escaped_text(runtime_, value, format_.markup), spec);
      case 'r':
      case 'a': {
        const Text printed = repr_of(runtime_, value);
        return text(format_.markup ? escape_html(printed) : printed, spec);
      }
      case 'c':
        return character(value, spec);
      case 'd':
      case 'i':
      case 'u':
      case 'o':
      case 'x':
      case 'X':
        return integer(value, spec);
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        if (!value.is_number()) {
          raise("must be real number, not {}", type_name(value));
        }
        spec.precision = spec.precision < 0 ? 6 : spec.precision;
        return out_.append(format_real(runtime_, value.real(), spec));
      default:
        raise("unsupported format character '{}'", spec.type);
    }
  }

  void text(const Text& words, FormatSpec spec) {
    spec.fill = ' ';
    spec.align = spec.align == '<' ? '<' : '>';
    out_.append(format_text(runtime_, words, spec));
  }

  void character(const Value& value, FormatSpec spec) {
    if (value.is_string() && count_characters(value.text().bytes) == 1) {
      spec.precision = -1;
      return text(value.text(), spec);
    }
    if (!value.is_integral()) {
      raise("%c requires int or char");
    }
    spec.fill = ' ';
    spec.align = spec.align == '<' ? '<' : '>';
    out_.append(format_integer(runtime_, value.integer(), spec));
  }

  void integer(const Value& value, FormatSpec spec) {
    const bool decimal =
        spec.type == 'd' || spec.type == 'i' || spec.type == 'u';
    if (!value.is_integral() && !(decimal && value.is_real())) {
      raise(
          "%{} format: {} is required, not {}",
          spec.type,
          decimal ? "a real number" : "an integer",
          type_name(value));
    }
    spec.type = decimal ? 'd' : spec.type;
    const Integer number = value.is_integral()
        ? value.integer()
        : truncated(value.real(), "cannot convert float to integer");
    out_.append(format_integer(runtime_, number, spec));
  }

  Runtime& runtime_;
  const String& format_;
  const Value& args_;
  Text out_;
  size_t at_ = 0;
  size_t next_ = 0;
};

class BraceFormatter {
 public:
  BraceFormatter(Runtime& runtime, const String& format, const Arguments& args)
      : runtime_(runtime), format_(format), args_(args) {}

  Text run() { return expand(format_.text, 2); }

 private:
  // `levels`: a specification may hold fields, but theirs may not.
  Text expand(const Text& format, int levels) {
    if (levels == 0) {
      raise("Max string recursion exceeded");
    }
    const std::string& bytes = format.bytes;
    Text out;
    for (size_t at = 0; at < bytes.size();) {
      const size_t brace =
          std::min(bytes.find_first_of("{}", at), bytes.size());
      out.append(format, at, brace);
      if (brace == bytes.size()) {
        break;
      }
      if (bytes.compare(brace, 2, "{{") == 0 ||
          bytes.compare(brace, 2, "}}") == 0) {
        out.append(format, brace, brace + 1);
        at = brace + 2;
        continue;
      }
      if (bytes[brace] == '}') {
        raise("Single '}}' encountered in format string");
      }
      const size_t end = field_end(bytes, brace + 1);
      out.append(field(slice(format, brace + 1, end), levels));
      runtime_.meter.work();
      runtime_.meter.expect(out.size());
      at = end + 1;
    }
    return out;
  }

  static size_t field_end(const std::string& bytes, size_t at) {
    for (int open = 1; at < bytes.size(); ++at) {
      open += bytes[at] == '{' ? 1 : bytes[at] == '}' ? -1 : 0;
      if (open == 0) {
        return at;
      }
    }
    raise("expected '}}' before end of string");
  }

  Text field(const Text& body, int levels) {
    const std::string& bytes = body.bytes;
    size_t name_end = 0;
    for (bool in_index = false; name_end < bytes.size(); ++name_end) {
      const char c = bytes[name_end];
      in_index = c == '[' || (in_index && c != ']');
      if (!in_index && (c == '!' || c == ':')) {
        break;
      }
    }
    char conversion = '\0';
    size_t spec_begin = name_end;
    if (name_end < bytes.size() && bytes[name_end] == '!') {
      conversion = name_end + 1 < bytes.size() ? bytes[name_end + 1] : '\0';
      spec_begin = name_end + 2;
      if (spec_begin < bytes.size() && bytes[spec_begin] != ':') {
        raise("expected ':' after conversion specifier");
      }
    }
    Value value = lookup(std::string_view(bytes).substr(0, name_end));
    if (conversion == 's' || conversion == 'r' || conversion == 'a') {
      value = runtime_.string(
          conversion == 's' ? text_of(runtime_, value)
                            : repr_of(runtime_, value));
    } else if (conversion != '\0' || (spec_begin == name_end + 2)) {
      raise("Unknown conversion specifier '{}'", conversion);
    }
    Text spec;
    if (spec_begin < bytes.size()) {
      spec = expand(slice(body, spec_begin + 1, bytes.size()), levels - 1);
    }
    if (format_.markup && spec.bytes.empty()) {
      return escaped_text(runtime_, value, true);
    }
    const Text text = format_value(runtime_, value, spec.bytes);
    return format_.markup ? escape_html(text) : text;
  }

  Value lookup(std::string_view name) {
    const size_t first_end = std::min(name.find_first_of(".["), name.size());
    Value value = argument(name.substr(0, first_end));
    for (size_t at = first_end; at < name.size();) {
      if (name[at] == '.') {
        const size_t end =
            std::min(name.find_first_of(".[", at + 1), name.size());
        value =
            get_attribute(runtime_, value, name.substr(at + 1, end - at - 1));
        at = end;
        continue;
      }
      const size_t end = name.find(']', at);
      if (name[at] != '[' || end == name.npos) {
        raise("Missing ']' in format string");
      }
      const auto key = name.substr(at + 1, end - at - 1);
      value = get_item(runtime_, value, index_or_key(key));
      at = end + 1;
    }
    return value;
  }

  static bool is_number(std::string_view text) {
    return !text.empty() && text.size() < 10 &&
        text.find_first_not_of(kDigits) == text.npos;
  }

  Value index_or_key(std::string_view key) {
    return is_number(key) ? Value(std::stoi(std::string(key)))
                          : runtime_.string(key);
  }

  Value argument(std::string_view name) {
    if (name.empty() || is_number(name)) {
      const bool automatic = name.empty();
      if (numbering_ != Numbering::none &&
          (numbering_ == Numbering::automatic) != automatic) {
        raise("cannot switch between manual and automatic field numbering");
      }
      numbering_ = automatic ? Numbering::automatic : Numbering::manual;
      const size_t index = automatic ? next_++ : std::stoul(std::string(name));
      if (index >= args_.positional.size()) {
        raise(
            "Replacement index {} out of range for positional args tuple",
            index);
      }
      return args_.positional[index];
    }
    for (const auto& [keyword, value] : args_.keyword) {
      if (keyword == name) {
        return value;
      }
    }
    raise("{}", quote(name));
  }

  enum class Numbering { none, automatic, manual };

  Runtime& runtime_;
  const String& format_;
  const Arguments& args_;
  Numbering numbering_ = Numbering::none;
  size_t next_ = 0;
};

}  // namespace

Value format_percent(
    Runtime& runtime,
    const String& format,
    const Value& arguments) {
  return runtime.string(
      PercentFormatter(runtime, format, arguments).run(), format.markup);
}

Value format_braces(
    Runtime& runtime,
    const String& format,
    const Arguments& arguments) {
  return runtime.string(
      BraceFormatter(runtime, format, arguments).run(), format.markup);
}

}  // namespace bantam::jinja
