// SPDX-License-Identifier: MIT
// Filters whose subject is a string.
#include <array>

#include "text/jinja_escapes.h"
#include "text/jinja_filters.h"
#include "text/jinja_format.h"
#include "text/jinja_json.h"
#include "text/jinja_operators.h"
#include "text/jinja_pprint.h"
#include "text/jinja_repr.h"
#include "text/jinja_strings.h"
#include "text/jinja_unicode.h"

namespace bantam::jinja {

namespace {

bool is_markup(const Value& value) {
  return value.is_string() && value.string().markup;
}

template <Text (*map)(const Text&)>
Value map_case(Runtime& runtime, const Value& subject, Arguments& arguments) {
  bind("filter", arguments, {});
  const TextView text(runtime, subject);
  runtime.meter.work_on_bytes(text->size() * 16);
  return runtime.string(map(*text), is_markup(subject));
}

// Unlike str.title, a word begins after white space or one of - ( { [ <.
Text title_words(const Text& text) {
  Text result;
  int length = 0;
  size_t begin = 0;
  const auto add_word = [&](size_t end) {
    if (begin < end) {
      const Text word = slice(text, begin, end);
      int first = 0;
      character_at(word.bytes, 0, first);
      result.append(to_upper(slice(word, 0, first)));
      result.append(to_lower(slice(word, first, word.size())));
    }
  };
  for (size_t i = 0; i < text.size(); i += length) {
    const char32_t c = character_at(text.bytes, i, length);
    if (is_space(c) || c == '-' || c == '(' || c == '{' || c == '[' ||
        c == '<') {
      add_word(i);
      result.append(text, i, i + length);
      begin = i + length;
    }
  }
  add_word(text.size());
  return result;
}

Value string_filter(Runtime& runtime, const Value& subject, Arguments& args) {
  bind("string", args, {});
  return subject.is_string() ? subject
                             : runtime.string(text_of(runtime, subject));
}

Value safe(Runtime& runtime, const Value& subject, Arguments& args) {
  bind("safe", args, {});
  return runtime.string(text_of(runtime, subject), true);
}

Value escape(Runtime& runtime, const Value& subject, Arguments& args) {
  bind("escape", args, {});
  return is_markup(subject)
      ? subject
      : runtime.string(escape_html(text_of(runtime, subject)), true);
}

Value force_escape(Runtime& runtime, const Value& subject, Arguments& args) {
  bind("forceescape", args, {});
  return runtime.string(escape_html(text_of(runtime, subject)), true);
}

Value trim(Runtime& runtime, const Value& subject, Arguments& args) {
  const auto bound = bind("trim", args, {"chars"});
  const TextView text(runtime, subject);
  const Text* characters = nullptr;
  if (bound[0] && !bound[0]->is_none()) {
    if (!bound[0]->is_string()) {
      raise("strip arg must be None or str");
    }
    characters = &bound[0]->text();
  }
  return runtime.string(
      strip(*text, Side::both, characters), is_markup(subject));
}

Value replace_filter(Runtime& runtime, const Value& subject, Arguments& args) {
  const auto bound = bind("replace", args, {"old", "new", "count"}, 2);
  const TextView text(runtime, subject);
  const TextView old_words(runtime, *bound[0]);
  const TextView new_words(runtime, *bound[1]);
  const bool limited = bound[2] && !bound[2]->is_none();
  return runtime.string(replace(
      runtime,
      *text,
      *old_words,
      *new_words,
      limited ? as_index(*bound[2]) : -1));
}

Value center(Runtime& runtime, const Value& subject, Arguments& args) {
  const auto bound = bind("center", args, {"width"});
  const TextView text(runtime, subject);
  const int64_t width = bound[0] ? as_index(*bound[0]) : 80;
  return runtime.string(
      pad(runtime, *text, width, " ", Side::both), is_markup(subject));
}

Value format_filter(Runtime& runtime, const Value& subject, Arguments& args) {
  if (!args.positional.empty() && !args.keyword.empty()) {
    raise("can't handle positional and keyword arguments at the same time");
  }
  const String format(text_of(runtime, subject), is_markup(subject));
  if (args.keyword.empty()) {
    return format_percent(
        runtime, format, runtime.tuple(std::move(args.positional)));
  }
  std::vector<std::pair<Value, Value>> entries;
  for (auto& [name, value] : args.keyword) {
    entries.emplace_back(runtime.string(name), value);
  }
  return format_percent(runtime, format, runtime.dict(std::move(entries)));
}

Value strip_tags(Runtime& runtime, const Value& subject, Arguments& args) {
  bind("striptags", args, {});
  const TextView text(runtime, subject);
  runtime.meter.work_on_bytes(text->size());
  Text bare;
  size_t at = 0;
  while (true) {
    const size_t open = text->bytes.find('<', at);
    if (open == std::string::npos) {
      break;
    }
    const bool comment = text->bytes.compare(open, 4, "<!--") == 0;
    const size_t close = comment ? text->bytes.find("-->", open + 4)
                                 : text->bytes.find('>', open);
    if (close == std::string::npos) {
      break;
    }
    bare.append(*text, at, open);
    at = close + (comment ? 3 : 1);
  }
  bare.append(*text, at, text->size());
  const Text spaced =
      join(runtime, " ", split(runtime, bare, nullptr, -1, false));
  return runtime.string(unescape_html(spaced));
}

Value url_encode(Runtime& runtime, const Value& subject, Arguments& args) {
  bind("urlencode", args, {});
  if (subject.is_string() || !is_iterable(subject)) {
    return runtime.string(quote_url(text_of(runtime, subject), false));
  }
  Text result;
  const auto add = [&](const Value& key, const Value& value) {
    result.append(result.bytes.empty() ? "" : "&");
    result.append(quote_url(text_of(runtime, key), true));
    result.append("=");
    result.append(quote_url(text_of(runtime, value), true));
    runtime.meter.expect(result.size());
  };
  if (subject.is_dict()) {
    for (const auto& [key, value] : subject.dict().items) {
      add(key, value);
    }
  } else {
    for (const Value& item : items_of(runtime, subject)) {
      const Values pair = items_of(runtime, item);
      if (pair.size() != 2) {
        raise("urlencode needs pairs");
      }
      add(pair[0], pair[1]);
    }
  }
  return runtime.string(std::move(result));
}

Value xml_attributes(Runtime& runtime, const Value& subject, Arguments& args) {
  const auto bound = bind("xmlattr", args, {"autospace"});
  if (!subject.is_dict()) {
    raise("'{}' object has no attribute 'items'", type_name(subject));
  }
  Text result;
  for (const auto& [key, value] : subject.dict().items) {
    if (value.is_none() || value.is_undefined()) {
      continue;
    }
    const Text name = text_of(runtime, key);
    if (name.bytes.find_first_of(" \t\n\r\f\v/>=") != std::string::npos) {
      raise("Invalid character in attribute name: {}", quote(name.bytes));
    }
    result.append(result.bytes.empty() ? "" : " ");
    result.append(escape_html(name));
    result.append("=\"");
    const Text text = text_of(runtime, value);
    result.append(is_markup(value) ? text : escape_html(text));
    result.append("\"");
    runtime.meter.expect(result.size());
  }
  const bool spaced = !bound[0] || truth(runtime, *bound[0]);
  Text with_space;
  with_space.append(spaced && !result.bytes.empty() ? " " : "");
  with_space.append(result);
  return runtime.string(std::move(with_space));
}

Value word_count(Runtime& runtime, const Value& subject, Arguments& args) {
  bind("wordcount", args, {});
  const TextView text(runtime, subject);
  runtime.meter.work_on_bytes(text->size());
  int64_t words = 0;
  bool within = false;
  int length = 0;
  for (size_t i = 0; i < text->size(); i += length) {
    const bool word = is_word(character_at(text->bytes, i, length));
    words += word && !within;
    within = word;
  }
  return words;
}

// json.dumps(separators=(item, key)).
void set_separators(const Value& value, JsonStyle& style) {
  const bool pair = value.is_sequence() && value.sequence().items.size() == 2;
  if (!pair || !value.sequence().items[0].is_string() ||
      !value.sequence().items[1].is_string()) {
    raise("tojson: separators must be two strings");
  }
  style.item_separator = value.sequence().items[0].text().bytes;
  style.key_separator = value.sequence().items[1].text().bytes;
}

Value to_json_filter(Runtime& runtime, const Value& subject, Arguments& args) {
  const auto bound = bind(
      "tojson", args, {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  style.ensure_ascii = bound[0] && truth(runtime, *bound[0]);
  style.sort_keys = bound[3] && truth(runtime, *bound[3]);
  if (bound[1] && !bound[1]->is_none()) {
    style.indented = true;
    style.item_separator = ",";
    if (bound[1]->is_string()) {
      style.indent = bound[1]->text().bytes;
    } else {
      const auto width = std::max<int64_t>(0, as_index(*bound[1]));
      runtime.meter.expect(static_cast<size_t>(width));
      style.indent.assign(static_cast<size_t>(width), ' ');
    }
  }
  if (bound[2] && !bound[2]->is_none()) {
    set_separators(*bound[2], style);
  }
  return runtime.string(to_json(runtime, subject, style));
}

Value pprint(Runtime& runtime, const Value& subject, Arguments& args) {
  bind("pprint", args, {});
  return runtime.string(pretty_text(runtime, subject));
}

constexpr NamedFunction kStringFilters[] = {
    {"capitalize", map_case<capitalize>},
    {"center", center},
    {"e", escape},
    {"escape", escape},
    {"forceescape", force_escape},
    {"format", format_filter},
    {"lower", map_case<to_lower>},
    {"pprint", pprint},
    {"replace", replace_filter},
    {"safe", safe},
    {"string", string_filter},
    {"striptags", strip_tags},
    {"title", map_case<title_words>},
    {"tojson", to_json_filter},
    {"trim", trim},
    {"upper", map_case<to_upper>},
    {"urlencode", url_encode},
    {"wordcount", word_count},
    {"xmlattr", xml_attributes},
};

}  // namespace

std::span<const NamedFunction> string_filters() {
  return kStringFilters;
}

}  // namespace bantam::jinja
