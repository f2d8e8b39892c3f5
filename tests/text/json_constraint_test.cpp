// SPDX-License-Identifier: MIT
// Token masks over real vocabularies: a token may come next exactly if some
// JSON text that satisfies the schema goes on with its bytes.
#include "text/json_constraint.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <random>
#include <sstream>

#include "base/error.h"
#include "text/token_bytes.h"

namespace bantam {
namespace {

std::unique_ptr<Tokenizer> tokenizer(const std::string& name) {
  const std::string path =
      BANTAM_TEST_DIR "/text/golden/" + name + ".tokenizer.json";
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << path;
  return make_tokenizer_from_json(text.str(), path);
}

const std::string kSchema = R"({"type":"object","properties":{
  "name":{"type":"string"},"age":{"type":"integer","minimum":0},
  "tags":{"type":"array","items":{"enum":["a","b"]}}},
  "required":["name","age"]})";

class JsonConstraintTest : public testing::TestWithParam<const char*> {};

// Steps the automaton byte by byte: the definition of what a mask says.
TEST_P(JsonConstraintTest, MasksAreWhatTheAutomatonSays) {
  const auto vocabulary = tokenizer(GetParam());
  const int64_t size = vocabulary->vocabulary_size();
  JsonConstraint constraint(
      kSchema, std::make_shared<SortedVocabulary>(*vocabulary, size));
  const CompiledSchema compiled =
      compile_json_schema(parse_json(kSchema, "schema"));
  ByteAutomaton automaton(compiled.grammar, compiled.start);
  ByteAutomaton::State state = automaton.start();
  const TokenBytes bytes_of(*vocabulary);
  std::mt19937 random(7);
  for (int step = 0; step < 30 && !constraint.must_end(); ++step) {
    const TokenMask& mask = constraint.allowed();
    std::vector<TokenId> allowed;
    for (TokenId id = 0; id < size; ++id) {
      ByteAutomaton::State next = state;
      const std::string bytes = vocabulary->is_special(id) ? "" : bytes_of(id);
      for (const char c : bytes) {
        next = next == ByteAutomaton::kDead
            ? next
            : automaton.step(next, static_cast<uint8_t>(c));
      }
      const bool fits = !bytes.empty() && next != ByteAutomaton::kDead;
      ASSERT_EQ(mask.allows(id), fits) << "step " << step << " token " << id;
      if (fits) {
        allowed.push_back(id);
      }
    }
    ASSERT_FALSE(allowed.empty());
    const TokenId chosen = allowed[random() % allowed.size()];
    for (const char c : bytes_of(chosen)) {
      state = automaton.step(state, static_cast<uint8_t>(c));
    }
    constraint.accept(chosen);
    EXPECT_EQ(constraint.may_end(), automaton.accepts(state));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Vocabularies,
    JsonConstraintTest,
    testing::Values("smollm", "llama2", "gemma", "qwen2"));

TEST(JsonConstraint, EndsWhereTheJsonDoes) {
  const auto vocabulary = tokenizer("smollm");
  JsonConstraint constraint(
      R"({"enum":["ab"]})",
      std::make_shared<SortedVocabulary>(
          *vocabulary, vocabulary->vocabulary_size()));
  for (int round = 0; round < 2; ++round) {
    constraint.restart();
    EXPECT_FALSE(constraint.may_end());
    for (const TokenId id : vocabulary->encode("\"ab\"")) {
      EXPECT_TRUE(constraint.allowed().allows(id));
      constraint.accept(id);
    }
    EXPECT_TRUE(constraint.may_end());
    EXPECT_TRUE(constraint.must_end());
  }
  EXPECT_THROW(constraint.accept(vocabulary->encode("x").front()), Error);
}

TEST(TokenBytes, AreTheBytesOfTheText) {
  for (const char* name : {"smollm", "llama2", "gemma", "qwen2"}) {
    const auto vocabulary = tokenizer(name);
    const TokenBytes bytes_of(*vocabulary);
    const std::string text = "x na\xc3\xafve \xf0\x9f\x99\x82 caf\xc3\xa9\n";
    std::string joined;
    for (const TokenId id : vocabulary->encode(text, {.add_special = false})) {
      joined += bytes_of(id);
    }
    // Some vocabularies put a space before the text.
    EXPECT_TRUE(joined == text || joined == " " + text) << name << joined;
  }
}

}  // namespace
}  // namespace bantam
