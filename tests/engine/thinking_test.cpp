// SPDX-License-Identifier: MIT
// Reasoning through the engine: a tiny random model under a template that
// thinks. What it "thinks" is noise, but where it lands is not.
#include <gtest/gtest.h>

#include <filesystem>

#include "../base/temporary_folder.h"
#include "bantam/engine.h"

namespace bantam {
namespace {

const std::string kModel = BANTAM_TEST_DIR "/models/qwen3_5_mlx_mixed/model";

const char* const kTemplate =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' "
    "+ message['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{{ '<|im_start|>assistant\n' }}{% if enable_thinking %}{{ '<think>\n' }}"
    "{% else %}{{ '<think>\n\n</think>\n\n' }}{% endif %}";

class Thinking : public ::testing::Test {
 protected:
  explicit Thinking(const std::string& chat_template = kTemplate) {
    std::filesystem::copy(kModel, folder_.path());
    folder_.write("chat_template.jinja", chat_template);
  }

  Result ask(bool thinking, int64_t budget = -1, int64_t max_tokens = 40) {
    Request request;
    request.messages = {{"user", "abc"}};
    request.sampling.temperature = 0;
    request.max_tokens = max_tokens;
    request.thinking = thinking;
    request.thinking_budget = budget;
    reasoning_.clear();
    text_.clear();
    Observer observer;
    observer.text = [&](std::string_view piece) { text_ += piece; };
    observer.reasoning = [&](std::string_view piece) { reasoning_ += piece; };
    Engine engine({.model = folder_.path(), .threads = 2});
    return engine.generate(request, observer);
  }

  TemporaryFolder folder_;
  std::string text_;
  std::string reasoning_;
};

TEST_F(Thinking, IsOffUnlessAskedFor) {
  const Result result = ask(false);
  EXPECT_EQ(result.reasoning, "");
  EXPECT_EQ(result.reasoning_tokens, 0);
  EXPECT_FALSE(result.text.empty());
}

TEST_F(Thinking, ReasoningIsNoPartOfTheAnswer) {
  const Result result = ask(true);
  EXPECT_FALSE(result.reasoning.empty());
  EXPECT_EQ(result.text, "");
  EXPECT_EQ(result.reasoning, reasoning_);
  EXPECT_EQ(result.reasoning_tokens, result.completion_tokens());
  // The answer is empty, and the result says why.
  ASSERT_FALSE(result.notes.empty());
  EXPECT_NE(result.notes[0].find("there is no answer"), std::string::npos);
}

TEST_F(Thinking, ABudgetClosesIt) {
  const Result free = ask(true);
  const Result result = ask(true, 7);
  EXPECT_EQ(result.reasoning_tokens, 7);
  EXPECT_FALSE(result.text.empty());
  EXPECT_EQ(result.text, text_);
  EXPECT_EQ(result.reasoning, reasoning_);
  EXPECT_EQ(result.text.find("</think>"), std::string::npos);
  EXPECT_EQ(result.reasoning.find("</think>"), std::string::npos);
  // The same thoughts until then.
  EXPECT_TRUE(
      std::equal(
          free.token_ids.begin(),
          free.token_ids.begin() + 7,
          result.token_ids.begin()));
}

TEST_F(Thinking, ABudgetOfNothingClosesItAtOnce) {
  const Result result = ask(true, 0);
  EXPECT_EQ(result.reasoning_tokens, 0);
  EXPECT_EQ(result.reasoning, "");
  EXPECT_FALSE(result.text.empty());
}

TEST_F(Thinking, ABudgetMayNotFitTheAnswer) {
  const Result result = ask(true, 3, 4);  // cut within the closing mark
  EXPECT_EQ(result.completion_tokens(), 4);
  EXPECT_EQ(result.text, "");
}

class AlwaysThinking : public Thinking {
 protected:
  AlwaysThinking() : Thinking("{{ '<|im_start|>assistant\n<think>\n' }}") {}
};

TEST_F(AlwaysThinking, IsSaid) {
  const Result result = ask(false);
  EXPECT_FALSE(result.reasoning.empty());
  ASSERT_FALSE(result.notes.empty());
  EXPECT_NE(result.notes[0].find("always lets it reason"), std::string::npos);
  EXPECT_FALSE(ask(false, 0).text.empty());
}

class NeverThinking : public Thinking {
 protected:
  NeverThinking() : Thinking("{{ messages[0]['content'] }}") {}
};

TEST_F(NeverThinking, ABudgetHasNoEffectAndThatIsSaid) {
  const Result result = ask(false, 5);
  ASSERT_FALSE(result.notes.empty());
  EXPECT_NE(result.notes[0].find("--thinking-budget"), std::string::npos);
}

}  // namespace
}  // namespace bantam
