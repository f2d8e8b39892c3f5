// SPDX-License-Identifier: MIT
// Drives a tokenizer for tools/check_tokenizer.py: reads JSON lines on stdin,
// answers each with one JSON line on stdout.
//
//   tokenize_main tokenizer.json
//   tokenize_main --gguf vocabulary.json   (a GgufVocabulary's fields)
//
// {"text": "...", "special": true, "add_special": true, "input": [[0, 3]]}
//   -> {"ids": [...]}
// {"ids": [...], "skip": true} -> {"text": "...", "stream": [...]}
#include <chrono>
#include <cstdio>
#include <iostream>

#include "base/json.h"
#include "base/mapped_file.h"
#include "text/tokenizer.h"

namespace bantam {
namespace {

std::optional<TokenId> optional_id(const Json& json, const char* key) {
  return json.contains(key) && !json[key].is_null()
      ? std::optional<TokenId>(json[key].get<TokenId>())
      : std::nullopt;
}

std::optional<bool> optional_bool(const Json& json, const char* key) {
  return json.contains(key) && !json[key].is_null()
      ? std::optional<bool>(json[key].get<bool>())
      : std::nullopt;
}

GgufVocabulary read_vocabulary(const std::string& path) {
  const Json json = read_json_file(path);
  GgufVocabulary v;
  v.source = path;
  v.model = json.value("model", "");
  v.pre = json.value("pre", "");
  v.tokens = json.at("tokens").get<std::vector<std::string>>();
  v.scores = json.value("scores", std::vector<float>());
  v.types = json.value("types", std::vector<int32_t>());
  v.merges = json.value("merges", std::vector<std::string>());
  v.bos = optional_id(json, "bos");
  v.eos = optional_id(json, "eos");
  v.unknown = optional_id(json, "unknown");
  v.padding = optional_id(json, "padding");
  v.add_bos = optional_bool(json, "add_bos");
  v.add_eos = optional_bool(json, "add_eos");
  v.add_space_prefix = optional_bool(json, "add_space_prefix");
  return v;
}

Json answer(const Tokenizer& tokenizer, const Json& request) {
  if (request.contains("text")) {
    PromptText text{request["text"].get<std::string>(), {}};
    for (const Json& range : request.value("input", Json::array())) {
      text.input.push_back({range[0].get<size_t>(), range[1].get<size_t>()});
    }
    const auto start = std::chrono::steady_clock::now();
    const auto ids = tokenizer.encode(
        text,
        {.add_special = request.value("add_special", true),
         .parse_special = request.value("special", true)});
    const std::chrono::duration<double> took =
        std::chrono::steady_clock::now() - start;
    return {{"ids", ids}, {"seconds", took.count()}};
  }
  const auto ids = request.at("ids").get<std::vector<TokenId>>();
  const bool skip = request.value("skip", false);
  const auto stream = tokenizer.open_stream(skip);
  std::vector<std::string> pieces;
  for (const TokenId id : ids) {
    pieces.push_back(stream->push(id));
  }
  pieces.push_back(stream->finish());
  return {{"text", tokenizer.decode(ids, skip)}, {"stream", pieces}};
}

int run(int count, char** arguments) {
  if (count < 2) {
    std::fputs("usage: tokenize_main [--gguf] FILE\n", stderr);
    return 2;
  }
  const bool gguf = count > 2 && std::string(arguments[1]) == "--gguf";
  std::unique_ptr<Tokenizer> tokenizer;
  if (gguf) {
    GgufVocabulary vocabulary = read_vocabulary(arguments[2]);
    const auto start = std::chrono::steady_clock::now();
    tokenizer = make_tokenizer_from_gguf(std::move(vocabulary));
    const std::chrono::duration<double> took =
        std::chrono::steady_clock::now() - start;
    std::fprintf(stderr, "loaded in %.1f ms\n", took.count() * 1e3);
  } else {
    const MappedFile file(arguments[1]);
    const auto start = std::chrono::steady_clock::now();
    tokenizer = make_tokenizer_from_json(file.text(), file.path());
    const std::chrono::duration<double> took =
        std::chrono::steady_clock::now() - start;
    std::fprintf(stderr, "loaded in %.1f ms\n", took.count() * 1e3);
  }
  for (std::string line; std::getline(std::cin, line);) {
    Json reply;
    try {
      reply = answer(*tokenizer, Json::parse(line));
    } catch (const Error& error) {
      reply = {{"error", error.what()}};
    }
    std::cout << to_json_line(reply) << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace bantam

int main(int count, char** arguments) {
  try {
    return bantam::run(count, arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 3;
  }
}
