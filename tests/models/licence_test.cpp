// SPDX-License-Identifier: MIT
#include "models/licence.h"

#include <gtest/gtest.h>

namespace bantam {
namespace {

TEST(Licence, SaysWhatEachAllows) {
  const auto use = [](const char* id) {
    return commercial_use_name(look_up_licence(id, "test").use);
  };
  EXPECT_EQ(use("apache-2.0"), "allowed");
  EXPECT_EQ(use("Apache-2.0"), "allowed");
  EXPECT_EQ(use("MIT"), "allowed");
  EXPECT_EQ(use("bsd-3-clause-clear"), "allowed");
  EXPECT_EQ(use("cc-by-4.0"), "allowed");
  EXPECT_EQ(use("cc-by-nc-sa-4.0"), "forbidden");
  EXPECT_EQ(use("cc-by-nc-4.0"), "forbidden");
  EXPECT_EQ(use("llama3.1"), "conditional");
  EXPECT_EQ(use("gemma"), "conditional");
  EXPECT_EQ(use("qwen"), "conditional");
  EXPECT_EQ(use("qwen-research"), "forbidden");
  EXPECT_EQ(use("mit-but-not-really"), "unknown");
  EXPECT_EQ(use(""), "unknown");
  EXPECT_FALSE(look_up_licence("llama2", "test").conditions.empty());
}

}  // namespace
}  // namespace bantam
