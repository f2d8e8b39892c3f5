// SPDX-License-Identifier: MIT
#include "backends/mlx_lm_history.h"

#include <gtest/gtest.h>

namespace bantam {
namespace {

const MlxLmNeeds kBudget{.flags = {"--model", "--max-kv-size"}};

TEST(MlxLmHistory, TheGuidesPinCannotTakeTheGuidesBudget) {
  EXPECT_EQ(
      pin_contradiction(">=0.15.0,<0.16.0", kBudget),
      "the pin >=0.15.0,<0.16.0 allows mlx-lm 0.15.0 to 0.15.3, but "
      "--max-kv-size came with 0.17.0; a pin that works is >=0.21.0,<=0.32.2");
}

TEST(MlxLmHistory, PinsThatCan) {
  for (const char* pin :
       {"",
        ">=0.15",
        "==0.17.0",
        "~=0.32.1",
        ">=0.16,<0.18",
        ">=0.33",
        "==0.32.2",
        "!=0.16.0"}) {
    EXPECT_EQ(pin_contradiction(pin, kBudget), std::nullopt) << pin;
  }
  EXPECT_EQ(
      pin_contradiction("==0.15.2", {.flags = {"--temp", "--max-tokens"}}),
      std::nullopt);
}

TEST(MlxLmHistory, PinsThatCannot) {
  for (const char* pin : {"==0.16.*", "<0.17", "~=0.15.1", "<=0.16.1"}) {
    EXPECT_TRUE(pin_contradiction(pin, kBudget)) << pin;
  }
  // The newest of what is missing decides.
  EXPECT_EQ(
      pin_contradiction(
          "==0.15.2",
          {.flags = {"--max-kv-size", "--top-k"}, .model_type = "qwen3_5"}),
      "the pin ==0.15.2 allows mlx-lm 0.15.2, but --max-kv-size came with "
      "0.17.0, and --top-k came with 0.24.0, and the model type qwen3_5 came "
      "with 0.30.7; a pin that works is >=0.30.7,<=0.32.2");
  EXPECT_EQ(
      pin_contradiction("==0.30.6", {.model_type = "llama"}), std::nullopt);
}

TEST(MlxLmHistory, FamiliesNeedARelease) {
  EXPECT_TRUE(pin_contradiction("<0.24", {.model_type = "qwen3"}));
  EXPECT_FALSE(pin_contradiction("<0.25", {.model_type = "qwen3"}));
  EXPECT_TRUE(pin_contradiction("~=0.27.0", {.model_type = "qwen3_next"}));
  // Nothing is known of a type that is not listed.
  EXPECT_FALSE(pin_contradiction("<0.24", {.model_type = "never_heard_of"}));
}

TEST(MlxLmHistory, ReleasesThatCannotBeRead) {
  const auto fault = unreadable_pin("<0.19");
  ASSERT_TRUE(fault);
  EXPECT_NE(fault->find(">=0.21.0,<=0.32.2"), std::string::npos) << *fault;
  for (const char* pin : {"", ">=0.15", "==0.21.0", ">=0.33"}) {
    EXPECT_FALSE(unreadable_pin(pin)) << pin;
  }
}

TEST(MlxLmHistory, APinThatWorks) {
  EXPECT_EQ(working_pin({.flags = {"--max-kv-size"}}), ">=0.21.0,<=0.32.2");
  EXPECT_EQ(
      working_pin({.flags = {"--top-k"}, .model_type = "qwen3_5"}),
      ">=0.30.7,<=0.32.2");
}

TEST(MlxLmHistory, FamiliesThatIgnoreTheBudget) {
  const auto ignores = [](const char* type, const char* version) {
    return ignores_max_kv_size(type, *Version::parse(version));
  };
  EXPECT_TRUE(ignores("llama", "0.32.2"));
  EXPECT_FALSE(ignores("llama", "0.28.0"));
  EXPECT_TRUE(ignores("qwen3_5", "0.30.7"));
  EXPECT_TRUE(ignores("gemma3", "0.32.2"));
  EXPECT_FALSE(ignores("qwen3", "0.32.2"));
  EXPECT_FALSE(ignores("never_heard_of", "0.32.2"));
}

}  // namespace
}  // namespace bantam
