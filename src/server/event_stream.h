// SPDX-License-Identifier: MIT
// Server-sent events over an exchange. The head goes out with the first event,
// so that an error before it still has a status of its own.
#pragma once

#include <string_view>

#include "base/json.h"
#include "server/answer_reader.h"
#include "server/exchange.h"

namespace bantam {

class EventStream {
 public:
  explicit EventStream(Exchange& exchange) : exchange_(exchange) {}

  /// Throws ClientGone. `name`: of the event; "": it has none.
  void send(const Json& data, std::string_view name = "");
  void send_text(std::string_view data);
  /// A comment, which clients skip: shows that the connection lives.
  void send_sign_of_life();

 private:
  void write(const std::string& text);

  Exchange& exchange_;
};

}  // namespace bantam
