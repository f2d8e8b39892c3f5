// SPDX-License-Identifier: MIT
// Input: a tokenizer.json, a line "%%%", a text. Whatever loads must encode
// and decode without a crash, stream as it decodes, and hide special tokens
// in input.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "base/utf8.h"
#include "text/tokenizer.h"

namespace bantam {
namespace {

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

void use(const Tokenizer& tokenizer, std::string_view text) {
  const auto ids = tokenizer.encode(text);
  const std::string decoded = tokenizer.decode(ids, true);
  StreamDecoder stream(tokenizer);
  std::string streamed;
  for (const TokenId id : ids) {
    const std::string piece = stream.push(id);
    require(valid_utf8_prefix(piece) == piece.size());
    streamed += piece;
  }
  require(streamed + stream.finish() == decoded);
  const PromptText hidden{std::string(text), {{0, text.size()}}};
  for (const TokenId id : tokenizer.encode(hidden, {.add_special = false})) {
    require(id >= 0 && id < tokenizer.vocabulary_size());
  }
}

}  // namespace
}  // namespace bantam

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr std::string_view kSeparator = "\n%%%\n";
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t cut = input.rfind(kSeparator);
  const bool has_text = cut != input.npos;
  try {
    const auto tokenizer = bantam::make_tokenizer_from_json(
        input.substr(0, cut), "tokenizer.json");
    bantam::use(
        *tokenizer,
        has_text ? input.substr(cut + kSeparator.size())
                 : "Hello, <s>w\u00f6rld</s>\n  12 \u65e5\u672c ab");
  } catch (const bantam::Error& error) {
    bantam::require(error.code() != bantam::ErrorCode::internal);
  }
  return 0;
}
