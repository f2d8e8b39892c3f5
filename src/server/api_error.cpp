// SPDX-License-Identifier: MIT
#include "server/api_error.h"

#include <fmt/format.h>

namespace bantam {

namespace {

// The words of https://platform.openai.com/docs/guides/error-codes and
// https://docs.anthropic.com/en/api/errors.
std::string openai_type(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 503:
      return "service_unavailable_error";
    default:
      return status >= 500 ? "server_error" : "invalid_request_error";
  }
}

std::string anthropic_type(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 503:
      return "overloaded_error";
    default:
      return status >= 500 ? "api_error" : "invalid_request_error";
  }
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

}  // namespace

ApiError bad_field(const std::string& field, const std::string& message) {
  return ApiError(400, message).about(field);
}

ApiError api_error(const Error& error) {
  const ErrorKind& kind = error_kind(error.code());
  // 499 is the word of one proxy for a client that went away.
  ApiError api(kind.http_status == 499 ? 503 : kind.http_status, error.what());
  api.with_code(std::string(kind.name));
  if (api.status == 503) {
    api.retry_after(10);
  }
  return api;
}

ApiError pressure_error(const std::string& reason) {
  return ApiError(
             503,
             fmt::format(
                 "no new requests are taken: {}; it will be tried again by "
                 "itself",
                 reason))
      .with_code("memory_pressure")
      .retry_after(5);
}

Json error_json(const ApiError& error, ApiDialect dialect) {
  if (dialect == ApiDialect::anthropic) {
    const std::string message =
        error.param.empty() ? error.what() : error.param + ": " + error.what();
    return {
        {"type", "error"},
        {"error",
         {{"type", anthropic_type(error.status)}, {"message", message}}}};
  }
  return {
      {"error",
       {{"message", error.what()},
        {"type", openai_type(error.status)},
        {"param", text_or_null(error.param)},
        {"code", text_or_null(error.code)}}}};
}

HttpResponse error_response(const ApiError& error, ApiDialect dialect) {
  HttpResponse response;
  response.status = error.status;
  response.body = to_json_line(error_json(error, dialect)) + "\n";
  if (error.retry_after_s) {
    response.headers.emplace_back(
        "Retry-After", std::to_string(*error.retry_after_s));
  }
  if (error.status == 401) {
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
  }
  return response;
}

}  // namespace bantam
