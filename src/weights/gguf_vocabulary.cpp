// SPDX-License-Identifier: MIT
// The tokenizer.ggml.* keys of a GGUF file as a vocabulary.
#include <limits>

#include "weights/gguf_parts.h"

namespace bantam {

namespace {

// Far above any real vocabulary; bounds what is copied out of a hostile file.
constexpr size_t kMaxStrings = size_t{1} << 24;

std::vector<std::string> copy_strings(
    const GgufFile& file,
    std::string_view key) {
  std::vector<std::string> copies;
  if (const GgufStrings* strings = file.strings(key)) {
    if (strings->size() > kMaxStrings) {
      fail(
          ErrorCode::unsupported,
          "{}: metadata key {} has {} strings; at most {} are read",
          file.path(),
          in_quotes(key),
          strings->size(),
          kMaxStrings);
    }
    copies.reserve(strings->size());
    for (const std::string_view text : *strings) {
      copies.emplace_back(text);
    }
  }
  return copies;
}

// An array of one number per token; empty if the key is absent.
template <typename Stored, typename Value>
std::vector<Value> per_token(
    const GgufFile& file,
    std::string_view key,
    size_t tokens,
    std::string_view expected) {
  const GgufValue* value = file.find(key);
  if (value == nullptr) {
    return {};
  }
  const auto* numbers = std::get_if<std::vector<Stored>>(value);
  if (numbers == nullptr) {
    fail(
        ErrorCode::invalid_file,
        "{}: metadata key {} is {}, expected {}",
        file.path(),
        in_quotes(key),
        kind_of(*value),
        expected);
  }
  if (numbers->size() != tokens) {
    fail(
        ErrorCode::invalid_file,
        "{}: metadata key {} has {} elements, but there are {} tokens",
        file.path(),
        in_quotes(key),
        numbers->size(),
        tokens);
  }
  std::vector<Value> values(tokens);
  for (size_t i = 0; i < tokens; ++i) {
    values[i] = static_cast<Value>((*numbers)[i]);
  }
  return values;
}

// nullopt if the key is absent or says "none" as converters do: -1.
std::optional<TokenId> token_id(
    const GgufFile& file,
    std::string_view name,
    size_t tokens) {
  const std::string key = fmt::format("tokenizer.ggml.{}_token_id", name);
  const auto id = file.integer(key);
  constexpr int64_t kNone = std::numeric_limits<uint32_t>::max();
  if (!id || *id == -1 || *id == kNone) {
    return std::nullopt;
  }
  if (*id < 0 || *id >= static_cast<int64_t>(tokens)) {
    fail(
        ErrorCode::invalid_file,
        "{}: metadata key '{}' is {}, but there are {} tokens",
        file.path(),
        key,
        *id,
        tokens);
  }
  return static_cast<TokenId>(*id);
}

}  // namespace

GgufVocabulary read_vocabulary(const GgufFile& file) {
  GgufVocabulary vocabulary;
  vocabulary.source = file.path();
  const auto model = file.string("tokenizer.ggml.model");
  const GgufStrings* tokens = file.strings("tokenizer.ggml.tokens");
  if (!model || tokens == nullptr || tokens->empty()) {
    fail(
        ErrorCode::invalid_file,
        "{}: no vocabulary: metadata key '{}' is missing or empty",
        file.path(),
        model ? "tokenizer.ggml.tokens" : "tokenizer.ggml.model");
  }
  const size_t count = tokens->size();
  vocabulary.model = *model;
  vocabulary.pre = file.string("tokenizer.ggml.pre").value_or("");
  vocabulary.tokens = copy_strings(file, "tokenizer.ggml.tokens");
  vocabulary.scores = per_token<double, float>(
      file, "tokenizer.ggml.scores", count, "an array of numbers");
  vocabulary.types = per_token<int64_t, int32_t>(
      file, "tokenizer.ggml.token_type", count, "an array of integers");
  vocabulary.merges = copy_strings(file, "tokenizer.ggml.merges");
  vocabulary.bos = token_id(file, "bos", count);
  vocabulary.eos = token_id(file, "eos", count);
  vocabulary.unknown = token_id(file, "unknown", count);
  // Only padding may lie outside: nothing here pads, and files converted from
  // vocabularies with an added padding token do have such an id.
  const auto padding = file.integer("tokenizer.ggml.padding_token_id");
  if (padding && *padding >= 0 && *padding < static_cast<int64_t>(count)) {
    vocabulary.padding = static_cast<TokenId>(*padding);
  }
  for (const std::string_view name : {"eot", "eom"}) {
    if (const auto id = token_id(file, name, count)) {
      vocabulary.other_end_tokens.push_back(*id);
    }
  }
  vocabulary.add_bos = file.boolean("tokenizer.ggml.add_bos_token");
  vocabulary.add_eos = file.boolean("tokenizer.ggml.add_eos_token");
  vocabulary.add_space_prefix = file.boolean("tokenizer.ggml.add_space_prefix");
  return vocabulary;
}

}  // namespace bantam
