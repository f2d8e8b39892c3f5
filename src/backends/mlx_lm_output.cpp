// SPDX-License-Identifier: MIT
#include "backends/mlx_lm_output.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "backends/mlx_lm_help.h"
#include "base/error.h"
#include "base/utf8.h"

namespace bantam {

namespace {

constexpr std::string_view kRule = "==========\n";
constexpr std::string_view kEnd = "\n==========\n";
constexpr std::string_view kNothing = "No text generated for this prompt\n";
constexpr std::array<std::string_view, 3>
    kLabels{"Prompt: ", "Generation: ", "Peak memory: "};
constexpr size_t kLongestPreamble = 1 << 20;
constexpr size_t kLongestLine = 100;

// Whether one is a beginning of the other.
bool agree(std::string_view text, std::string_view whole) {
  const size_t size = std::min(text.size(), whole.size());
  return text.substr(0, size) == whole.substr(0, size);
}

// Whether `text`, behind the second rule, can still become the statistics, or
// is them.
bool may_be_statistics(std::string_view text) {
  if (text.size() <= kNothing.size() && agree(text, kNothing)) {
    return true;
  }
  for (const std::string_view label : kLabels) {
    const size_t end = text.find('\n');
    if (!agree(text.substr(0, end), label) ||
        std::min(end, text.size()) > kLongestLine) {
      return false;
    }
    if (end == text.npos) {
      return true;
    }
    text.remove_prefix(end + 1);
  }
  return text.empty();
}

// "36 tokens, 12.345 tokens-per-sec"
bool parse_line(std::string_view text, int64_t& tokens, double& tps) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, tokens);
  constexpr std::string_view kBetween = " tokens, ";
  const std::string rest(stop, end);
  if (error != std::errc{} || tokens < 0 || !rest.starts_with(kBetween)) {
    return false;
  }
  tps = std::strtod(rest.c_str() + kBetween.size(), nullptr);
  return true;
}

std::optional<MlxLmStatistics> parse_statistics(std::string_view text) {
  MlxLmStatistics statistics;
  if (text == kNothing) {
    return statistics;
  }
  const auto line = [&](std::string_view label) {
    const size_t begin = text.find(label);
    const size_t from = begin == text.npos ? begin : begin + label.size();
    return from == text.npos ? std::string_view{}
                             : text.substr(from, text.find('\n', from) - from);
  };
  if (!parse_line(
          line(kLabels[0]), statistics.prompt_tokens, statistics.prompt_tps) ||
      !parse_line(
          line(kLabels[1]),
          statistics.generated_tokens,
          statistics.generation_tps)) {
    return std::nullopt;
  }
  return statistics;
}

// Whether `bytes`, which are no valid character, may be the first ones of one.
bool may_be_cut_off(std::string_view bytes) {
  if (bytes.empty()) {
    return false;
  }
  const auto first = static_cast<unsigned char>(bytes[0]);
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  return first >= 0xC2 && first <= 0xF4 && bytes.size() < length &&
      std::ranges::all_of(
             bytes.substr(1),
             [](char byte) {
               return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
             });
}

}  // namespace

std::string MlxLmOutput::push(std::string_view bytes) {
  if (!begun_) {
    preamble_ += bytes;
    const size_t rule = preamble_.starts_with(kRule) ? 0 : preamble_.find(kEnd);
    if (rule == preamble_.npos) {
      if (preamble_.size() > kLongestPreamble) {
        fail(
            ErrorCode::unavailable,
            "mlx-lm prints something, but no answer: {}",
            last_words(preamble_));
      }
      return "";
    }
    begun_ = true;
    const size_t text = rule + (rule == 0 ? kRule.size() : kEnd.size());
    held_ = preamble_.substr(text);
    preamble_.resize(rule);
  } else {
    held_ += bytes;
  }
  return certain_text();
}

// Up to the first place from where on all may be the end.
std::string MlxLmOutput::certain_text() {
  size_t end = held_.find('\n');
  while (end != held_.npos) {
    const std::string_view rest = std::string_view(held_).substr(end);
    if (agree(rest, kEnd) &&
        (rest.size() <= kEnd.size() ||
         may_be_statistics(rest.substr(kEnd.size())))) {
      break;
    }
    end = held_.find('\n', end + 1);
  }
  end = std::min(end, held_.size());
  const std::string text = whole_characters(held_.substr(0, end), false);
  held_.erase(0, end);
  return text;
}

std::string MlxLmOutput::finish() {
  if (std::string_view(held_).starts_with(kEnd)) {
    statistics_ = parse_statistics(std::string_view(held_).substr(kEnd.size()));
  }
  return whole_characters(statistics_ ? "" : held_, true);
}

std::string MlxLmOutput::whole_characters(std::string_view bytes, bool last) {
  const std::string all = cut_off_ + std::string(bytes);
  cut_off_.clear();
  std::string text;
  for (size_t i = 0; i < all.size();) {
    const size_t valid = valid_utf8_prefix(std::string_view(all).substr(i));
    text += all.substr(i, valid);
    i += valid;
    if (!last && may_be_cut_off(std::string_view(all).substr(i))) {
      cut_off_ = all.substr(i);  // the rest may still come
      break;
    }
    if (i < all.size()) {
      append_utf8(kReplacementCharacter, text);
      ++i;
    }
  }
  return text;
}

}  // namespace bantam
