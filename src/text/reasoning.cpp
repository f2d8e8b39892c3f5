// SPDX-License-Identifier: MIT
#include "text/reasoning.h"

#include <algorithm>
#include <array>
#include <utility>

#include "text/harmony_marks.h"

namespace bantam {

namespace {

struct KnownFormat {
  std::string_view sign;  // in the template
  std::string_view open;
  std::string_view close;
  std::string_view closing;
};

// The first whose sign is found decides.
constexpr std::array kFormats{
    KnownFormat{"</think>", "<think>", "</think>", "\n</think>\n\n"},
    KnownFormat{"<think>", "<think>", "</think>", "\n</think>\n\n"},
    KnownFormat{"[THINK]", "[THINK]", "[/THINK]", "[/THINK]"},
    KnownFormat{
        "<|channel>thought",
        "<|channel>thought",
        "<channel|>",
        "\n<channel|>"},
    KnownFormat{
        "<seed:think>",
        "<seed:think>",
        "</seed:think>",
        "</seed:think>"},
    KnownFormat{
        "<|START_THINKING|>",
        "<|START_THINKING|>",
        "<|END_THINKING|>",
        "<|END_THINKING|>"},
    KnownFormat{"◁think▷", "◁think▷", "◁/think▷", "◁/think▷"},
    KnownFormat{"<thought>", "<thought>", "</thought>", "\n</thought>\n"},
};

// Harmony, as gpt-oss's template and its guide write it.
constexpr std::string_view kHarmonySign = "<|channel|>analysis";
constexpr std::string_view kHarmonyClosing =
    "<|end|><|start|>assistant<|channel|>final<|message|>";
constexpr std::array kMessageEnds{
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|start|>"};

// No header is longer; one that is was never a header.
constexpr size_t kLongestHeader = 512;

constexpr std::string_view kSpace = " \t\r\n";

bool starts_or_may(std::string_view text, std::string_view mark) {
  return text.starts_with(mark) || mark.starts_with(text);
}

struct Found {
  size_t at = std::string_view::npos;
  size_t size = 0;
};

Found first_of(std::string_view text, const std::vector<std::string>& marks) {
  Found found;
  for (const std::string& mark : marks) {
    const size_t at = text.find(mark);
    if (at < found.at) {
      found = {.at = at, .size = mark.size()};
    }
  }
  return found;
}

// Bytes at the end of `text` that may be the beginning of a mark.
size_t may_begin(std::string_view text, const std::vector<std::string>& marks) {
  size_t keep = 0;
  for (const std::string_view mark : marks) {
    for (size_t n = std::min(text.size(), mark.size() - 1); n > keep; --n) {
      if (text.ends_with(mark.substr(0, n))) {
        keep = n;
      }
    }
  }
  return keep;
}

}  // namespace

std::optional<ReasoningFormat> reasoning_format(
    std::string_view template_source) {
  const auto has = [&](std::string_view sign) {
    return template_source.find(sign) != template_source.npos;
  };
  if (has(kHarmonySign)) {
    return ReasoningFormat{
        .open = "",
        .close = "",
        .closing = std::string(kHarmonyClosing),
        .channels = true};
  }
  for (const KnownFormat& format : kFormats) {
    if (has(format.sign)) {
      return ReasoningFormat{
          .open = std::string(format.open),
          .close = std::string(format.close),
          .closing = std::string(format.closing)};
    }
  }
  return std::nullopt;
}

bool opens_reasoning(const PromptText& prompt, const ReasoningFormat& format) {
  if (format.channels) {
    return false;
  }
  const size_t begin = prompt.input.empty() ? 0 : prompt.input.back().end;
  const std::string_view tail = std::string_view(prompt.text).substr(begin);
  const size_t opened = tail.rfind(format.open);
  const size_t closed = tail.rfind(format.close);
  return opened != tail.npos && (closed == tail.npos || closed < opened);
}

ReasoningParser::ReasoningParser(
    std::optional<ReasoningFormat> format,
    bool inside)
    : format_(std::move(format)),
      state_(
          !format_     ? State::answer
              : inside ? State::reasoning
                       : State::start),
      drop_space_(inside) {
  if (format_ && format_->channels) {
    body_ends_.assign(kMessageEnds.begin(), kMessageEnds.end());
  } else if (format_) {
    body_ends_ = {format_->close};
  }
}

bool ReasoningParser::is_mark(std::string_view spelling) const {
  if (!format_ || spelling.empty()) {
    return false;
  }
  if (!format_->channels) {
    return format_->open.starts_with(spelling) || format_->close == spelling;
  }
  return spelling == harmony::kStart || spelling == harmony::kChannel ||
      spelling == harmony::kMessage || spelling == harmony::kConstrain ||
      std::find(body_ends_.begin(), body_ends_.end(), spelling) !=
      body_ends_.end();
}

std::string ReasoningParser::take(size_t count) {
  std::string text = held_.substr(0, count);
  held_.erase(0, count);
  return text;
}

// Appends a part of a message; `ends`: the last one.
void ReasoningParser::add(std::string_view text, bool ends, AnswerPieces& out) {
  if (drop_space_) {
    text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
  }
  if (text.empty()) {
    return;
  }
  drop_space_ = false;
  if (state_ == State::answer) {
    out.answer += text;
    return;
  }
  if (ends) {
    text = text.substr(0, text.find_last_not_of(kSpace) + 1);
  }
  out.reasoning += text;
}

// What is there before any mark? White space alone does not say.
bool ReasoningParser::begin(AnswerPieces& out, bool at_end) {
  const size_t first = held_.find_first_not_of(kSpace);
  if (first == held_.npos && !at_end) {
    return false;
  }
  const std::string_view text =
      std::string_view(held_).substr(std::min(first, held_.size()));
  const std::vector<std::string_view> marks = format_->channels
      ? std::vector<std::string_view>{harmony::kStart, harmony::kChannel}
      : std::vector<std::string_view>{format_->open};
  for (const std::string_view mark : marks) {
    if (!at_end && starts_or_may(text, mark)) {
      if (text.size() < mark.size()) {
        return false;
      }
    }
    if (text.starts_with(mark)) {
      if (format_->channels) {
        state_ = State::role;
      } else {
        take(first + mark.size());
        state_ = State::reasoning;
        drop_space_ = true;
      }
      return true;
    }
  }
  state_ = State::answer;
  if (format_->channels) {
    return true;
  }
  add(take(held_.size()), at_end, out);
  return false;
}

// A header that is too long for one was never one: that much of it is shown.
bool ReasoningParser::is_overlong(size_t at, AnswerPieces& out) {
  if (at <= kLongestHeader ||
      held_.size() < kLongestHeader + harmony::kMessage.size()) {
    return false;
  }
  state_ = State::answer;
  out.answer += take(kLongestHeader);
  return true;
}

// "<|start|>assistant to=functions.f": up to the channel.
bool ReasoningParser::read_role(AnswerPieces& out) {
  const size_t at =
      std::min(held_.find(harmony::kChannel), held_.find(harmony::kMessage));
  if (is_overlong(at, out)) {
    return true;
  }
  if (at == held_.npos) {
    return false;
  }
  role_ = take(at);
  state_ = State::header;
  return true;
}

// "<|channel|>commentary to=functions.f <|constrain|>json<|message|>". A call
// of a tool goes to the answer with its header, for whoever reads tool calls.
bool ReasoningParser::read_header(AnswerPieces& out) {
  const size_t at = held_.find(harmony::kMessage);
  if (is_overlong(at, out)) {
    return true;
  }
  if (at == held_.npos) {
    return false;
  }
  const std::string header = take(at + harmony::kMessage.size());
  const bool is_call = (role_ + header).find(" to=") != std::string::npos;
  const std::string analysis = std::string(harmony::kChannel) + "analysis";
  state_ = header.starts_with(analysis) && !is_call ? State::reasoning
                                                    : State::answer;
  drop_space_ = state_ == State::reasoning;
  if (is_call) {
    out.answer += role_ + header;
  }
  return true;
}

bool ReasoningParser::read_body(AnswerPieces& out, bool at_end) {
  const bool to_end = state_ == State::answer && !format_->channels;
  const Found end = to_end ? Found{} : first_of(held_, body_ends_);
  if (end.at != std::string::npos) {
    add(take(end.at), /* ends = */ true, out);
    const bool next_is_role =
        std::string_view(held_).substr(0, end.size) == harmony::kStart;
    if (!next_is_role) {
      take(end.size);
    }
    state_ = format_->channels ? State::role : State::answer;
    drop_space_ = !format_->channels;
    return true;
  }
  size_t keep = to_end || at_end ? 0 : may_begin(held_, body_ends_);
  // Space before the closing mark goes with it.
  while (state_ == State::reasoning && !at_end && keep < held_.size() &&
         kSpace.find(held_[held_.size() - keep - 1]) != kSpace.npos) {
    ++keep;
  }
  add(take(held_.size() - keep), at_end, out);
  return false;
}

void ReasoningParser::run(AnswerPieces& out, bool at_end) {
  bool more = true;
  while (more) {
    switch (state_) {
      case State::start:
        more = begin(out, at_end);
        break;
      case State::role:
        more = read_role(out);
        break;
      case State::header:
        more = read_header(out);
        break;
      default:
        more = read_body(out, at_end);
    }
  }
}

AnswerPieces ReasoningParser::push(std::string_view text) {
  AnswerPieces out;
  if (!format_) {
    out.answer = text;
    return out;
  }
  held_ += text;
  run(out, /* at_end = */ false);
  return out;
}

AnswerPieces ReasoningParser::finish() {
  AnswerPieces out;
  if (format_) {
    run(out, /* at_end = */ true);
    held_.clear();
  }
  return out;
}

}  // namespace bantam
