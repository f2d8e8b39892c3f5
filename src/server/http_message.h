// SPDX-License-Identifier: MIT
// One HTTP request and one response, as values.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bantam {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;
  std::string path;     // decoded, without the query: "/v1/models"
  std::string query;    // as it came, without "?"
  HttpHeaders headers;  // names in lower case
  std::string body;
  bool keeps_alive = true;
  bool takes_chunks = true;  // HTTP/1.1

  /// The first header of that name (in lower case); nullptr: none.
  const std::string* header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) {
        return &value;
      }
    }
    return nullptr;
  }
};

struct HttpResponse {
  int status = 200;
  HttpHeaders headers;
  std::string body;
  std::string type = "application/json";
};

/// "OK", "Not Found", ...
std::string_view http_reason(int status);

/// Status line and headers up to and with the empty line. Nothing in `headers`
/// may hold a line break; one is replaced by a space.
std::string http_head(int status, const HttpHeaders& headers);

}  // namespace bantam
