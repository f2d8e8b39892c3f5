// SPDX-License-Identifier: MIT
// Values of settings: from text and back. The text is what stands after a flag
// or in an environment variable; the configuration file's scalars are the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "config/setting.h"

namespace bantam {

/// The alternative is what the setting's kind says: a size is an int64_t, a
/// choice a std::string. monostate: not set.
using SettingValue = std::variant<
    std::monostate,
    bool,
    int64_t,
    uint64_t,
    double,
    std::string,
    std::vector<std::string>>;

/// nullopt if `text` is not a value of this setting, or out of its range. Of a
/// list, `text` is the one element.
std::optional<SettingValue> parse_value(
    const Setting& setting,
    std::string_view text);

/// What the setting wants: "a number between 0 and 1".
std::string expectation(const Setting& setting);

/// What is wrong with `text`, which parse_value() refuses: `"1.5" is not a
/// number between 0 and 1`, with the nearest choice if there is one.
std::string refusal(const Setting& setting, std::string_view text);

SettingValue default_value(const Setting& setting);

/// The words of a row's `choices` or `pending`.
std::vector<std::string> words_of(std::string_view list);

/// For JSON output; a choice such as "8" or "true" becomes 8 or true.
Json value_json(const Setting& setting, const SettingValue& value);

/// True for "true", "8", "0.5": text that YAML and JSON read as something else
/// than text unless it stands in quotes.
bool reads_as_bare(std::string_view text);

}  // namespace bantam
