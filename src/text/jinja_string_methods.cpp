// SPDX-License-Identifier: MIT
// The methods of str.
#include <algorithm>
#include <limits>

#include "text/jinja_escapes.h"
#include "text/jinja_format.h"
#include "text/jinja_methods.h"
#include "text/jinja_operators.h"
#include "text/jinja_search.h"
#include "text/jinja_strings.h"
#include "text/jinja_unicode.h"

namespace bantam::jinja {

namespace {

using Bound = std::vector<const Value*>;

bool is_given(const Value* value) {
  return value && !value->is_none();
}

const Text& string_argument(std::string_view method, const Value& value) {
  if (!value.is_string()) {
    raise("{}() argument must be str, not {}", method, type_name(value));
  }
  return value.text();
}

// The argument of a Markup's method is escaped; a str's is taken as it is.
Text added_text(
    const Value& self,
    std::string_view method,
    const Value& value) {
  const Text& text = string_argument(method, value);
  return self.string().markup && !value.string().markup ? escape_html(text)
                                                        : text;
}

Value made(Runtime& runtime, const Value& self, Text text) {
  return runtime.string(std::move(text), self.string().markup);
}

template <Text (*map)(const Text&)>
Value map_case(Runtime& runtime, const Value& self, Arguments& arguments) {
  bind("case", arguments, {});
  runtime.meter.work_on_bytes(self.text().size() * 16);
  return made(runtime, self, map(self.text()));
}

template <Side side>
Value strip_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto bound = bind("strip", arguments, {"chars"});
  const Text* characters =
      is_given(bound[0]) ? &string_argument("strip", *bound[0]) : nullptr;
  return made(runtime, self, strip(self.text(), side, characters));
}

template <bool from_right>
Value split_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto bound = bind("split", arguments, {"sep", "maxsplit"});
  const Text* separator =
      is_given(bound[0]) ? &string_argument("split", *bound[0]) : nullptr;
  const int64_t limit = bound[1] ? as_index(*bound[1]) : -1;
  return list_of(
      runtime,
      split(runtime, self.text(), separator, limit, from_right),
      self.string().markup);
}

Value splitlines(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto bound = bind("splitlines", arguments, {"keepends"});
  const bool keep = bound[0] && truth(runtime, *bound[0]);
  return list_of(
      runtime, split_lines(runtime, self.text(), keep), self.string().markup);
}

template <bool from_right>
Value partition(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto bound = bind("partition", arguments, {"sep"}, 1);
  const Text& separator = string_argument("partition", *bound[0]);
  auto parts = split(runtime, self.text(), &separator, 1, from_right);
  if (parts.size() == 1) {
    // Not found: the whole stands first, or last from the right.
    parts.insert(from_right ? parts.begin() : parts.end(), 2, Text());
  } else {
    parts.insert(parts.begin() + 1, separator);
  }
  Values items;
  for (Text& part : parts) {
    items.push_back(made(runtime, self, std::move(part)));
  }
  return runtime.tuple(std::move(items));
}

// The byte range that start and stop arguments select.
struct Window {
  size_t begin;
  size_t end;
  bool empty_range;  // start lies beyond stop: not even "" is found
};

Window window_of(
    Runtime& runtime,
    const Text& text,
    const Value* start,
    const Value* stop) {
  if (!is_given(start) && !is_given(stop)) {
    return {0, text.size(), false};
  }
  runtime.meter.work_on_bytes(text.size());
  const int64_t length = count_characters(text.bytes);
  const auto place = [&](const Value* value, int64_t otherwise) {
    const int64_t index = is_given(value) ? as_index(*value) : otherwise;
    return std::max<int64_t>(0, index < 0 ? index + length : index);
  };
  const int64_t first = place(start, 0);
  const int64_t last = std::min(place(stop, length), length);
  if (first > last) {
    return {0, 0, true};
  }
  return {byte_offset(text.bytes, first), byte_offset(text.bytes, last), false};
}

// Byte offset of the first (or last) occurrence; npos if there is none.
size_t locate(
    Runtime& runtime,
    const Value& self,
    const Bound& bound,
    bool last) {
  const Text& needle = string_argument("find", *bound[0]);
  const Window window = window_of(runtime, self.text(), bound[1], bound[2]);
  if (window.empty_range) {
    return std::string::npos;
  }
  const auto part = std::string_view(self.text().bytes)
                        .substr(window.begin, window.end - window.begin);
  runtime.meter.work_on_bytes(part.size());
  const size_t at = last ? find_last_words(part, needle.bytes)
                         : find_words(part, needle.bytes, 0);
  return at == part.npos ? at : window.begin + at;
}

