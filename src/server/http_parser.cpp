// SPDX-License-Identifier: MIT
#include "server/http_parser.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace bantam {

namespace {

bool is_token_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
      (c >= '0' && c <= '9') ||
      std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() &&
      std::all_of(text.begin(), text.end(), is_token_character);
}

std::string lower(std::string text) {
  for (char& c : text) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  return text;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
  });
}

// "%2F" -> "/". Throws for a broken escape.
std::string decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    uint8_t byte = 0;
    const char* begin = text.data() + i + 1;
    const char* end = text.data() + std::min(i + 3, text.size());
    const auto [stop, error] = std::from_chars(begin, end, byte, 16);
    if (error != std::errc{} || stop != begin + 2) {
      throw HttpError(400, "the request target has a broken % escape");
    }
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

size_t number(std::string_view text, int base, const char* what) {
  size_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (text.empty() || error == std::errc::invalid_argument || stop != end) {
    throw HttpError(400, std::string(what) + " is not a number");
  }
  // Too large for size_t is too large for any limit.
  return error == std::errc{} ? value : std::string::npos;
}

}  // namespace

void HttpParser::push(std::string_view bytes) {
  input_.erase(0, at_);
  at_ = 0;
  input_ += bytes;
  advance();
}

std::optional<HttpRequest> HttpParser::take() {
  advance();
  if (!complete_) {
    return std::nullopt;
  }
  HttpRequest request = std::move(request_);
  request_ = {};
  header_bytes_ = 0;
  body_left_ = 0;
  complete_ = false;
  wants_continue_ = false;
  part_ = Part::line;
  return request;
}

bool HttpParser::take_continue() {
  const bool wants = wants_continue_ && !complete_;
  wants_continue_ = false;
  return wants;
}

// A line without its end; nullopt: not complete yet.
std::optional<std::string> HttpParser::take_line(size_t limit, int status) {
  const size_t end = input_.find('\n', at_);
  if (std::min(end, input_.size()) - at_ > limit) {
    throw HttpError(
        status,
        status == 414 ? "the request line is too long"
                      : "the headers are too large");
  }
  if (end == input_.npos) {
    return std::nullopt;
  }
  std::string line = input_.substr(at_, end - at_);
  at_ = end + 1;
  if (!line.empty() && line.back() == '\r') {
    line.pop_back();
  }
  return line;
}

void HttpParser::advance() {
  while (!complete_) {
    std::optional<std::string> line;
    switch (part_) {
      case Part::line:
        line = take_line(limits_.line_bytes, 414);
        if (!line) {
          return;
        }
        if (!line->empty()) {  // Empty lines before a request are allowed.
          read_request_line(*line);
        }
        break;
      case Part::headers:
      case Part::trailer:
        line = take_line(limits_.header_bytes - header_bytes_, 431);
        if (!line) {
          return;
        }
        header_bytes_ +=
            std::min(line->size() + 2, limits_.header_bytes - header_bytes_);
        if (part_ == Part::trailer) {
          complete_ = line->empty();
        } else if (line->empty()) {
          end_headers();
        } else {
          read_header(*line);
        }
        break;
      case Part::chunk_size:
        line = take_line(256, 400);
        if (!line) {
          return;
        }
        read_chunk_size(*line);
        break;
      case Part::chunk_end:
        line = take_line(2, 400);
        if (!line) {
          return;
        }
        if (!line->empty()) {
          throw HttpError(400, "a chunk of the body is longer than it said");
        }
        part_ = Part::chunk_size;
        break;
      case Part::body:
        if (!take_body(Part::body)) {
          return;
        }
        complete_ = true;
        break;
      case Part::chunk:
        if (!take_body(Part::chunk_end)) {
          return;
        }
        break;
    }
  }
}

bool HttpParser::take_body(Part next) {
  const size_t count = std::min(body_left_, input_.size() - at_);
  request_.body.append(input_, at_, count);
  at_ += count;
  body_left_ -= count;
  if (body_left_ == 0) {
    part_ = next;
  }
  return body_left_ == 0;
}

