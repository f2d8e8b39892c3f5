// SPDX-License-Identifier: MIT
#include "text/tokenizer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "base/error.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "base/utf8.h"

namespace bantam {
namespace {

std::unique_ptr<Tokenizer> golden(const std::string& name) {
  const std::string path =
      BANTAM_TEST_DIR "/text/golden/" + name + ".tokenizer.json";
  const MappedFile file(path);
  return make_tokenizer_from_json(file.text(), path);
}

using Ids = std::vector<TokenId>;

TEST(Tokenizer, SpecialTokenTextInInputStaysText) {
  const auto tokenizer = golden("qwen2");
  const TokenId start = *tokenizer->find("<|im_start|>");
  const std::string whole = "<|im_start|>user\n<|im_start|>\n";
  EXPECT_EQ(std::ranges::count(tokenizer->encode(whole), start), 2);

  PromptText prompt{whole, {{17, 29}}};  // the second one
  const Ids ids = tokenizer->encode(prompt, {});
  EXPECT_EQ(std::ranges::count(ids, start), 1);
  EXPECT_EQ(ids.front(), start);
  EXPECT_EQ(tokenizer->decode(ids), whole);

  // One byte of input is enough; bytes beside it are not.
  for (const ByteRange range : {ByteRange{17, 18}, ByteRange{28, 29}}) {
    prompt.input = {range};
    EXPECT_EQ(std::ranges::count(tokenizer->encode(prompt, {}), start), 1);
  }
  prompt.input = {{12, 17}, {29, 30}};
  EXPECT_EQ(tokenizer->encode(prompt, {}), tokenizer->encode(whole));
}

TEST(Tokenizer, InputWithoutSpecialTextIsEncodedAsOneText) {
  for (const char* name : {"qwen2", "llama2", "gemma", "bert", "smollm"}) {
    const auto tokenizer = golden(name);
    std::mt19937 random(3);
    const std::string text =
        "<|im_start|>user\nWhat's the  time in Zürich, 日本 at 12345?"
        "<|im_end|>\n<s> [CLS] e\u0301 x";
    for (int i = 0; i < 200; ++i) {
      const size_t begin = 17 + random() % 30;
      const size_t end = begin + 1 + random() % 10;
      ASSERT_LE(end, text.find("<|im_end|>"));
      const PromptText prompt{text, {{begin, end}}};
      EXPECT_EQ(tokenizer->encode(prompt, {}), tokenizer->encode(text)) << name;
    }
  }
}

TEST(Tokenizer, InputIsFoundInNormalizedText) {
  // <F24>: special, matched after NFC and lower case.
  const auto tokenizer = golden("flags");
  const TokenId token = *tokenizer->find("<F24>");
  const std::string text = "e\u0301 <f24> E\u0301 <F24>";
  EXPECT_EQ(std::ranges::count(tokenizer->encode(text), token), 2);
  const PromptText prompt{text, {{10, 13}, {15, 16}}};
  EXPECT_EQ(std::ranges::count(tokenizer->encode(prompt, {}), token), 1);
  const PromptText first{text, {{4, 5}}};
  EXPECT_EQ(std::ranges::count(tokenizer->encode(first, {}), token), 1);
}

TEST(Tokenizer, NonSpecialAddedTokensAreAlwaysMatched) {
  const auto tokenizer = golden("phi3");
  const TokenId pad = *tokenizer->find("<|pad|>");
  const std::string text = "a <|pad|> b";
  const PromptText prompt{text, {{0, text.size()}}};
  EXPECT_EQ(std::ranges::count(tokenizer->encode(prompt, {}), pad), 1);
  EXPECT_FALSE(tokenizer->is_special(pad));
}

TEST(Tokenizer, NamesItsTokens) {
  const auto tokenizer = golden("llama3");
  EXPECT_EQ(tokenizer->bos(), TokenId{0});
  EXPECT_EQ(tokenizer->spelling(0), "<|begin|>");
  EXPECT_EQ(tokenizer->spelling(-1), "");
  EXPECT_EQ(tokenizer->spelling(1 << 30), "");
  EXPECT_EQ(tokenizer->find("no such token"), std::nullopt);
  EXPECT_TRUE(tokenizer->is_special(0));
  const Ids ends = tokenizer->end_tokens();
  EXPECT_EQ(
      ends, (Ids{*tokenizer->find("<|end|>"), *tokenizer->find("<|im_end|>")}));
  EXPECT_EQ(tokenizer->vocabulary_size(), 1000);
}

TEST(Tokenizer, InvalidUtf8IsNamedWithItsOffset) {
  const auto tokenizer = golden("gpt2");
  try {
    tokenizer->encode("abc\xC3(");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_request);
    EXPECT_NE(std::string(error.what()).find("offset 3"), std::string::npos)
        << error.what();
  }
}

TEST(Tokenizer, IdsOutsideTheVocabularyAreRefused) {
  const auto tokenizer = golden("gpt2");
  const auto size = static_cast<TokenId>(tokenizer->vocabulary_size());
  EXPECT_NO_THROW(tokenizer->decode(Ids{size - 1}));
  for (const TokenId id : {-1, size, INT32_MAX, INT32_MIN}) {
    EXPECT_THROW(tokenizer->decode(Ids{id}), Error);
    StreamDecoder stream(*tokenizer);
    EXPECT_THROW(stream.push(id), Error);
  }
}

TEST(Tokenizer, LongLinesTakeLinearTime) {
  // Quadratic work on half a megabyte would take minutes.
  const std::string letters(1 << 19, 'a');
  std::string ideographs;
  std::string emoji;
  std::string marks = "e";
  for (int i = 0; i < 1 << 17; ++i) {
    ideographs += "日";
    emoji += "😀";
    marks += i % 2 == 0 ? "\u0301" : "\u0323";
  }
  const std::string spaces(1 << 19, ' ');
  for (const char* name :
       {"gpt2",
        "llama3",
        "qwen35",
        "deepseek3",
        "llama2",
        "gemma",
        "unigram",
        "bert",
        "clip"}) {
    const auto tokenizer = golden(name);
    const auto start = std::chrono::steady_clock::now();
    for (const std::string& text :
         {letters,
          spaces,
          spaces + "x",
          std::string(1 << 19, '7'),
          std::string(1 << 19, '\n'),
          ideographs,
          emoji,
          marks,
          std::string(1 << 19, '<')}) {
      const Ids ids = tokenizer->encode(text, {});
      if (ids.size() < 100000) {
        tokenizer->decode(ids);
      }
    }
    const std::chrono::duration<double> took =
        std::chrono::steady_clock::now() - start;
    EXPECT_LT(took.count(), 60) << name;
  }
}

TEST(Tokenizer, StreamOfRandomIdsEqualsDecoding) {
  for (const char* name :
       {"gpt2",
        "llama2",
        "gemma",
        "unigram_bytes",
        "bert",
        "openai_gpt",
        "continuing",
        "flags",
        "phi3"}) {
    const auto tokenizer = golden(name);
    std::mt19937 random(17);
    for (int round = 0; round < 50; ++round) {
      Ids ids(1 + random() % 40);
      for (TokenId& id : ids) {
        id = static_cast<TokenId>(
            random() % static_cast<uint32_t>(tokenizer->vocabulary_size()));
      }
      StreamDecoder stream(*tokenizer);
      std::string text;
      for (const TokenId id : ids) {
        const std::string piece = stream.push(id);
        EXPECT_EQ(valid_utf8_prefix(piece), piece.size());
        text += piece;
      }
      text += stream.finish();
      EXPECT_EQ(text, tokenizer->decode(ids, true)) << name;
    }
  }
}

/// A tokenizer that has nothing but decode().
class OnlyDecodes : public Tokenizer {
 public:
  explicit OnlyDecodes(const Tokenizer& inner) : inner_(inner) {}
  Ids encode(const PromptText& text, const EncodeOptions& options)
      const override {
    return inner_.encode(text, options);
  }
  std::string decode(std::span<const TokenId> ids, bool skip) const override {
    return inner_.decode(ids, skip);
  }
  int64_t vocabulary_size() const override { return 0; }
  bool is_special(TokenId) const override { return false; }
  std::string_view spelling(TokenId) const override { return ""; }
  std::optional<TokenId> find(std::string_view) const override { return {}; }
  std::optional<TokenId> bos() const override { return {}; }
  Ids end_tokens() const override { return {}; }

 private:
  const Tokenizer& inner_;
};

TEST(Tokenizer, DefaultStreamEqualsDecoding) {
  const auto inner = golden("gpt2");
  const OnlyDecodes tokenizer(*inner);
  const std::string text =
      "naïve 😀👨‍👩‍👧 日本 \xEF\xBF\xBD end";
  std::string streamed;
  StreamDecoder stream(tokenizer);
  for (const TokenId id : inner->encode(text, {})) {
    streamed += stream.push(id);
  }
  EXPECT_EQ(streamed + stream.finish(), text);
}

}  // namespace
}  // namespace bantam
