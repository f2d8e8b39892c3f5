// SPDX-License-Identifier: MIT
// What a client may send. The first byte chooses: 0 is HTTP, cut into pieces;
// others are bodies of the routes. Nothing but the errors that clients get may
// come of it.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "server/chat_call.h"
#include "server/http_parser.h"
#include "server/messages_api.h"
#include "server/responses_api.h"

namespace {

bantam::ServedModel served() {
  bantam::ServedModel model;
  model.id = "fuzz";
  model.context_tokens = 4096;
  model.budget_tokens = 1024;
  model.vocabulary = 1000;
  model.chat_template = "{% if tools %}<tool_call>{% endif %}enable_thinking";
  return model;
}

// However the bytes are cut, the same requests come out.
void parse_http(std::string_view bytes) {
  bantam::HttpLimits limits;
  limits.body_bytes = 1 << 16;
  std::string whole;
  std::string pieces;
  for (const size_t piece : {bytes.size() + 1, size_t{1}, size_t{3}}) {
    std::string& seen = piece > bytes.size() ? whole : pieces;
    seen.clear();
    bantam::HttpParser parser(limits);
    try {
      for (size_t at = 0; at < bytes.size(); at += piece) {
        parser.push(bytes.substr(at, piece));
        while (const auto request = parser.take()) {
          seen += request->method + " " + request->path + "\n" + request->body;
        }
      }
    } catch (const bantam::HttpError& error) {
      if (error.status < 400 || error.status > 599) {
        std::abort();
      }
    }
    // Cut in pieces, requests before a broken one have been taken.
    if (piece <= bytes.size() && !pieces.starts_with(whole)) {
      std::abort();
    }
  }
}

void read_body(char route, const bantam::Json& body) {
  static const bantam::ServedModel kModel = served();
  bantam::ApiCall call;
  switch (route) {
    case '1':
      call = bantam::read_chat_call(body, kModel);
      break;
    case '2':
      call = bantam::read_completion_call(body, kModel).call;
      break;
    case '3':
      call = bantam::read_responses_call(body, kModel).call;
      break;
    default:
      call = bantam::read_messages_call(body, kModel);
  }
  bantam::fit_to_budget(call, 7, kModel, "max_tokens");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.empty()) {
    return 0;
  }
  if (text.front() == '0') {
    parse_http(text.substr(1));
    return 0;
  }
  try {
    read_body(
        text.front(),
        bantam::parse_json(
            text.substr(1), "body", bantam::ErrorCode::invalid_request));
  } catch (const bantam::ApiError& error) {
    if (error.status != 400 && error.status != 404) {
      std::abort();
    }
    // It can be told to the client.
    bantam::error_response(error, bantam::ApiDialect::openai);
    bantam::error_response(error, bantam::ApiDialect::anthropic);
  } catch (const bantam::Error& error) {
    if (error.code() != bantam::ErrorCode::invalid_request) {
      std::abort();
    }
  }
  return 0;
}
