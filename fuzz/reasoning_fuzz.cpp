// SPDX-License-Identifier: MIT
// Whatever a model writes: cut in pieces it parses as in one, and nothing of an
// answer without reasoning is lost. The input is one byte that chooses format
// and start, one that chooses the length of the pieces, and the text.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "text/reasoning.h"

namespace {

constexpr std::string_view kSigns[] =
    {"<think>", "[THINK]", "<|channel>thought", "<|channel|>analysis", ""};

bantam::AnswerPieces parse(
    const std::optional<bantam::ReasoningFormat>& format,
    bool inside,
    std::string_view text,
    size_t piece) {
  bantam::ReasoningParser parser(format, inside);
  bantam::AnswerPieces all;
  const auto add = [&](const bantam::AnswerPieces& pieces) {
    all.reasoning += pieces.reasoning;
    all.answer += pieces.answer;
  };
  for (size_t at = 0; at < text.size(); at += piece) {
    add(parser.push(text.substr(at, piece)));
  }
  add(parser.finish());
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size < 2) {
    return 0;
  }
  const auto format =
      bantam::reasoning_format(kSigns[bytes[0] % std::size(kSigns)]);
  const bool inside = format && !format->channels && bytes[0] >= 128;
  const size_t piece = 1 + bytes[1] % 16;
  const std::string_view text(
      reinterpret_cast<const char*>(bytes) + 2, size - 2);
  const bantam::AnswerPieces whole =
      parse(format, inside, text, text.size() + 1);
  const bantam::AnswerPieces cut = parse(format, inside, text, piece);
  if (whole.reasoning != cut.reasoning || whole.answer != cut.answer) {
    std::abort();
  }
  if (!format && whole.answer != text) {
    std::abort();
  }
  return 0;
}
