// SPDX-License-Identifier: MIT
#include "base/error.h"

#include <array>

namespace bantam {

namespace {

constexpr std::array kErrorKinds{
    ErrorKind{ErrorCode::invalid_request, "invalid_request", 400, 2},
    ErrorKind{ErrorCode::not_found, "not_found", 404, 3},
    ErrorKind{ErrorCode::invalid_file, "invalid_file", 500, 3},
    ErrorKind{ErrorCode::unsupported, "unsupported", 501, 3},
    ErrorKind{ErrorCode::insufficient_memory, "insufficient_memory", 503, 4},
    ErrorKind{ErrorCode::memory_pressure, "memory_pressure", 503, 5},
    ErrorKind{ErrorCode::swap, "swap", 503, 6},
    ErrorKind{ErrorCode::unavailable, "unavailable", 502, 7},
    ErrorKind{ErrorCode::cancelled, "cancelled", 499, 130},
    ErrorKind{ErrorCode::internal, "internal", 500, 1},
};

}  // namespace

const ErrorKind& error_kind(ErrorCode code) {
  for (const ErrorKind& kind : kErrorKinds) {
    if (kind.code == code) {
      return kind;
    }
  }
  return kErrorKinds.back();
}

}  // namespace bantam
