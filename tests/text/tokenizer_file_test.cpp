// SPDX-License-Identifier: MIT
// Damaged and unsupported vocabularies.
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "text/tokenizer.h"

namespace bantam {
namespace {

Json small() {
  return Json::parse(R"({
    "version": "1.0", "added_tokens": [], "normalizer": null,
    "pre_tokenizer": null, "post_processor": null, "decoder": null,
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2},
              "merges": ["a b"]}})");
}

std::unique_ptr<Tokenizer> load(const Json& json) {
  return make_tokenizer_from_json(json.dump(), "t.json");
}

/// Loading fails with the code and a message that has `part`.
void expect_error(
    std::string_view text,
    ErrorCode code,
    const std::string& part) {
  try {
    make_tokenizer_from_json(text, "t.json");
    ADD_FAILURE() << "loaded: " << text.substr(0, 300);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    const std::string what = error.what();
    EXPECT_TRUE(what.starts_with("t.json:")) << what;
    EXPECT_NE(what.find(part), std::string::npos) << what;
  }
}

struct Damage {
  const char* pointer;
  const char* value;
  ErrorCode code;
  const char* part;
};

class DamagedTokenizer : public testing::TestWithParam<Damage> {};

TEST_P(DamagedTokenizer, IsRefused) {
  Json json = small();
  json[Json::json_pointer(GetParam().pointer)] = Json::parse(GetParam().value);
  expect_error(json.dump(), GetParam().code, GetParam().part);
}

constexpr auto kInvalid = ErrorCode::invalid_file;
constexpr auto kUnsupported = ErrorCode::unsupported;

const Damage kDamages[] = {
    {"/model", "[]", kInvalid, "expected '{'"},
    {"/model", "{}", kInvalid, "model.vocab"},
    {"/model/type", R"("Magic")", kUnsupported, "Magic"},
    {"/model/type", "7", kInvalid, "model.type"},
    {"/model/vocab", "[1]", kInvalid, "model.vocab"},
    {"/model/vocab/a", "-1", kInvalid, R"(model.vocab["a"])"},
    {"/model/vocab/a", "2147483648", kInvalid, R"(model.vocab["a"])"},
    {"/model/vocab/a", "99999999999999999999", kInvalid, "64 bits"},
    {"/model/vocab/a", "1.5", kInvalid, "64 bits"},
    {"/model/vocab/a", "4194304", kInvalid, R"(model.vocab["a"])"},
    {"/model/vocab/a", R"("0")", kInvalid, R"(model.vocab["a"])"},
    {"/model/vocab/a", "2", kInvalid, "id 2"},
    {"/model/merges", "null", kInvalid, "model.merges"},
    {"/model/merges", R"(["a"])", kInvalid, "model.merges[0]"},
    {"/model/merges", R"(["a b c"])", kInvalid, "model.merges[0]"},
    {"/model/merges", R"(["a b", "a z"])", kInvalid, "model.merges[1]"},
    {"/model/merges", R"([["b", "a"]])", kInvalid, "\"ba\""},
    {"/model/merges", R"([["a"]])", kInvalid, "model.merges[0]"},
    {"/model/merges", R"([["a", "b", "c"]])", kInvalid, "model.merges[0]"},
    {"/model/merges", R"([7])", kInvalid, "expected '\"'"},
    {"/model/dropout", "0.1", kUnsupported, "model.dropout"},
    {"/model/fuse_unk", "1", kInvalid, "model.fuse_unk"},
    {"/model/unk_token", "1", kInvalid, "model.unk_token"},
    {"/added_tokens", "{}", kInvalid, "added_tokens"},
    {"/added_tokens", "[{}]", kInvalid, "added_tokens[0]"},
    {"/added_tokens",
     R"([{"id": -1, "content": "x"}])",
     kInvalid,
     "added_tokens[0].id"},
    {"/added_tokens",
     R"([{"id": 99999999999, "content": "x"}])",
     kInvalid,
     "added_tokens[0].id"},
    {"/added_tokens",
     R"([{"id": 3, "content": "x", "lstrip": "no"}])",
     kInvalid,
     "added_tokens[0].lstrip"},
    {"/normalizer", "[]", kInvalid, "normalizer"},
    {"/normalizer", R"({"type": "Rot13"})", kUnsupported, "Rot13"},
    {"/normalizer",
     R"({"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": 1}]})",
     kInvalid,
     "normalizer.normalizers[1].type"},
    {"/normalizer",
     R"({"type": "Precompiled", "precompiled_charsmap": "AAAA"})",
     kInvalid,
     "normalizer.precompiled_charsmap"},
    {"/normalizer",
     R"({"type": "Precompiled", "precompiled_charsmap": "/////w=="})",
     kInvalid,
     "normalizer.precompiled_charsmap"},
    {"/normalizer",
     R"({"type": "Precompiled", "precompiled_charsmap": "!"})",
     kInvalid,
     "base64"},
    {"/normalizer",
     R"({"type": "Replace", "pattern": {"Regex": "("}, "content": ""})",
     kUnsupported,
     "normalizer"},
    {"/pre_tokenizer",
     R"({"type": "UnicodeScripts"})",
     kUnsupported,
     "UnicodeScripts"},
    {"/pre_tokenizer",
     R"~({"type": "Split", "pattern": {"Regex": "a)"}, "behavior": "Isolated"})~",
     kUnsupported,
     "pre_tokenizer"},
    {"/pre_tokenizer",
     R"({"type": "Split", "pattern": {"String": ""}, "behavior": "Isolated"})",
     kUnsupported,
     "pre_tokenizer.pattern.String"},
    {"/pre_tokenizer",
     R"({"type": "Split", "pattern": {"String": "a"}, "behavior": "Lost"})",
     kUnsupported,
     "pre_tokenizer.behavior"},
    {"/pre_tokenizer",
     R"({"type": "Metaspace", "replacement": "ab"})",
     kInvalid,
     "pre_tokenizer.replacement"},
    {"/post_processor", R"({"type": "Wrap"})", kUnsupported, "Wrap"},
    {"/post_processor",
     R"({"type": "TemplateProcessing", "special_tokens": {},
         "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}]})",
     kInvalid,
     "post_processor.special_tokens"},
    {"/post_processor",
     R"({"type": "TemplateProcessing", "special_tokens": {},
         "single": [{"Sequence": {"id": "A"}}, {"Sequence": {"id": "A"}}]})",
     kUnsupported,
     "post_processor"},
    {"/decoder", R"({"type": "CTC"})", kUnsupported, "CTC"},
    {"/decoder",
     R"({"type": "Sequence", "decoders": [{"type": "Strip", "content": " ",
         "start": -1, "stop": 0}]})",
     kInvalid,
     "decoder.decoders[0].start"},
};

