// SPDX-License-Identifier: MIT
#include "server/event_stream.h"

namespace bantam {

void EventStream::send(const Json& data, std::string_view name) {
  std::string text;
  if (!name.empty()) {
    text = "event: " + std::string(name) + "\n";
  }
  write(text + "data: " + to_json_line(data) + "\n\n");
}

void EventStream::send_text(std::string_view data) {
  write("data: " + std::string(data) + "\n\n");
}

void EventStream::send_sign_of_life() {
  write(": waiting\n\n");
}

void EventStream::write(const std::string& text) {
  if (!exchange_.has_begun()) {
    HttpResponse head;
    head.type = "text/event-stream";
    head.headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};
    if (!exchange_.begin_stream(head)) {
      throw ClientGone{};
    }
  }
  if (!exchange_.write(text)) {
    throw ClientGone{};
  }
}

}  // namespace bantam
