// SPDX-License-Identifier: MIT
// Conversations: what they forget, what they need not read again, and that
// neither changes an answer.
#include "bantam/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "../base/temporary_folder.h"

namespace bantam {
namespace {

namespace fs = std::filesystem;

// A fixture model with a chat template that treats reasoning as Qwen's does:
// an answer begins behind an empty thought, which history does not have.
class TemplatedModel {
 public:
  explicit TemplatedModel(const std::string& fixture) {
    fs::copy(
        std::string(BANTAM_TEST_DIR "/models/") + fixture + "/model",
        folder_.at("model"));
    std::ofstream(folder_.at("model/chat_template.jinja"))
        << "{%- for message in messages %}"
           "{{- '<' + message.role + '>\\n' }}"
           "{{- message.content.split('</think>')[-1] + '\\n' }}"
           "{%- endfor %}"
           "{%- if add_generation_prompt %}"
           "{{- '<assistant>\\n<think></think>' }}"
           "{%- endif %}";
  }
  std::string path() const { return folder_.at("model"); }

 private:
  TemporaryFolder folder_;
};

struct Setting {
  std::string model;
  int64_t max_kv_size = 512;
};

EngineOptions options(const Setting& setting) {
  return {
      .model = setting.model,
      .threads = 2,
      .max_kv_size = setting.max_kv_size,
      .prefix_cache_bytes = kAutoPrefixCache};
}

Request request(int64_t max_tokens = 12) {
  Request request;
  request.max_tokens = max_tokens;
  request.sampling.temperature = 0.9;
  request.sampling.seed = 3;
  return request;
}

// A fresh engine that takes nothing up.
Result cold(const Setting& setting, const Request& request) {
  EngineOptions fresh = options(setting);
  fresh.prefix_cache_bytes = 0;
  fresh.reuse_prefix = false;
  return Engine(fresh).generate(request);
}

int64_t common(const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
  return std::ranges::mismatch(a, b).in1 - a.begin();
}

TEST(Session, ALaterTurnOfSmolLm2ReadsOnlyWhatIsNew) {
  const Setting setting{"smollm2"};
  Engine engine(options(setting));
  Session session(engine, request(), {});
  Reply before = session.say("Name a colour.");
  EXPECT_EQ(before.result.cached_tokens, 0);
  for (const char* message : {"Another one?", "And a third?"}) {
    const Reply reply = session.say(message);
    // Everything but the answer's last token, which was never read.
    EXPECT_EQ(
        reply.result.cached_tokens,
        before.result.prompt_tokens + before.result.completion_tokens() - 1);
    EXPECT_EQ(cold(setting, reply.request).token_ids, reply.result.token_ids);
    before = reply;
  }
  EXPECT_EQ(session.use().exchanges, 3);
}

class TinySession : public ::testing::TestWithParam<const char*> {
 protected:
  TemplatedModel model_{GetParam()};
  Setting setting_{model_.path()};
};

TEST_P(TinySession, ALaterTurnReadsOnlyWhatIsNew) {
  Engine engine(options(setting_));
  Session session(engine, request(), {.system_prompt = "Be brief."});
  Reply before = session.say("one");
  for (const char* message : {"two", "three", "four"}) {
    const Reply reply = session.say(message);
    EXPECT_EQ(
        reply.result.cached_tokens,
        common(reply.result.prompt_ids, before.result.prompt_ids));
    EXPECT_GT(reply.result.cached_tokens, before.result.prompt_tokens * 2 / 3);
    const Result expected = cold(setting_, reply.request);
    EXPECT_EQ(expected.token_ids, reply.result.token_ids);
    EXPECT_EQ(expected.cached_tokens, 0);
    before = reply;
  }
}

// As a server's clients send a conversation.
TEST_P(TinySession, MessagesInJsonAreTakenUpAsWell) {
  Engine engine(options(setting_));
  Request turn = request();
  std::string messages = R"({"role":"system","content":"Be brief."},)"
                         R"({"role":"user","content":"one"})";
  turn.messages_json = "[" + messages + "]";
  Result before = engine.generate(turn);
  for (const char* said : {"two", "three"}) {
    messages += R"(,{"role":"assistant","content":"yes"})"
                R"(,{"role":"user","content":")" +
        std::string(said) + R"("})";
    turn.messages_json = "[" + messages + "]";
    const Result result = engine.generate(turn);
    EXPECT_EQ(
        result.cached_tokens, common(result.prompt_ids, before.prompt_ids));
    EXPECT_GT(result.cached_tokens, before.prompt_tokens / 2);
    EXPECT_EQ(cold(setting_, turn).token_ids, result.token_ids);
    before = result;
  }
}