INSTANTIATE_TEST_SUITE_P(All, DamagedTokenizer, testing::ValuesIn(kDamages));

TEST(TokenizerFile, SyntaxErrorsAreNamedWithLineAndColumn) {
  expect_error("", kInvalid, "t.json:1:1");
  expect_error("{\n \"model\": {]}", kInvalid, "t.json:2:12");
  expect_error("{\"a\": \"\xFF\"}", kInvalid, "not UTF-8");
  expect_error("{} x", kInvalid, "t.json:1:4");
  expect_error("{\"a\": 01}", kInvalid, "t.json:1:8");
  expect_error(R"({"a": "\ud800"})", kInvalid, "surrogate");
  const std::string whole = small().dump();
  for (size_t length = 0; length < whole.size(); ++length) {
    expect_error(
        std::string_view(whole).substr(0, length), kInvalid, "t.json:1:");
  }
}

TEST(TokenizerFile, DeepNestingIsRefused) {
  const std::string deep(100000, '[');
  expect_error("{\"normalizer\": " + deep, kInvalid, "nested");
  Json json = small();
  Json inner = Json::parse(R"({"type": "NFC"})");
  for (int i = 0; i < 300; ++i) {
    inner = {{"type", "Sequence"}, {"normalizers", {inner}}};
  }
  json["normalizer"] = inner;
  expect_error(json.dump(), kInvalid, "nested");
}

TEST(TokenizerFile, RegexThatBacktracksWithoutEndIsStopped) {
  Json json = small();
  json["pre_tokenizer"] = Json::parse(
      R"({"type": "Split", "pattern": {"Regex": "(a+)+$"},
          "behavior": "Isolated", "invert": false})");
  const auto tokenizer = load(json);
  EXPECT_NO_THROW(tokenizer->encode("aaa", {}));
  EXPECT_THROW(tokenizer->encode(std::string(100, 'a') + "b", {}), Error);
}

TEST(TokenizerFile, UnusualButSoundFilesLoad) {
  Json json = small();
  json["model"].erase("type");
  EXPECT_EQ(load(json)->encode("ab", {}), std::vector<TokenId>{2});

  json = small();
  json["model"]["vocab"] = Json::object();
  json["model"]["merges"] = Json::array();
  EXPECT_TRUE(load(json)->encode("ab", {}).empty());
  EXPECT_EQ(load(json)->vocabulary_size(), 0);

  // Holes, and an added token that is numbered after the count of tokens.
  json = small();
  json["model"]["vocab"]["c"] = 70000;
  json["added_tokens"] = Json::parse(R"([{"id": 9, "content": "<x>"}])");
  const auto tokenizer = load(json);
  EXPECT_EQ(tokenizer->find("<x>"), TokenId{4});
  EXPECT_EQ(tokenizer->vocabulary_size(), 70001);
  EXPECT_EQ(tokenizer->decode(std::vector<TokenId>{500, 0}, false), "a");
}

GgufVocabulary gguf() {
  GgufVocabulary v;
  v.source = "m.gguf";
  v.model = "gpt2";
  v.pre = "gpt-2";
  v.tokens = {"a", "b", "ab", "<|end|>"};
  v.types = {1, 1, 1, 3};
  v.merges = {"a b"};
  return v;
}

