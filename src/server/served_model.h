// SPDX-License-Identifier: MIT
// What the server knows of the model behind it: plain values, so that it runs
// as well over a fake.
#pragma once

#include <cstdint>
#include <string>

#include "bantam/request.h"
#include "base/json.h"

namespace bantam {

struct ServedModel {
  std::string id;         // as in /v1/models
  int64_t created_s = 0;  // Unix time at which it was loaded
  int64_t context_tokens = 0;
  /// What prompt and answer of one request may have together.
  int64_t budget_tokens = 0;
  int64_t vocabulary = 0;
  std::string chat_template;  // its source; "": none
  Json plan;                  // as bantam plan --json prints it
  /// What a request gets that does not say otherwise.
  SamplingSettings sampling;
  bool thinking = false;
  int64_t thinking_budget = -1;
};

}  // namespace bantam