TEST_P(TinySession, ATrimmedConversationAnswersAsAFreshOne) {
  setting_.max_kv_size = 120;
  Engine engine(options(setting_));
  std::vector<std::string> announced;
  Session session(
      engine,
      request(20),
      {.system_prompt = "Be brief.",
       .history_limit = 3,
       .announce = [&](const HistoryEvent& event) {
         announced.push_back(event.text);
       }});
  size_t told = 0;
  int64_t trims_by_tokens = 0;
  for (int i = 0; i < 12; ++i) {
    const auto before = static_cast<int64_t>(session.exchanges().size());
    const Reply reply = session.say(std::string(i % 4 * 7 + 1, 'a' + i));
    EXPECT_LE(
        reply.result.prompt_tokens + reply.result.completion_tokens(), 120);
    EXPECT_EQ(reply.result.memory.kv_dropped_tokens, 0);
    EXPECT_EQ(cold(setting_, reply.request).token_ids, reply.result.token_ids);
    // What is gone was announced; what is left is the newest.
    int64_t dropped = 0;
    for (const HistoryEvent& event : reply.events) {
      dropped += event.dropped_exchanges;
      trims_by_tokens += event.text.find("tokens") != std::string::npos;
    }
    EXPECT_EQ(
        static_cast<int64_t>(session.exchanges().size()), before + 1 - dropped);
    EXPECT_EQ(reply.request.messages.front().content, "Be brief.");
    EXPECT_LE(session.use().exchanges, 3);
    // What is common with the system prompt need not be read again.
    EXPECT_TRUE(i == 0 || reply.result.cached_tokens > 0);
    told += reply.events.size();
  }
  EXPECT_EQ(announced.size(), told);
  EXPECT_GT(trims_by_tokens, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Models,
    TinySession,
    ::testing::Values("qwen3_5_bf16", "gemma3_bf16", "qwen3_bf16"),
    [](const auto& test) { return std::string(test.param); });

TEST(Session, TheLimitOfExchangesAppliesAfterTheAnswer) {
  const TemplatedModel model("qwen3_bf16");
  Engine engine(options({model.path()}));
  Session session(engine, request(4), {.history_limit = 2});
  EXPECT_TRUE(session.say("a").events.empty());
  EXPECT_TRUE(session.say("b").events.empty());
  const Reply third = session.say("c");
  EXPECT_EQ(third.request.messages.size(), 5u);
  ASSERT_EQ(third.events.size(), 1u);
  EXPECT_EQ(third.events[0].dropped_exchanges, 1);
  EXPECT_EQ(third.events[0].kept_exchanges, 2);
  EXPECT_NE(third.events[0].text.find("limit is 2"), std::string::npos);
  EXPECT_EQ(session.exchanges().front().user, "b");
}

TEST(Session, ResetDropsEverythingButTheSystemPrompt) {
  const TemplatedModel model("qwen3_bf16");
  Engine engine(options({model.path()}));
  Session session(
      engine,
      request(4),
      {.system_prompt = "S", .history_limit = 1, .rule = HistoryRule::reset});
  session.say("a");
  const Reply second = session.say("b");
  ASSERT_EQ(second.events.size(), 1u);
  EXPECT_EQ(second.events[0].dropped_exchanges, 2);
  EXPECT_TRUE(session.exchanges().empty());
  const Reply third = session.say("c");
  ASSERT_EQ(third.request.messages.size(), 2u);
  EXPECT_EQ(third.request.messages[0].content, "S");
}

TEST(Session, ASummaryStays) {
  Engine engine(options({"smollm2", 400}));
  Request greedy = request(24);
  greedy.sampling.temperature = 0;
  Session session(
      engine,
      greedy,
      {.system_prompt = "You are terse.",
       .history_limit = 1,
       .rule = HistoryRule::summarize});
  session.say("My name is Ada.");
  const Reply second = session.say("I live in Paris.");
  ASSERT_EQ(second.events.size(), 1u);
  ASSERT_FALSE(session.summary().empty());
  EXPECT_EQ(session.summary().find("\n\n"), std::string::npos);
  EXPECT_NE(second.events[0].text.find(session.summary()), std::string::npos);
  const Reply third = session.say("Where do I live?");
  ASSERT_EQ(third.request.messages.size(), 2u);
  EXPECT_NE(
      third.request.messages[0].content.find(session.summary()),
      std::string::npos);
  EXPECT_EQ(third.request.messages[0].content.find("You are terse."), 0u);
  session.reset();
  EXPECT_TRUE(session.summary().empty());
}

TEST(Session, ZeroExchangesMeansSingleMessages) {
  const TemplatedModel model("qwen3_bf16");
  Engine engine(options({model.path()}));
  Session session(engine, request(4), {.history_limit = 0});
  const Reply first = session.say("a");
  const Reply second = session.say("a");
  EXPECT_EQ(second.request.messages.size(), 1u);
  EXPECT_EQ(first.result.token_ids, second.result.token_ids);
  EXPECT_TRUE(second.events.empty());
}

TEST(Session, AMessageThatCannotFitIsRefusedWithItsNumbers) {
  const TemplatedModel model("qwen3_5_bf16");
  Engine engine(options({model.path(), 100}));
  Session session(engine, request(30), {});
  const Reply first = session.say("hello");
  try {
    session.say(std::string(90, 'x'));
    FAIL() << "it was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_request);
    const std::string text = error.what();
    EXPECT_NE(text.find("budget is 100"), std::string::npos) << text;
    EXPECT_NE(text.find("at least 16"), std::string::npos) << text;
  }
  EXPECT_EQ(session.use().exchanges, 1);
  EXPECT_THROW(session.say(""), Error);
  EXPECT_THROW(session.say("a\xFF"), Error);
  // One that leaves less than the answer's limit is answered shortly.
  const Reply tight = session.say(std::string(50, 'y'));
  EXPECT_LT(tight.request.max_tokens, 30);
  ASSERT_FALSE(tight.result.notes.empty());
  EXPECT_NE(tight.result.notes[0].find("at most"), std::string::npos);
}

TEST(Session, AStoppedAnswerIsKept) {
  Engine engine(options({"smollm2"}));
  Session session(engine, request(200), {});
  std::stop_source stop;
  std::string seen;
  const Reply stopped = session.say(
      "Count from one to a hundred.",
      {.text =
           [&](std::string_view piece) {
             seen += piece;
             if (seen.size() > 10) {
               stop.request_stop();
             }
           }},
      stop.get_token());
  EXPECT_EQ(stopped.result.finish_reason, FinishReason::cancelled);
  ASSERT_EQ(session.exchanges().size(), 1u);
  EXPECT_EQ(session.exchanges()[0].assistant, seen);
  const Reply next = session.say("Go on.");
  EXPECT_GT(next.result.cached_tokens, 0);
  EXPECT_EQ(cold({"smollm2"}, next.request).token_ids, next.result.token_ids);
  // Stopped before its first token: as if it had not been asked.
  session.say("More.", {}, stop.get_token());
  EXPECT_EQ(session.exchanges().size(), 2u);
}

TEST(Session, UnderPressureTheCheckpointsGoAndTheAnswerStays) {
  const TemplatedModel model("qwen3_5_bf16");
  const TemporaryFolder folder;
  std::ofstream(folder.at("trace.jsonl"))
      << R"({"t_s": 0, "pressure": "green"})" << "\n"
      << R"({"t_s": 0.3, "pressure": "yellow"})" << "\n"
      << R"({"t_s": 1.2, "pressure": "green"})" << "\n";
  const Setting setting{model.path()};
  EngineOptions guarded = options(setting);
  guarded.memory.source = "replay:" + folder.at("trace.jsonl");
  Engine engine(guarded);
  Session session(engine, request(12), {.system_prompt = "Be brief."});
  const Observer slow{.text = [](std::string_view) {
    std::this_thread::sleep_for(std::chrono::milliseconds(120));
  }};
  const Reply first = session.say("one", slow);
  EXPECT_EQ(first.result.memory.pressure_max, "yellow");
  const Reply second = session.say("two");
  EXPECT_EQ(second.result.cached_tokens, 0);
  EXPECT_EQ(cold(setting, second.request).token_ids, second.result.token_ids);
}

}  // namespace
}  // namespace bantam