void expect_gguf_error(
    GgufVocabulary v,
    ErrorCode code,
    const std::string& part) {
  try {
    make_tokenizer_from_gguf(std::move(v));
    ADD_FAILURE() << "loaded; expected " << part;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    const std::string what = error.what();
    EXPECT_TRUE(what.starts_with("m.gguf:")) << what;
    EXPECT_NE(what.find(part), std::string::npos) << what;
  }
}

TEST(TokenizerFile, DamagedGgufVocabulariesAreRefused) {
  EXPECT_EQ(
      make_tokenizer_from_gguf(gguf())->encode("ab<|end|>", {}),
      (std::vector<TokenId>{2, 3}));
  auto v = gguf();
  v.tokens.insert(v.tokens.end(), {"", ""});  // holes
  v.types.insert(v.types.end(), {1, 1});
  EXPECT_EQ(make_tokenizer_from_gguf(v)->vocabulary_size(), 6);
  v = gguf();
  v.model = "rwkv";
  expect_gguf_error(v, kUnsupported, "rwkv");
  v = gguf();
  v.pre = "qwen9";
  expect_gguf_error(v, kUnsupported, "qwen9");
  v = gguf();
  v.tokens.clear();
  expect_gguf_error(v, kInvalid, "tokens");
  v = gguf();
  v.types.pop_back();
  expect_gguf_error(v, kInvalid, "token_type");
  v = gguf();
  v.tokens[1] = "a";
  expect_gguf_error(v, kInvalid, "token 1");
  v = gguf();
  v.merges = {"ab"};
  expect_gguf_error(v, kInvalid, "merges[0]");
  v = gguf();
  v.merges = {"a b", "b a"};
  expect_gguf_error(v, kInvalid, "merges[1]");
  v = gguf();
  v.bos = 4;
  expect_gguf_error(v, kInvalid, "bos_token_id");
  v = gguf();
  v.add_bos = true;
  expect_gguf_error(v, kInvalid, "add_bos_token");
  v = gguf();
  v.other_end_tokens = {-7};
  expect_gguf_error(v, kInvalid, "-7");
  v = gguf();
  v.model = "llama";
  expect_gguf_error(v, kInvalid, "scores");
}

TEST(TokenizerFile, GgufBosEosAndEnds) {
  auto v = gguf();
  v.bos = 0;
  v.eos = 1;
  v.add_bos = true;
  v.add_eos = true;
  v.other_end_tokens = {1, 2};
  const auto tokenizer = make_tokenizer_from_gguf(v);
  EXPECT_EQ(tokenizer->encode("b", {}), (std::vector<TokenId>{0, 1, 1}));
  EXPECT_EQ(
      tokenizer->encode("b", {.add_special = false}), std::vector<TokenId>{1});
  EXPECT_EQ(tokenizer->end_tokens(), (std::vector<TokenId>{1, 2, 3}));
  EXPECT_EQ(tokenizer->bos(), TokenId{0});
  EXPECT_TRUE(tokenizer->is_special(3));
}

/// Scores as SentencePiece gives them: less is merged later.
TEST(TokenizerFile, GgufSentencePiece) {
  GgufVocabulary v;
  v.source = "m.gguf";
  v.model = "llama";
  v.tokens = {
      "<unk>",
      "<s>",
      "</s>",
      "<0xE6>",
      "<0x97>",
      "<0xA5>",
      "\u2581",
      "a",
      "b",
      "\u2581a",
      "ab",
      "\u2581ab",
      "bb",
      "<"};
  v.types = {2, 3, 3, 6, 6, 6, 1, 1, 1, 1, 1, 1, 1, 1};
  v.scores = {0, 0, 0, 0, 0, 0, -10, -11, -12, -2, -1, -3, -1, -13};
  v.bos = 1;
  v.eos = 2;
  v.unknown = 0;
  const auto tokenizer = make_tokenizer_from_gguf(v);
  using Ids = std::vector<TokenId>;
  // Of equal scores the left one merges first: "ab" before "bb".
  EXPECT_EQ(tokenizer->encode("abb", {}), (Ids{1, 11, 8}));
  EXPECT_EQ(tokenizer->encode(" 日", {}), (Ids{1, 6, 6, 3, 4, 5}));
  EXPECT_EQ(tokenizer->encode("</s>a", {}), (Ids{1, 2, 9}));
  EXPECT_EQ(
      tokenizer->encode("<s>", {.parse_special = false}),
      (Ids{1, 6, 13, 0, 0}));
  EXPECT_EQ(tokenizer->decode(Ids{1, 11, 8, 6, 3, 4, 5}, true), "abb 日");
  v.add_space_prefix = false;
  EXPECT_EQ(make_tokenizer_from_gguf(v)->encode("a", {}), (Ids{1, 7}));
}

}  // namespace
}  // namespace bantam
