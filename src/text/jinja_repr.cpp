// SPDX-License-Identifier: MIT
#include "text/jinja_repr.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "text/jinja_operators.h"
#include "text/jinja_unicode.h"

namespace bantam::jinja {

namespace {

// Writes a value and notes whether any part of it was input.
class Printer {
 public:
  explicit Printer(Runtime& runtime) : runtime_(runtime) {}

  void print(const Value& value) {
    runtime_.meter.work();
    runtime_.check_stack();
    if (value.is_none()) {
      out_ += "None";
    } else if (value.is_bool()) {
      out_ += value.boolean() ? "True" : "False";
    } else if (value.is_integer()) {
      out_ += integer_text(value.integer());
    } else if (value.is_real()) {
      out_ += real_text(value.real());
    } else if (value.is_string()) {
      print_string(value.string());
    } else if (value.is_sequence()) {
      print_sequence(value.sequence());
    } else if (value.is_dict()) {
      print_dict(value.dict());
    } else if (value.is_undefined()) {
      out_ += "Undefined";
    } else {
      // Whatever it holds is not looked at: it may be input.
      has_input_ = true;
      out_ += value.object()->repr(runtime_);
    }
    runtime_.meter.expect(out_.size());
  }

  Text finish() {
    Text text(std::move(out_));
    if (has_input_) {
      text.mark_all();
    }
    return text;
  }

 private:
  void print_string(const String& string) {
    has_input_ |= string.text.has_input();
    runtime_.meter.work_on_bytes(string.text.size());
    const std::string quoted = quote(string.text.bytes);
    out_ += string.markup ? fmt::format("Markup({})", quoted) : quoted;
  }

  void print_items(
      const Values& items,
      std::string_view open,
      std::string_view close) {
    out_ += open;
    for (size_t i = 0; i < items.size(); ++i) {
      out_ += i == 0 ? "" : ", ";
      print(items[i]);
    }
    out_ += close;
  }

  void print_sequence(const Sequence& sequence) {
    switch (sequence.kind) {
      case SequenceKind::list:
        return print_items(sequence.items, "[", "]");
      case SequenceKind::tuple:
      case SequenceKind::group:
        return print_items(
            sequence.items, "(", sequence.items.size() == 1 ? ",)" : ")");
      case SequenceKind::keys:
        return print_items(sequence.items, "dict_keys([", "])");
      case SequenceKind::values:
        return print_items(sequence.items, "dict_values([", "])");
      case SequenceKind::items:
        return print_items(sequence.items, "dict_items([", "])");
      case SequenceKind::range:
        return print_range(sequence.items);
    }
  }

  void print_range(const Values& items) {
    if (items.empty()) {
      out_ += "range(0, 0)";
      return;
    }
    const Integer first = items.front().integer();
    const Integer step =
        items.size() < 2 ? Integer{1} : items[1].integer() - first;
    const Integer stop = items.back().integer() + step;
    out_ +=
        fmt::format("range({}, {}", integer_text(first), integer_text(stop));
    out_ += step == 1 ? ")" : fmt::format(", {})", integer_text(step));
  }

  void print_dict(const Dict& dict) {
    out_ += '{';
    bool first = true;
    for (const auto& [key, value] : dict.items) {
      out_ += first ? "" : ", ";
      first = false;
      print(key);
      out_ += ": ";
      print(value);
    }
    out_ += '}';
  }

  Runtime& runtime_;
  std::string out_;
  bool has_input_ = false;
};

void quote_character(char32_t c, std::string_view bytes, std::string& out) {
  if (c == '\n' || c == '\r' || c == '\t') {
    out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
  } else if (c < 0x20 || c == 0x7F || (c < 0x100 && !is_printable(c))) {
    out += fmt::format("\\x{:02x}", static_cast<uint32_t>(c));
  } else if (c < 0x80 || is_printable(c)) {
    out += bytes;
  } else if (c < 0x10000) {
    out += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
  } else {
    out += fmt::format("\\U{:08x}", static_cast<uint32_t>(c));
  }
}

}  // namespace

std::string integer_text(Integer value) {
  if (value == 0) {
    return "0";
  }
  const bool negative = value < 0;
  using Unsigned = unsigned __int128;
  Unsigned rest = negative ? Unsigned{0} - static_cast<Unsigned>(value)
                           : static_cast<Unsigned>(value);
  std::string digits;
  for (; rest > 0; rest /= 10) {
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
  }
  digits += negative ? "-" : "";
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::string real_text(double value) {
  if (std::isnan(value)) {
    return "nan";
  }
  if (std::isinf(value)) {
    return value < 0 ? "-inf" : "inf";
  }
  // fmt chooses the same digits and the same bounds for exponents as repr().
  std::string digits = fmt::format("{}", value);
  if (digits.find_first_of(".e") == digits.npos) {
    digits += ".0";
  }
  return digits;
}

Text text_of(Runtime& runtime, const Value& value) {
  if (value.is_string()) {
    return value.text();
  }
  return value.is_undefined() ? Text() : repr_of(runtime, value);
}

Text repr_of(Runtime& runtime, const Value& value) {
  Printer printer(runtime);
  printer.print(value);
  return printer.finish();
}

TextView::TextView(Runtime& runtime, const Value& value) {
  if (value.is_string()) {
    lent_ = &value.text();
  } else {
    made_ = text_of(runtime, value);
  }
}

std::string quote(std::string_view text) {
  const bool single = text.find('\'') != text.npos;
  const bool twofold = text.find('"') != text.npos;
  const char mark = single && !twofold ? '"' : '\'';
  std::string out(1, mark);
  int length = 0;
  for (size_t i = 0; i < text.size(); i += length) {
    const char32_t c = character_at(text, i, length);
    if (c == static_cast<char32_t>(mark) || c == '\\') {
      out += '\\';
    }
    quote_character(c, text.substr(i, length), out);
  }
  out += mark;
  return out;
}

}  // namespace bantam::jinja
