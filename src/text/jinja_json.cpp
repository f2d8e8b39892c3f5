// SPDX-License-Identifier: MIT
#include "text/jinja_json.h"

#include <cmath>

#include "base/utf8.h"
#include "text/jinja_operators.h"
#include "text/jinja_repr.h"
#include "text/jinja_sort.h"
#include "text/jinja_unicode.h"

namespace bantam::jinja {

namespace {

Value string_from_json(
    Runtime& runtime,
    const std::string& words,
    bool is_input) {
  if (const size_t valid = valid_utf8_prefix(words); valid < words.size()) {
    raise("a variable holds text that is not UTF-8 at byte {}", valid);
  }
  Text text;
  text.append(words, is_input);
  return runtime.string(std::move(text));
}

Value from_json(Runtime& runtime, const Json& json, bool is_input, int depth) {
  if (depth > kMaxValueDepth) {
    raise("a variable nested deeper than {} levels", kMaxValueDepth);
  }
  switch (json.type()) {
    case Json::value_t::boolean:
      return json.get<bool>();
    case Json::value_t::number_integer:
      return json.get<int64_t>();
    case Json::value_t::number_unsigned:
      return Integer{json.get<uint64_t>()};
    case Json::value_t::number_float:
      return json.get<double>();
    case Json::value_t::string:
      return string_from_json(
          runtime, json.get_ref<const std::string&>(), is_input);
    case Json::value_t::array: {
      Values items;
      items.reserve(json.size());
      for (const Json& item : json) {
        items.push_back(from_json(runtime, item, is_input, depth + 1));
      }
      return runtime.list(std::move(items));
    }
    case Json::value_t::object: {
      std::vector<std::pair<Value, Value>> entries;
      entries.reserve(json.size());
      for (const auto& [key, item] : json.items()) {
        entries.emplace_back(
            string_from_json(runtime, key, is_input),
            from_json(runtime, item, is_input, depth + 1));
      }
      return runtime.dict(std::move(entries));
    }
    default:
      return {};
  }
}

class JsonWriter {
 public:
  JsonWriter(Runtime& runtime, const JsonStyle& style)
      : runtime_(runtime), style_(style) {}

  void write(const Value& value) {
    runtime_.meter.work();
    runtime_.check_stack();
    if (value.is_none()) {
      out_ += "null";
    } else if (value.is_bool()) {
      out_ += value.boolean() ? "true" : "false";
    } else if (value.is_integer()) {
      out_ += integer_text(value.integer());
    } else if (value.is_real()) {
      out_ += real(value.real());
    } else if (value.is_string()) {
      write_string(value.text());
    } else if (value.is_dict()) {
      write_dict(value.dict());
    } else if (
        value.is_sequence() &&
        (value.sequence().is_tuple() ||
         value.sequence().kind == SequenceKind::list)) {
      write_list(value.sequence().items);
    } else {
      raise("Object of type {} is not JSON serializable", type_name(value));
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
  static std::string real(double value) {
    return std::isnan(value) ? "NaN"
        : std::isinf(value)  ? (value < 0 ? "-Infinity" : "Infinity")
                             : real_text(value);
  }

  void new_line() {
    if (style_.indented) {
      out_ += '\n';
      runtime_.meter.expect(out_.size() + level_ * style_.indent.size());
      runtime_.meter.work_on_bytes(level_ * style_.indent.size());
      for (int i = 0; i < level_; ++i) {
        out_ += style_.indent;
      }
    }
  }

  void write_list(const Values& items) {
    if (items.empty()) {
      out_ += "[]";
      return;
    }
    out_ += '[';
    ++level_;
    for (size_t i = 0; i < items.size(); ++i) {
      out_ += i == 0 ? "" : style_.item_separator;
      new_line();
      write(items[i]);
    }
    --level_;
    new_line();
    out_ += ']';
  }

  void write_dict(const Dict& dict) {
    if (dict.items.empty()) {
      out_ += "{}";
      return;
    }
    std::vector<const std::pair<Value, Value>*> entries;
    for (const auto& entry : dict.items) {
      entries.push_back(&entry);
    }
    if (style_.sort_keys) {
      merge_sort(entries, [&](const auto* a, const auto* b) {
        return ordered(runtime_, a->first, Order::less, b->first);
      });
    }
    out_ += '{';
    ++level_;
    for (const auto* entry : entries) {
      out_ += entry == entries.front() ? "" : style_.item_separator;
      new_line();
      write_key(entry->first);
      out_ += style_.key_separator;
      write(entry->second);
    }
    --level_;
    new_line();
    out_ += '}';
  }

  void write_key(const Value& key) {
    if (key.is_string()) {
      write_string(key.text());
    } else if (key.is_none() || key.is_number()) {
      out_ += '"';
      write(key);
      out_ += '"';
    } else {
      raise(
          "keys must be str, int, float, bool or None, not {}", type_name(key));
    }
  }

  void write_string(const Text& text) {
    has_input_ |= text.has_input();
    runtime_.meter.work_on_bytes(text.size());
    out_ += '"';
    int length = 0;
    for (size_t i = 0; i < text.size(); i += length) {
      const char32_t c = character_at(text.bytes, i, length);
      if (!write_escaped(c)) {
        out_.append(text.bytes, i, length);
      }
    }
    out_ += '"';
  }

  bool write_escaped(char32_t c) {
    switch (c) {
      case '"':
        out_ += "\\\"";
        return true;
      case '\\':
        out_ += "\\\\";
        return true;
      case '\n':
        out_ += "\\n";
        return true;
      case '\r':
        out_ += "\\r";
        return true;
      case '\t':
        out_ += "\\t";
        return true;
      case '\b':
        out_ += "\\b";
        return true;
      case '\f':
        out_ += "\\f";
        return true;
      default:
        break;
    }
    if (c >= 0x20 && (!style_.ensure_ascii || c < 0x7F)) {
      return false;
    }
    if (c == 0x7F) {
      return false;
    }
    if (c >= 0x10000) {
      const auto offset = static_cast<uint32_t>(c - 0x10000);
      out_ += fmt::format(
          "\\u{:04x}\\u{:04x}",
          0xD800 + (offset >> 10),
          0xDC00 + (offset & 0x3FF));
    } else {
      out_ += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
    }
    return true;
  }

  Runtime& runtime_;
  const JsonStyle& style_;
  std::string out_;
  int level_ = 0;
  bool has_input_ = false;
};

}  // namespace

Value from_json(Runtime& runtime, const Json& json, bool is_input) {
  return from_json(runtime, json, is_input, 0);
}

Text to_json(Runtime& runtime, const Value& value, const JsonStyle& style) {
  JsonWriter writer(runtime, style);
  writer.write(value);
  return writer.finish();
}

}  // namespace bantam::jinja
