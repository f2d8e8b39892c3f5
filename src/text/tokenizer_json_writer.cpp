// SPDX-License-Identifier: MIT
// Written as text: a JSON object that keeps the order of its keys searches all
// of them for each one that is added, and a vocabulary has 250,000.
#include "text/tokenizer_json_writer.h"

#include <string_view>

#include "base/error.h"
#include "base/utf8.h"
#include "text/gguf_pre_tokenizer.h"
#include "text/gguf_token_type.h"

namespace bantam {

namespace {

class Writer {
 public:
  explicit Writer(const GgufVocabulary& vocabulary)
      : v_(vocabulary), pre_(pre_tokenizer(vocabulary)) {}

  std::string text() const {
    std::string text = "{\n";
    member(text, "version", "\"1.0\"");
    member(text, "truncation", "null");
    member(text, "padding", "null");
    member(text, "added_tokens", added_tokens());
    member(text, "normalizer", pre_.nfc ? R"({"type": "NFC"})" : "null");
    member(text, "pre_tokenizer", stages().dump());
    member(text, "post_processor", post_processor().dump());
    member(text, "decoder", byte_level(true).dump());
    member(text, "model", model(), "\n}\n");
    return text;
  }

 private:
  static GgufPreTokenizer pre_tokenizer(const GgufVocabulary& vocabulary) {
    if (vocabulary.model != "gpt2") {
      fail(
          ErrorCode::unsupported,
          "{}: a vocabulary of type \"{}\" (tokenizer.ggml.model) cannot be "
          "written as tokenizer.json without loss; only byte-level BPE "
          "(\"gpt2\") can",
          vocabulary.source,
          vocabulary.model);
    }
    return gguf_pre_tokenizer(vocabulary.pre, vocabulary.source);
  }

  static void member(
      std::string& text,
      std::string_view name,
      std::string_view value,
      std::string_view end = ",\n") {
    text += fmt::format("  \"{}\": {}{}", name, value, end);
  }

  std::string quoted(std::string_view token) const {
    if (valid_utf8_prefix(token) != token.size()) {
      fail(
          ErrorCode::invalid_file,
          "{}: tokenizer.ggml.tokens: a token is not UTF-8",
          v_.source);
    }
    return Json(token).dump();
  }

  std::string added_tokens() const {
    std::string list = "[";
    for (size_t i = 0; i < v_.tokens.size(); ++i) {
      if (!is_added_token(v_, i)) {
        continue;
      }
      list += fmt::format(
          "{}\n    {{\"id\": {}, \"content\": {}, \"single_word\": false, "
          "\"lstrip\": false, \"rstrip\": false, \"normalized\": false, "
          "\"special\": {}}}",
          list.size() > 1 ? "," : "",
          i,
          quoted(v_.tokens[i]),
          is_special_token(v_, i));
    }
    return list + "\n  ]";
  }

  static Json byte_level(bool whole) {
    return {
        {"type", "ByteLevel"},
        {"add_prefix_space", whole},
        {"trim_offsets", true},
        {"use_regex", whole}};
  }

  Json stages() const {
    Json stages = Json::array();
    for (const std::string& pattern : pre_.patterns) {
      stages.push_back(
          {{"type", "Split"},
           {"pattern", {{"Regex", pattern}}},
           {"behavior", "Isolated"},
           {"invert", false}});
    }
    stages.push_back(byte_level(false));
    return {{"type", "Sequence"}, {"pretokenizers", std::move(stages)}};
  }

