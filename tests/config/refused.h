// SPDX-License-Identifier: MIT
// The message of what a call refuses.
#pragma once

#include <string>

#include "base/error.h"

namespace bantam {

/// "" if nothing is thrown; the code's name first if it is another one than
/// invalid_request.
template <typename Call>
std::string refused(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code() == ErrorCode::invalid_request
        ? error.what()
        : std::string(error_kind(error.code()).name) + ": " + error.what();
  }
  return "";
}

}  // namespace bantam
