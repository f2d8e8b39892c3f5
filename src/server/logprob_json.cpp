// SPDX-License-Identifier: MIT
#include "server/logprob_json.h"

#include <algorithm>
#include <cmath>

#include "base/utf8.h"

namespace bantam {

namespace {

// JSON has no infinity; a token that cannot be is as unlikely as a double says.
double finite(double logprob) {
  return std::isfinite(logprob) ? logprob : -9999.0;
}

// Half a character shows as U+FFFD; "bytes" has what it is.
std::string printable(const std::string& bytes) {
  std::string text;
  for (size_t at = 0; at < bytes.size();) {
    const auto [character, length] = decode_utf8(bytes, at);
    append_utf8(length == 0 ? kReplacementCharacter : character, text);
    at += std::max(length, 1);
  }
  return text;
}

Json rated_json(const TokenLogprob& token) {
  Json bytes = Json::array();
  for (const char c : token.bytes) {
    bytes.push_back(static_cast<unsigned char>(c));
  }
  return {
      {"token", printable(token.bytes)},
      {"logprob", finite(token.logprob)},
      {"bytes", std::move(bytes)}};
}

}  // namespace

Json chat_logprobs(const std::vector<TokenChoice>& tokens) {
  Json content = Json::array();
  for (const TokenChoice& token : tokens) {
    Json one = rated_json(token.chosen);
    one["top_logprobs"] = Json::array();
    for (const TokenLogprob& rival : token.top) {
      one["top_logprobs"].push_back(rated_json(rival));
    }
    content.push_back(std::move(one));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

Json completion_logprobs(
    const std::vector<TokenChoice>& tokens,
    int64_t& offset) {
  Json out{
      {"tokens", Json::array()},
      {"token_logprobs", Json::array()},
      {"top_logprobs", Json::array()},
      {"text_offset", Json::array()}};
  for (const TokenChoice& token : tokens) {
    out["tokens"].push_back(printable(token.chosen.bytes));
    out["token_logprobs"].push_back(finite(token.chosen.logprob));
    Json top = Json::object();
    for (const TokenLogprob& rival : token.top) {
      top[printable(rival.bytes)] = finite(rival.logprob);
    }
    out["top_logprobs"].push_back(std::move(top));
    out["text_offset"].push_back(offset);
    offset += static_cast<int64_t>(token.chosen.bytes.size());
  }
  return out;
}

}  // namespace bantam