template <bool last, bool must>
Value find_method_(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto bound = bind("find", arguments, {"sub", "start", "end"}, 1);
  const size_t at = locate(runtime, self, bound, last);
  if (at == std::string::npos) {
    if (must) {
      raise("substring not found");
    }
    return -1;
  }
  return count_characters(std::string_view(self.text().bytes).substr(0, at));
}

Value count(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto bound = bind("count", arguments, {"sub", "start", "end"}, 1);
  const Text& needle = string_argument("count", *bound[0]);
  const Window window = window_of(runtime, self.text(), bound[1], bound[2]);
  if (window.empty_range) {
    return 0;
  }
  const auto part = std::string_view(self.text().bytes)
                        .substr(window.begin, window.end - window.begin);
  runtime.meter.work_on_bytes(part.size());
  if (needle.bytes.empty()) {
    return count_characters(part) + 1;
  }
  int64_t found = 0;
  for (size_t at = 0; (at = find_words(part, needle.bytes, at)) != part.npos;
       at += needle.size()) {
    ++found;
  }
  return found;
}

template <bool at_end>
Value affix(Runtime& runtime, const Value& self, Arguments& arguments) {
  const std::string_view name = at_end ? "endswith" : "startswith";
  const auto bound = bind(name, arguments, {"prefix", "start", "end"}, 1);
  const Window window = window_of(runtime, self.text(), bound[1], bound[2]);
  const auto part = std::string_view(self.text().bytes)
                        .substr(window.begin, window.end - window.begin);
  const auto matches = [&](const Value& value) {
    if (!value.is_string()) {
      raise(
          "{} first arg must be str or a tuple of str, not {}",
          name,
          type_name(value));
    }
    const std::string& affix = value.text().bytes;
    return !window.empty_range &&
        (at_end ? part.ends_with(affix) : part.starts_with(affix));
  };
  if (bound[0]->is_sequence() && bound[0]->sequence().is_tuple()) {
    const Values& choices = bound[0]->sequence().items;
    return std::any_of(choices.begin(), choices.end(), matches);
  }
  return matches(*bound[0]);
}

template <bool at_end>
Value remove_affix(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto bound = bind("removeprefix", arguments, {"affix"}, 1);
  const Text& text = self.text();
  const std::string& affix = string_argument("removeprefix", *bound[0]).bytes;
  const bool found =
      at_end ? text.bytes.ends_with(affix) : text.bytes.starts_with(affix);
  if (!found) {
    return self;
  }
  const size_t rest = text.size() - affix.size();
  return made(
      runtime,
      self,
      at_end ? slice(text, 0, rest) : slice(text, affix.size(), text.size()));
}

Value replace_method(
    Runtime& runtime,
    const Value& self,
    Arguments& arguments) {
  const auto bound = bind("replace", arguments, {"old", "new", "count"}, 2);
  const int64_t limit = bound[2] ? as_index(*bound[2]) : -1;
  const Text& old_words = string_argument("replace", *bound[0]);
  const Text new_words = added_text(self, "replace", *bound[1]);
  return made(
      runtime,
      self,
      replace(runtime, self.text(), old_words, new_words, limit));
}

Value join_method(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto bound = bind("join", arguments, {"iterable"}, 1);
  std::vector<Text> parts;
  for (const Value& item : items_of(runtime, *bound[0])) {
    if (!item.is_string()) {
      raise(
          "sequence item {}: expected str instance, {} found",
          parts.size(),
          type_name(item));
    }
    parts.push_back(added_text(self, "join", item));
  }
  return made(runtime, self, join(runtime, self.text(), parts));
}

template <Side side>
Value justify(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto bound = bind("center", arguments, {"width", "fillchar"}, 1);
  const Text fill = bound[1] ? added_text(self, "center", *bound[1]) : " ";
  if (count_characters(fill.bytes) != 1) {
    raise("The fill character must be exactly one character long");
  }
  return made(
      runtime,
      self,
      pad(runtime, self.text(), as_index(*bound[0]), fill, side));
}

