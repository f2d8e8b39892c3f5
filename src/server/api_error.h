// SPDX-License-Identifier: MIT
// An error as API clients see it, in OpenAI's shape or in Anthropic's.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>

#include "bantam/error.h"
#include "base/json.h"
#include "server/http_message.h"

namespace bantam {

class ApiError : public std::runtime_error {
 public:
  ApiError(int http_status, const std::string& message)
      : std::runtime_error(message), status(http_status) {}

  /// The field of the request that is to blame: "messages[2].content".
  ApiError& about(std::string field) {
    param = std::move(field);
    return *this;
  }
  ApiError& with_code(std::string name) {
    code = std::move(name);
    return *this;
  }
  ApiError& retry_after(int64_t seconds) {
    retry_after_s = seconds;
    return *this;
  }

  int status;
  std::string param;
  std::string code;
  std::optional<int64_t> retry_after_s;
};

/// 400 with the field that is to blame.
ApiError bad_field(const std::string& field, const std::string& message);

/// What an error of the engine means to a client.
ApiError api_error(const Error& error);

/// 503: no request may begin, for this reason.
ApiError pressure_error(const std::string& reason);

enum class ApiDialect { openai, anthropic };

Json error_json(const ApiError& error, ApiDialect dialect);
HttpResponse error_response(const ApiError& error, ApiDialect dialect);

}  // namespace bantam
