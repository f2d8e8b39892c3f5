// SPDX-License-Identifier: MIT
#include "bantam/request.h"

namespace bantam {

const char* finish_reason_name(FinishReason reason) {
  switch (reason) {
    case FinishReason::stop:
      return "stop";
    case FinishReason::length:
      return "length";
    case FinishReason::memory:
      return "memory";
    case FinishReason::swap:
      return "swap";
    case FinishReason::cancelled:
      return "cancelled";
  }
  return "stop";
}

}  // namespace bantam
