// SPDX-License-Identifier: MIT
// Each name stands for the pre-tokenizer of the tokenizer.json that the
// vocabulary was converted from. The names and which expressions belong to
// them: llama.cpp, src/llama-vocab.cpp.
#include "text/gguf_pre_tokenizer.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"

namespace bantam {

namespace {

// A digit at a time, as Digits(individual_digits) does.
constexpr const char* kDigit = R"(\p{N})";
constexpr const char* kThreeDigits = R"(\p{N}{1,3})";
constexpr const char* kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwen35 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kJais2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1})";
constexpr const char* kCjk = R"([一-龥぀-ゟ゠-ヿ]+)";
constexpr const char* kDeepseek3 =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kBloom = R"( ?[^(\s|.,!?…。，、।۔،)]+)";
constexpr const char* kTekken =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kGpt4o =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kYoutuScripts =
    R"([가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+)";
constexpr const char* kYoutu =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kBailing =
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)";
constexpr const char* kSeedCoder =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kUfakzeka =
    R"([^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kMinicpm5 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kLines = R"([^\n]+|[\n]+)";

using Patterns = std::array<const char*, 5>;  // applied in turn, to nullptr

struct Family {
  std::string_view names;  // separated by spaces
  Patterns patterns;
  bool ignore_merges = false;
  bool add_bos = false;
  bool nfc = false;
};

// "default" is what llama.cpp does for files older than the key.
const Family kFamilies[] = {
    {"default",
     {R"([\p{P}\$\+<=>\^~\|]+)", kGpt2Pattern, R"(\p{N}+)", "[0-9][0-9][0-9]"}},
    {"llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 "
     "jina-v5-nano",
     {kLlama3},
     true,
     true},
    {"dbrx smaug-bpe chatglm-bpe", {kLlama3}},
    {"glm4 glm5", {kLlama3}, true},
    {"gpt-2 phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 "
     "mellum jina-v1-en jina-v2-code roberta-bpe jais trillion granite-docling "
     "exaone4",
     {kGpt2Pattern}},
    {"modern-bert mpt olmo", {kGpt2Pattern}, false, false, true},
    {"starcoder refact smollm codeshell exaone minerva-7b mellum2",
     {kDigit, kGpt2Pattern}},
    {"command-r", {kDigit, kGpt2Pattern}, false, false, true},
    {"qwen2", {kQwen2}, false, false, true},
    {"deepseek-r1-qwen kormo f2llmv2 megrez stablelm2 hunyuan "
     "solar-open grok-2",
     {kQwen2}},
    {"qwen35", {kQwen35}, false, false, true},
    {"jais-2", {kJais2}},
    {"deepseek-v3 hunyuan-dense joyai-llm hy_v4",
     {kThreeDigits, kCjk, kDeepseek3}},
    {"deepseek-coder",
     {R"([\r\n])",
      R"(\s?\p{L}+)",
      R"(\s?\p{P}+)",
      R"([一-龥ࠀ-一가-퟿]+)",
      kDigit}},
    {"falcon", {R"([\p{P}\$\+<=>\^~\|`]+)", kGpt2Pattern, "[0-9][0-9][0-9]"}},
    {"poro-chat bloom gpt3-finnish", {kBloom}},
    {"viking", {kBloom, kDigit}},
    {"tekken", {kTekken}, true, true},
    {"gpt-4o llama4 kanana2 talkie minimax-m2", {kGpt4o}},
    {"tiny_aya cohere2moe", {R"(\d{1,3}(?=(?:\d{3})*\b))", kGpt4o}},
    {"youtu", {kYoutuScripts, kYoutu}, true},
    {"superbpe", {R"(\p{N}+)", R"((?=(\d{3})+(?!\d)))"}},
    {"bailingmoe bailingmoe2 llada-moe", {kBailing}},
    {"seed-coder", {kSeedCoder}},
    {"ufakzeka", {kUfakzeka}},
    {"minicpm5", {kThreeDigits, kMinicpm5}, true},
    {"laguna", {kLines, kQwen2}},
};

bool has_name(std::string_view names, std::string_view name) {
  for (size_t at = 0; at <= names.size();) {
    const size_t end = std::min(names.find(' ', at), names.size());
    if (names.substr(at, end - at) == name) {
      return true;
    }
    at = end + 1;
  }
  return false;
}

}  // namespace

GgufPreTokenizer gguf_pre_tokenizer(
    const std::string& name,
    const std::string& source) {
  const std::string_view key =
      name.empty() ? std::string_view("default") : name;
  const Family* family = std::ranges::find_if(
      kFamilies,
      [&](const Family& candidate) { return has_name(candidate.names, key); });
  if (family == std::end(kFamilies)) {
    fail(
        ErrorCode::unsupported,
        "{}: the pre-tokenizer \"{}\" (tokenizer.ggml.pre) is not supported; "
        "use the model's folder with its tokenizer.json instead",
        source,
        name);
  }
  GgufPreTokenizer pre{
      .patterns = {},
      .ignore_merges = family->ignore_merges,
      .add_bos = family->add_bos,
      .nfc = family->nfc};
  for (const char* pattern : family->patterns) {
    if (pattern != nullptr) {
      pre.patterns.emplace_back(pattern);
    }
  }
  return pre;
}

std::unique_ptr<PreTokenizer> make_stages(
    const GgufPreTokenizer& pre,
    const std::string& source) {
  std::vector<std::unique_ptr<PreTokenizer>> stages;
  for (const std::string& pattern : pre.patterns) {
    stages.push_back(
        make_regex_split(pattern, SplitBehavior::isolated, false, source));
  }
  stages.push_back(
      make_byte_level({.add_prefix_space = false, .use_regex = false}));
  return make_pre_tokenizer_sequence(std::move(stages));
}

}  // namespace bantam
