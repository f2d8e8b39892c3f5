// SPDX-License-Identifier: MIT
#include "text/jinja_source.h"

#include <algorithm>

#include "base/utf8.h"

namespace bantam::jinja {

namespace {

// Real templates are below 100 kB; positions are 32 bits.
constexpr size_t kMaxTemplateBytes = 1 << 20;

}  // namespace

Source::Source(std::string_view text, std::string name)
    : name_(std::move(name)) {
  if (text.size() > kMaxTemplateBytes) {
    bantam::fail(
        ErrorCode::invalid_file,
        "{}: a chat template of {} bytes is longer than the limit of {}",
        name_,
        text.size(),
        kMaxTemplateBytes);
  }
  if (const size_t valid = valid_utf8_prefix(text); valid < text.size()) {
    bantam::fail(
        ErrorCode::invalid_file,
        "{}: the chat template is not UTF-8 at byte {}",
        name_,
        valid);
  }
  text_.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r') {
      text_ += '\n';
      i += i + 1 < text.size() && text[i + 1] == '\n';
    } else {
      text_ += text[i];
    }
  }
  if (!text_.empty() && text_.back() == '\n') {
    text_.pop_back();
  }
}

std::string Source::place(Position at) const {
  const auto before = text().substr(0, std::min<size_t>(at, text_.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t newline = before.rfind('\n');
  const size_t column =
      newline == before.npos ? before.size() + 1 : before.size() - newline;
  return fmt::format("{}:{}:{}", name_, line, column);
}

void Source::fail(ErrorCode code, Position at, std::string_view what) const {
  throw Error(code, fmt::format("{}: {}", place(at), what));
}

}  // namespace bantam::jinja
