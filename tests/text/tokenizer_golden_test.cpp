// SPDX-License-Identifier: MIT
// Every tokenizer of golden/ against what the package `tokenizers` makes of
// golden/texts.json (tools/make_tokenizer_golden.py).
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "base/json.h"
#include "base/mapped_file.h"
#include "text/tokenizer.h"

namespace bantam {
namespace {

const std::string kFolder = BANTAM_TEST_DIR "/text/golden/";

std::vector<std::string> golden_names() {
  std::vector<std::string> names;
  const std::string ending = ".golden.json";
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    const std::string name = entry.path().filename();
    if (name.ends_with(ending)) {
      names.push_back(name.substr(0, name.size() - ending.size()));
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

const std::vector<std::string>& texts() {
  static const std::vector<std::string> all =
      read_json_file(kFolder + "texts.json").get<std::vector<std::string>>();
  return all;
}

std::string fnv1a(std::string_view bytes) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001B3;
  }
  return fmt::format("{:016x}", hash);
}

/// What the golden hash is over; also checks that streaming decodes alike.
std::string results(const Tokenizer& tokenizer, const std::string& text) {
  const auto ids = tokenizer.encode(text);
  const auto plain = tokenizer.encode(text, {.parse_special = false});
  const std::string decoded = tokenizer.decode(ids, true);
  StreamDecoder stream(tokenizer);
  std::string streamed;
  for (const TokenId id : ids) {
    const std::string piece = stream.push(id);
    EXPECT_EQ(to_json_line(piece), Json(piece).dump()) << "half a character";
    streamed += piece;
  }
  streamed += stream.finish();
  EXPECT_EQ(streamed, decoded) << text;
  return Json(ids).dump() + "\n" + Json(plain).dump() + "\n" + decoded + "\n" +
      tokenizer.decode(ids, false);
}

void expect_golden(const Tokenizer& tokenizer, const Json& golden) {
  const Json& hashes = golden.at("hashes");
  ASSERT_EQ(hashes.size(), texts().size());
  for (size_t i = 0; i < golden.at("ids").size(); ++i) {
    EXPECT_EQ(
        tokenizer.encode(texts()[i * 4]),
        golden["ids"][i].get<std::vector<TokenId>>())
        << texts()[i * 4];
  }
  int failures = 0;
  for (size_t i = 0; i < hashes.size() && failures < 3; ++i) {
    const std::string got = results(tokenizer, texts()[i]);
    if (fnv1a(got) != hashes[i].get<std::string>()) {
      ++failures;
      ADD_FAILURE() << "text " << i << ": " << texts()[i] << "\n" << got;
    }
  }
}

class TokenizerGolden : public testing::TestWithParam<std::string> {
 protected:
  Json golden() const {
    return read_json_file(kFolder + GetParam() + ".golden.json");
  }
  std::string path() const { return kFolder + GetParam() + ".tokenizer.json"; }
};

TEST_P(TokenizerGolden, FromJson) {
  const MappedFile file(path());
  const auto tokenizer = make_tokenizer_from_json(file.text(), path());
  expect_golden(*tokenizer, golden());
}

/// The same vocabulary as a GGUF file would hold it.
GgufVocabulary as_gguf(const Json& json, const Json& gguf) {
  GgufVocabulary v;
  v.source = "golden";
  v.model = gguf.value("model", "gpt2");
  v.pre = gguf.value("pre", "");
  std::map<TokenId, std::string> by_id;
  for (const auto& [token, id] : json["model"]["vocab"].items()) {
    by_id[id.get<TokenId>()] = token;
  }
  for (const auto& [id, token] : by_id) {
    EXPECT_EQ(static_cast<size_t>(id), v.tokens.size());
    v.tokens.push_back(token);
    v.types.push_back(1);
  }
  for (const Json& token : json["added_tokens"]) {
    v.types.at(token["id"].get<size_t>()) = token["special"] ? 3 : 4;
  }
  for (const Json& merge : json["model"]["merges"]) {
    v.merges.push_back(
        merge[0].get<std::string>() + " " + merge[1].get<std::string>());
  }
  if (v.model == "gemma4") {
    v.unknown = 0;
    v.bos = 1;
  }
  if (gguf.contains("bos")) {
    v.bos = gguf["bos"].get<TokenId>();
  }
  return v;
}

class GgufGolden : public TokenizerGolden {};

TEST_P(GgufGolden, FromGguf) {
  const Json expected = golden();
  const auto tokenizer = make_tokenizer_from_gguf(
      as_gguf(read_json_file(path()), expected["gguf"]));
  expect_golden(*tokenizer, expected);
}

/// Those whose pre-tokenizer a GGUF file can name.
std::vector<std::string> gguf_names() {
  std::vector<std::string> names = golden_names();
  std::erase_if(names, [](const std::string& name) {
    const Json golden = read_json_file(kFolder + name + ".golden.json");
    return golden["gguf"].is_null();
  });
  return names;
}

INSTANTIATE_TEST_SUITE_P(
    All,
    TokenizerGolden,
    testing::ValuesIn(golden_names()),
    [](const auto& test) { return test.param; });
INSTANTIATE_TEST_SUITE_P(
    All,
    GgufGolden,
    testing::ValuesIn(gguf_names()),
    [](const auto& test) { return test.param; });

}  // namespace
}  // namespace bantam