Value zfill(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto bound = bind("zfill", arguments, {"width"}, 1);
  const Text& text = self.text();
  const bool has_sign =
      !text.bytes.empty() && (text.bytes[0] == '-' || text.bytes[0] == '+');
  Text result = slice(text, 0, has_sign);
  result.append(
      pad(runtime,
          slice(text, has_sign, text.size()),
          as_index(*bound[0]) - has_sign,
          "0",
          Side::left));
  return made(runtime, self, std::move(result));
}

template <bool (*test)(char32_t)>
Value all_are(Runtime& runtime, const Value& self, Arguments& arguments) {
  bind("is", arguments, {});
  runtime.meter.work_on_bytes(self.text().size());
  return all_characters(self.text().bytes, test);
}

bool is_ascii(char32_t c) {
  return c < 0x80;
}

// Both are also true of the empty string.
template <bool (*test)(char32_t)>
Value empty_or_all(Runtime& runtime, const Value& self, Arguments& arguments) {
  return self.text().bytes.empty() ? Value(true)
                                   : all_are<test>(runtime, self, arguments);
}

// islower and isupper: cased characters all so, and at least one.
template <bool upper>
Value cased(Runtime& runtime, const Value& self, Arguments& arguments) {
  bind("islower", arguments, {});
  return is_all_cased(runtime, self.text(), upper);
}

Value istitle(Runtime& runtime, const Value& self, Arguments& arguments) {
  bind("istitle", arguments, {});
  runtime.meter.work_on_bytes(self.text().size());
  bool previous_cased = false;
  bool any = false;
  int length = 0;
  for (size_t i = 0; i < self.text().size(); i += length) {
    const char32_t c = character_at(self.text().bytes, i, length);
    const bool starts = is_upper(c) || is_title(c);
    if ((starts && previous_cased) || (is_lower(c) && !previous_cased)) {
      return false;
    }
    previous_cased = starts || is_lower(c);
    any |= previous_cased;
  }
  return any;
}

Value format(Runtime& runtime, const Value& self, Arguments& arguments) {
  return format_braces(runtime, self.string(), arguments);
}

constexpr NamedFunction kStringMethods[] = {
    {"capitalize", map_case<capitalize>},
    {"casefold", map_case<case_fold>},
    {"center", justify<Side::both>},
    {"count", count},
    {"endswith", affix<true>},
    {"find", find_method_<false, false>},
    {"format", format},
    {"index", find_method_<false, true>},
    {"isalnum", all_are<is_alphanumeric>},
    {"isalpha", all_are<is_alpha>},
    {"isascii", empty_or_all<is_ascii>},
    {"isdecimal", all_are<is_decimal>},
    {"isdigit", all_are<is_digit>},
    {"islower", cased<false>},
    {"isnumeric", all_are<is_numeric>},
    {"isprintable", empty_or_all<is_printable>},
    {"isspace", all_are<is_space>},
    {"istitle", istitle},
    {"isupper", cased<true>},
    {"join", join_method},
    {"ljust", justify<Side::right>},
    {"lower", map_case<to_lower>},
    {"lstrip", strip_method<Side::left>},
    {"partition", partition<false>},
    {"removeprefix", remove_affix<false>},
    {"removesuffix", remove_affix<true>},
    {"replace", replace_method},
    {"rfind", find_method_<true, false>},
    {"rindex", find_method_<true, true>},
    {"rjust", justify<Side::left>},
    {"rpartition", partition<true>},
    {"rsplit", split_method<true>},
    {"rstrip", strip_method<Side::right>},
    {"split", split_method<false>},
    {"splitlines", splitlines},
    {"startswith", affix<false>},
    {"strip", strip_method<Side::both>},
    {"swapcase", map_case<swap_case>},
    {"title", map_case<to_title>},
    {"upper", map_case<to_upper>},
    {"zfill", zfill},
};

}  // namespace

bool is_all_cased(Runtime& runtime, const Text& text, bool upper) {
  runtime.meter.work_on_bytes(text.size());
  bool any = false;
  int length = 0;
  for (size_t i = 0; i < text.size(); i += length) {
    const char32_t c = character_at(text.bytes, i, length);
    if (is_title(c) || (upper ? is_lower(c) : is_upper(c))) {
      return false;
    }
    any |= upper ? is_upper(c) : is_lower(c);
  }
  return any;
}

std::span<const NamedFunction> string_methods() {
  return kStringMethods;
}

}  // namespace bantam::jinja
