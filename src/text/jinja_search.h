// SPDX-License-Identifier: MIT
// Finding one string in another in linear time: a template chooses both, and
// std::string::find takes |text| x |words| steps at worst.
#pragma once

#include <cstddef>
#include <string_view>

namespace bantam::jinja {

/// Like text.find(words, from).
size_t find_words(std::string_view text, std::string_view words, size_t from);
/// Like text.rfind(words).
size_t find_last_words(std::string_view text, std::string_view words);

}  // namespace bantam::jinja
