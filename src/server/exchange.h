// SPDX-License-Identifier: MIT
// One request and the answer to it, as a route sees them: whole, or piece by
// piece as it comes.
#pragma once

#include <string_view>

#include "server/http_message.h"

namespace bantam {

/// Belongs to the thread that answers.
class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const HttpRequest& request() const = 0;
  /// Answers, once.
  virtual void respond(const HttpResponse& response) = 0;
  /// Begins an answer that write() goes on with and the end of the exchange
  /// ends. Both are false when the client has gone or does not read.
  virtual bool begin_stream(const HttpResponse& head) = 0;
  virtual bool write(std::string_view data) = 0;
  /// Has the client hung up?
  virtual bool client_gone() = 0;
  /// Has an answer begun?
  virtual bool has_begun() const = 0;
  /// Headers that any answer of this exchange is to have.
  virtual void add_header(std::string_view name, std::string_view value) = 0;
};

}  // namespace bantam
