// SPDX-License-Identifier: MIT
#include "config/setting_value.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/size.h"
#include "base/suggest.h"
#include "config/version_pin.h"

namespace bantam {

namespace {

template <typename Integer>
std::optional<Integer> parse_integer(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (!text.empty() && (text.front() < '0' || text.front() > '9')) {
      return std::nullopt;
    }
  }
  Integer value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) {
    return std::nullopt;
  }
  return value;
}

std::optional<double> parse_real(std::string_view text) {
  // What strtod would read beside decimal numbers: spaces, hexadecimal, nan.
  if (text.empty() || text.find_first_not_of("0123456789+-.eE") != text.npos) {
    return std::nullopt;
  }
  const std::string copy(text);
  char* stop = nullptr;
  const double value = std::strtod(copy.c_str(), &stop);
  if (stop != copy.c_str() + copy.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::optional<bool> parse_boolean(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") {
    return true;
  }
  if (text == "false" || text == "False" || text == "FALSE") {
    return false;
  }
  return std::nullopt;
}

// As a value within the setting's range.
template <typename Number>
std::optional<SettingValue> in_range(
    const Setting& setting,
    std::optional<Number> number) {
  if (!number || static_cast<double>(*number) < setting.least ||
      static_cast<double>(*number) > setting.most) {
    return std::nullopt;
  }
  return SettingValue(*number);
}

std::string range_text(const Setting& setting) {
  const bool from = setting.least > -kUnbounded;
  const bool to = setting.most < kUnbounded;
  const auto bound = [&](double value) {
    return setting.kind == SettingKind::size
        ? format_size(static_cast<int64_t>(value))
        : fmt::format("{}", value);
  };
  if (from && to) {
    return fmt::format(
        " between {} and {}", bound(setting.least), bound(setting.most));
  }
  if (from) {
    return fmt::format(" of at least {}", bound(setting.least));
  }
  return to ? fmt::format(" of at most {}", bound(setting.most)) : "";
}

}  // namespace

std::vector<std::string> words_of(std::string_view list) {
  std::vector<std::string> words;
  while (!list.empty()) {
    const size_t space = std::min(list.find(' '), list.size());
    words.emplace_back(list.substr(0, space));
    list.remove_prefix(std::min(space + 1, list.size()));
  }
  return words;
}

std::optional<SettingValue> parse_value(
    const Setting& setting,
    std::string_view text) {
  switch (setting.kind) {
    case SettingKind::boolean:
      if (const auto value = parse_boolean(text)) {
        return SettingValue(*value);
      }
      return std::nullopt;
    case SettingKind::integer:
      return in_range(setting, parse_integer<int64_t>(text));
    case SettingKind::seed:
      return in_range(setting, parse_integer<uint64_t>(text));
    case SettingKind::real:
      return in_range(setting, parse_real(text));
    case SettingKind::size:
      return in_range(setting, parse_size(text));
    case SettingKind::choice:
      for (const std::string& name : words_of(setting.choices)) {
        if (name == text) {
          return SettingValue(name);
        }
      }
      return std::nullopt;
    case SettingKind::pin:
      if (!VersionPin::parse(text)) {
        return std::nullopt;
      }
      return SettingValue(std::string(text));
    case SettingKind::text:
      return SettingValue(std::string(text));
    case SettingKind::texts:
      return SettingValue(std::vector<std::string>{std::string(text)});
  }
  return std::nullopt;
}

std::string expectation(const Setting& setting) {
  switch (setting.kind) {
    case SettingKind::boolean:
      return "true or false";
    case SettingKind::integer:
      return "a whole number" + range_text(setting);
    case SettingKind::seed:
      return "a whole number from 0 to 18446744073709551615";
    case SettingKind::real:
      return "a number" + range_text(setting);
    case SettingKind::size:
      return setting.most < kUnbounded
          ? "a size such as 512MiB" + range_text(setting)
          : "a size such as 16GiB, 10GB, 512MiB or a number of bytes";
    case SettingKind::choice: {
      std::string names;
      for (const std::string& name : words_of(setting.choices)) {
        names += (names.empty() ? "" : ", ") + name;
      }
      return "one of " + names;
    }
    case SettingKind::pin:
      return "a range of versions, such as >=0.15.0,<0.16.0";
    case SettingKind::text:
      return "a text";
    case SettingKind::texts:
      return "a list of texts";
  }
  return "";
}

std::string refusal(const Setting& setting, std::string_view text) {
  constexpr size_t kShown = 60;
  std::string near;
  if (setting.kind == SettingKind::choice) {
    near = nearest(text, words_of(setting.choices));
  }
  return fmt::format(
      "\"{}{}\" is not {}{}",
      text.substr(0, kShown),
      text.size() > kShown ? "..." : "",
      expectation(setting),
      near.empty() ? "" : fmt::format("; did you mean {}?", near));
}

SettingValue default_value(const Setting& setting) {
  if (setting.kind == SettingKind::texts) {
    return std::vector<std::string>{};
  }
  const bool is_text =
      setting.kind == SettingKind::text || setting.kind == SettingKind::pin;
  if (setting.fallback.empty() && !is_text) {
    return std::monostate{};
  }
  return parse_value(setting, setting.fallback).value();
}

bool reads_as_bare(std::string_view text) {
  return parse_boolean(text) || parse_real(text) || text.empty() ||
      text == "~" || text == "null" || text == "Null" || text == "NULL" ||
      text == ".nan" || text == ".inf" || text == "-.inf";
}

Json value_json(const Setting& setting, const SettingValue& value) {
  const auto* const text = std::get_if<std::string>(&value);
  if (setting.secret && text != nullptr && !text->empty()) {
    return "(not shown)";
  }
  if (setting.kind == SettingKind::choice) {
    const std::string& name = std::get<std::string>(value);
    if (const auto boolean = parse_boolean(name)) {
      return *boolean;
    }
    if (const auto number = parse_integer<int64_t>(name)) {
      return *number;
    }
  }
  return std::visit(
      [](const auto& held) -> Json {
        if constexpr (std::is_same_v<
                          std::decay_t<decltype(held)>,
                          std::monostate>) {
          return nullptr;
        } else {
          return held;
        }
      },
      value);
}

}  // namespace bantam