  // Where BOS and EOS go; null if neither is added.
  Json post_processor() const {
    const bool bos = v_.add_bos.value_or(pre_.add_bos && v_.bos.has_value());
    const bool eos = v_.add_eos.value_or(false);
    Json special = Json::object();
    const auto piece = [&](std::optional<TokenId> id, const char* key) -> Json {
      if (!id) {
        fail(
            ErrorCode::invalid_file,
            "{}: tokenizer.ggml.add_{}_token is true without an id",
            v_.source,
            key);
      }
      const std::string& spelling = v_.tokens[*id];
      special[spelling] = {
          {"id", spelling}, {"ids", {*id}}, {"tokens", {spelling}}};
      return {{"SpecialToken", {{"id", spelling}, {"type_id", 0}}}};
    };
    Json single = Json::array();
    if (bos) {
      single.push_back(piece(v_.bos, "bos"));
    }
    single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
    if (eos) {
      single.push_back(piece(v_.eos, "eos"));
    }
    if (single.size() == 1) {
      return nullptr;
    }
    Json pair = single;
    for (Json part : single) {
      for (auto& [kind, fields] : part.items()) {
        fields["type_id"] = 1;
        if (kind == "Sequence") {
          fields["id"] = "B";
        }
      }
      pair.push_back(std::move(part));
    }
    return {
        {"type", "TemplateProcessing"},
        {"single", std::move(single)},
        {"pair", std::move(pair)},
        {"special_tokens", std::move(special)}};
  }

  std::string model() const {
    std::string text = fmt::format(
        "{{\n    \"type\": \"BPE\", \"dropout\": null, \"unk_token\": null, "
        "\"continuing_subword_prefix\": null, \"end_of_word_suffix\": null, "
        "\"fuse_unk\": false, \"byte_fallback\": false, "
        "\"ignore_merges\": {},\n    \"vocab\": {{",
        pre_.ignore_merges);
    const char* separator = "\n      ";
    for (size_t i = 0; i < v_.tokens.size(); ++i) {
      if (!v_.tokens[i].empty()) {
        text += separator + quoted(v_.tokens[i]) + fmt::format(": {}", i);
        separator = ",\n      ";
      }
    }
    text += "\n    },\n    \"merges\": [";
    separator = "\n      ";
    for (const std::string& line : v_.merges) {
      // A token may itself begin with a space, never end with one.
      const size_t space = line.find(' ', 1);
      if (space == line.npos) {
        fail(
            ErrorCode::invalid_file,
            "{}: tokenizer.ggml.merges has an entry that is not a pair",
            v_.source);
      }
      const std::string_view pair = line;
      text += fmt::format(
          "{}[{}, {}]",
          separator,
          quoted(pair.substr(0, space)),
          quoted(pair.substr(space + 1)));
      separator = ",\n      ";
    }
    return text + "\n    ]\n  }";
  }

  const GgufVocabulary& v_;
  const GgufPreTokenizer pre_;
};

}  // namespace

std::string tokenizer_json_text(const GgufVocabulary& vocabulary) {
  return Writer(vocabulary).text();
}

Json tokenizer_config(
    const GgufVocabulary& vocabulary,
    const std::optional<std::string>& chat_template,
    int64_t context_tokens) {
  Json config{
      {"tokenizer_class", "PreTrainedTokenizerFast"},
      {"model_max_length", context_tokens},
      {"clean_up_tokenization_spaces", false},
      {"add_prefix_space", false}};
  const auto name = [&](const char* key, std::optional<TokenId> id) {
    if (id) {
      config[key] = vocabulary.tokens[*id];
    }
  };
  name("bos_token", vocabulary.bos);
  name("eos_token", vocabulary.eos);
  name("unk_token", vocabulary.unknown);
  name("pad_token", vocabulary.padding);
  Json added = Json::object();
  for (size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    if (is_added_token(vocabulary, i)) {
      added[std::to_string(i)] = {
          {"content", vocabulary.tokens[i]},
          {"lstrip", false},
          {"normalized", false},
          {"rstrip", false},
          {"single_word", false},
          {"special", is_special_token(vocabulary, i)}};
    }
  }
  config["added_tokens_decoder"] = std::move(added);
  if (chat_template) {
    config["chat_template"] = *chat_template;
  }
  return config;
}

}  // namespace bantam
