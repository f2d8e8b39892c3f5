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
      "--max-kv-size came with 0.17.0; a pin that works is >=0.17.0,<=0.32.2");
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

}  // namespace
}  // namespace bantam
