// SPDX-License-Identifier: MIT
// Which bantam this is.
#pragma once

#include <string>

namespace bantam {

inline constexpr const char* kVersion = BANTAM_VERSION;

/// The versions that count as this one, up to the next that may break things:
/// ">=0.1.0,<0.2".
inline std::string compatible_pin() {
  const std::string version = kVersion;
  const size_t minor_begin = version.find('.') + 1;
  const int minor = std::stoi(version.substr(minor_begin));
  return ">=" + version + ",<" + version.substr(0, minor_begin) +
      std::to_string(minor + 1);
}

}  // namespace bantam
