// SPDX-License-Identifier: MIT
// The date functions of templates: strftime_now() and its clock.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

namespace bantam::jinja {

/// "2024-07-26", "2024-07-26 09:30" or "2024-07-26T09:30:05". Throws
/// invalid_request for anything else.
std::tm parse_clock(std::string_view text);

/// datetime.strftime in the C locale. Raises unsupported for a conversion
/// that Python leaves to the platform.
std::string format_time(const std::tm& time, std::string_view format);

}  // namespace bantam::jinja
