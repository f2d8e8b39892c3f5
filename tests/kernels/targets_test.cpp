// SPDX-License-Identifier: MIT
#include "kernels/targets.h"

#include <gtest/gtest.h>

namespace bantam::kernels {
namespace {

TEST(Targets, PortableIsAlwaysThere) {
  ASSERT_FALSE(supported_targets().empty());
  EXPECT_EQ(supported_targets().back(), "portable");
  const std::string_view before = target_name();
  for (const std::string_view name : supported_targets()) {
    EXPECT_TRUE(set_target(name));
    EXPECT_EQ(target_name(), name);
    EXPECT_EQ(use_avx512vnni(), name == "avx512vnni");
  }
  EXPECT_TRUE(set_target(before));
}

TEST(Targets, RefusesWhatTheMachineCannotRun) {
  const std::string_view before = target_name();
  EXPECT_FALSE(set_target("avx1024"));
  EXPECT_FALSE(set_target(""));
  EXPECT_EQ(target_name(), before);
}

}  // namespace
}  // namespace bantam::kernels
