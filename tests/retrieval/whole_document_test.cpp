// SPDX-License-Identifier: MIT
// Prompts packed to a budget, and a whole document read in parts, by a backend
// that counts words.
#include "retrieval/whole_document.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "../base/temporary_folder.h"
#include "base/error.h"
#include "retrieval/answer_prompt.h"

namespace bantam {
namespace {

// Answers with the numbers that a prompt has; a token is a word.
class CountingBackend final : public Backend {
 public:
  Result generate(
      const Request& request,
      const Observer& observer,
      std::stop_token /*stop*/) override {
    ++calls;
    Result result;
    if (calls == stop_at) {
      result.finish_reason = FinishReason::cancelled;
      return result;
    }
    std::istringstream words(text_of(request));
    std::string word;
    while (words >> word) {
      if (word.starts_with('#')) {
        result.text += word + " ";
      }
    }
    result.text = result.text.empty() ? "Nothing." : result.text;
    longest = std::max(longest, *prompt_tokens(request));
    if (observer.text) {
      observer.text(result.text);
    }
    return result;
  }
  std::optional<int64_t> prompt_tokens(const Request& request) const override {
    std::istringstream words(text_of(request));
    int64_t count = 0;
    for (std::string word; words >> word;) {
      ++count;
    }
    return count;
  }
  static std::string text_of(const Request& request) {
    return request.use_chat_template && !request.messages.empty()
        ? request.messages.back().content
        : request.prompt;
  }

  int calls = 0;
  int stop_at = -1;
  int64_t longest = 0;
};

Hit hit(const std::string& path, int words) {
  Hit out;
  out.path = path;
  out.kind = "text";
  out.chunk.line_first = out.chunk.line_last = 1;
  for (int i = 0; i < words; ++i) {
    out.chunk.text += "word ";
  }
  return out;
}

TEST(AnswerPrompt, PacksToTheBudget) {
  const CountingBackend backend;
  const std::vector<Hit> hits = {
      hit("/a", 50), hit("/big", 500), hit("/c", 30)};
  const PackedPrompt packed = pack_question(backend, {}, "Why?", hits, 150);
  ASSERT_EQ(packed.sources.size(), 2u);
  EXPECT_EQ(packed.sources[1].path, "/c");
  EXPECT_EQ(packed.left_out, 1);
  EXPECT_LE(packed.prompt_tokens, 150);
  EXPECT_EQ(packed.prompt_tokens, backend.prompt_tokens(packed.request));
  EXPECT_NE(
      packed.request.messages.back().content.find("[2] /c:1"),
      std::string::npos);
  // One that is too long is shown by half rather than not at all.
  EXPECT_EQ(
      pack_question(backend, {}, "Why?", {hit("/a", 200)}, 170).sources.size(),
      1u);
  EXPECT_THROW(pack_question(backend, {}, "Why?", hits, 40), Error);
}

class WholeDocumentTest : public testing::Test {
 protected:
  WholeDocumentTest() {
    std::string text;
    for (int i = 0; i < 400; ++i) {
      text += "line " + std::to_string(i) + " of a long story";
      text += i % 50 == 7 ? " #" + std::to_string(i) + "\n" : "\n";
    }
    path_ = folder_.write("story.txt", text);
    parts_ = whole_parts(backend_, {}, "Which numbers?", path_, kBudget);
  }

  WholeAnswer answer() {
    StepLog log(folder_.at("log"), "key");
    WholeOptions options;
    options.prompt_budget = kBudget;
    return answer_whole(backend_, {}, "Which numbers?", parts_, log, options);
  }

  static constexpr int64_t kBudget = 160;
  TemporaryFolder folder_;
  CountingBackend backend_;
  std::string path_;
  std::vector<Chunk> parts_;
};

TEST_F(WholeDocumentTest, ReadsEveryPart) {
  EXPECT_GT(parts_.size(), 20u);
  EXPECT_EQ(parts_.back().line_last, 400);
  const WholeAnswer whole = answer();
  for (const char* number : {"#7 ", "#57 ", "#107 ", "#357 "}) {
    EXPECT_NE(whole.result.text.find(number), std::string::npos) << number;
  }
  EXPECT_LE(backend_.longest, kBudget);
  EXPECT_EQ(whole.taken_up, 0);
  EXPECT_FALSE(std::filesystem::exists(folder_.at("log")));
}

TEST_F(WholeDocumentTest, GoesOnWhereItWasStopped) {
  const std::string straight = answer().result.text;
  const int all = backend_.calls;
  backend_.calls = 0;
  backend_.stop_at = 11;
  EXPECT_EQ(answer().result.finish_reason, FinishReason::cancelled);
  // A crash in the middle of a line.
  std::ofstream(folder_.at("log"), std::ios::app) << R"({"step": "part 11)";
  backend_.stop_at = -1;
  const WholeAnswer resumed = answer();
  EXPECT_EQ(resumed.taken_up, 10);
  EXPECT_EQ(resumed.result.text, straight);
  EXPECT_EQ(backend_.calls, all + 1);
  // Other work begins anew.
  {
    StepLog other(folder_.at("log"), "a");
    other.add("x", "y");
  }
  EXPECT_FALSE(StepLog(folder_.at("log"), "b").find("x"));
}

TEST_F(WholeDocumentTest, NeedsRoom) {
  EXPECT_THROW(whole_parts(backend_, {}, "Which?", path_, 60), Error);
  EXPECT_THROW(
      whole_parts(backend_, {}, "Which?", folder_.at("none"), 200), Error);
  EXPECT_THROW(
      whole_parts(backend_, {}, "Which?", folder_.write("e", " "), 200), Error);
}

}  // namespace
}  // namespace bantam