void HttpParser::read_request_line(const std::string& line) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == line.npos || first == last ||
      !is_token(std::string_view(line).substr(0, first))) {
    throw HttpError(400, "the first line is not an HTTP request");
  }
  const std::string version = line.substr(last + 1);
  if (!version.starts_with("HTTP/")) {
    throw HttpError(400, "the first line is not an HTTP request");
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    throw HttpError(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
  }
  request_.method = line.substr(0, first);
  request_.takes_chunks = version == "HTTP/1.1";
  request_.keeps_alive = request_.takes_chunks;
  read_target(line.substr(first + 1, last - first - 1));
  part_ = Part::headers;
}

void HttpParser::read_target(std::string target) {
  // "http://host/path", as a client of a proxy writes it.
  if (target.starts_with("http://") || target.starts_with("https://")) {
    const size_t path = target.find('/', target.find("//") + 2);
    target = path == target.npos ? "/" : target.substr(path);
  }
  const bool of_server = target == "*" && request_.method == "OPTIONS";
  if ((!of_server && !target.starts_with('/')) || has_control(target) ||
      target.find(' ') != target.npos) {
    throw HttpError(400, "the request target is not a path");
  }
  target.erase(std::min(target.find('#'), target.size()));
  const size_t question = std::min(target.find('?'), target.size());
  request_.path = decoded(std::string_view(target).substr(0, question));
  request_.query = question < target.size() ? target.substr(question + 1) : "";
}

void HttpParser::read_header(const std::string& line) {
  if (request_.headers.size() == limits_.header_count) {
    throw HttpError(431, "there are too many headers");
  }
  const size_t colon = line.find(':');
  if (colon == line.npos ||
      !is_token(std::string_view(line).substr(0, colon)) || has_control(line)) {
    throw HttpError(400, "a header is malformed");
  }
  request_.headers.emplace_back(
      lower(line.substr(0, colon)),
      trimmed(std::string_view(line).substr(colon + 1)));
}

void HttpParser::end_headers() {
  std::optional<size_t> length;
  bool chunked = false;
  size_t hosts = 0;
  for (const auto& [name, value] : request_.headers) {
    if (name == "content-length") {
      const size_t given = number(value, 10, "Content-Length");
      if (length && *length != given) {
        throw HttpError(400, "Content-Length is given twice");
      }
      length = given;
    } else if (name == "transfer-encoding") {
      if (chunked || lower(value) != "chunked") {
        throw HttpError(
            501, "the only Transfer-Encoding spoken here is chunked");
      }
      chunked = true;
    } else if (name == "connection") {
      const std::string options = lower(value);
      if (options.find("close") != options.npos) {
        request_.keeps_alive = false;
      } else if (options.find("keep-alive") != options.npos) {
        request_.keeps_alive = true;
      }
    } else if (name == "host") {
      ++hosts;
    } else if (name == "expect") {
      if (lower(value) != "100-continue") {
        throw HttpError(417, "the only Expect is 100-continue");
      }
      wants_continue_ = true;
    }
  }
  if (hosts != 1 && request_.takes_chunks) {
    throw HttpError(400, "there must be one Host header");
  }
  // RFC 9112, 6.1: it may come from something that did not understand it.
  request_.keeps_alive =
      request_.keeps_alive && (!chunked || request_.takes_chunks);
  if (chunked && length) {
    throw HttpError(
        400, "Content-Length and Transfer-Encoding exclude each other");
  }
  if (length && *length > limits_.body_bytes) {
    throw HttpError(
        413,
        "the body has " + std::to_string(*length) + " bytes, but at most " +
            std::to_string(limits_.body_bytes) + " are taken");
  }
  body_left_ = length.value_or(0);
  part_ = chunked ? Part::chunk_size : Part::body;
}

void HttpParser::read_chunk_size(const std::string& line) {
  const std::string_view size =
      std::string_view(line).substr(0, std::min(line.find(';'), line.size()));
  body_left_ = number(trimmed(size), 16, "the size of a chunk");
  if (body_left_ > limits_.body_bytes - request_.body.size()) {
    throw HttpError(
        413,
        "the body has more than " + std::to_string(limits_.body_bytes) +
            " bytes");
  }
  part_ = body_left_ == 0 ? Part::trailer : Part::chunk;
}

}  // namespace bantam
