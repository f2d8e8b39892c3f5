// SPDX-License-Identifier: MIT
#include "cli/chat_commands.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "cli/chat_output.h"

namespace bantam {
namespace {

class ChatCommands : public ::testing::Test {
 protected:
  CommandOutput run(const std::string& line) {
    return run_chat_command(line, session_, engine_.model(), totals_);
  }
  std::string refusal(const std::string& line) {
    try {
      run(line);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  Engine engine_{
      {.model = BANTAM_TEST_DIR "/models/llama_gguf_q4_0/model.gguf",
       .threads = 1}};
  Session session_{engine_, {}, {.system_prompt = "old"}};
  ChatTotals totals_;
};

TEST_F(ChatCommands, ALineIsACommandOrAMessage) {
  EXPECT_TRUE(is_chat_command("/help"));
  EXPECT_FALSE(is_chat_command("//usr/bin"));
  EXPECT_FALSE(is_chat_command(" /help"));
  EXPECT_EQ(chat_message("//usr/bin"), "/usr/bin");
  EXPECT_EQ(chat_message("hello"), "hello");
}

TEST_F(ChatCommands, TheSystemPromptIsShownSetAndTakenAway) {
  EXPECT_EQ(run("/system").fields["system_prompt"], "old");
  EXPECT_EQ(run("/system  a new one ").fields["system_prompt"], "a new one");
  EXPECT_EQ(session_.system_prompt(), "a new one");
  run("/system -");
  EXPECT_EQ(session_.system_prompt(), "");
}

TEST_F(ChatCommands, ThinkingTogglesOrIsSet) {
  EXPECT_EQ(run("/thinking").fields["thinking"], true);
  EXPECT_EQ(run("/thinking off").fields["thinking"], false);
  EXPECT_EQ(run("/thinking on").fields["thinking"], true);
  EXPECT_NE(refusal("/thinking perhaps").find("on or off"), std::string::npos);
}

TEST_F(ChatCommands, MistakesAreNamed) {
  EXPECT_NE(refusal("/rest").find("/reset"), std::string::npos);
  EXPECT_NE(refusal("/save").find("name of a file"), std::string::npos);
  EXPECT_NE(refusal("/load /no/such/file").find("/no/such"), std::string::npos);
}

TEST_F(ChatCommands, StatsAndHelpSayWhatThereIs) {
  totals_.cached_tokens = 42;
  EXPECT_EQ(run("/stats").fields["cached_tokens"], 42);
  EXPECT_EQ(run("/stats").fields["history_limit"], 10);
  EXPECT_GE(run("/help").lines.size(), 7u);
}

TEST(Meter, ShowsWhatIsUsedOfWhat) {
  Result result;
  result.token_ids = {1, 2, 3};
  result.timing.decode_s = 0.5;
  result.memory.peak_bytes = 100'000'000;
  result.memory.planned_bytes = 200'000'000;
  result.memory.pressure = {{0, "green"}, {1, "yellow"}};
  const SessionUse use{
      .context_tokens = 30,
      .budget_tokens = 1024,
      .exchanges = 3,
      .history_limit = 10};
  EXPECT_EQ(
      meter_line(result, use, false),
      "context 30 of 1024 | exchanges 3 of 10 | memory 100.0 MB of 200.0 MB "
      "planned | yellow | 4.0 tok/s");
  EXPECT_NE(
      meter_line(result, use, true).find("\x1b[0;33m"), std::string::npos);
}

}  // namespace
}  // namespace bantam
