// SPDX-License-Identifier: MIT
#include "base/suggest.h"

#include <gtest/gtest.h>

#include <vector>

namespace bantam {
namespace {

TEST(Suggest, FindsTheNearest) {
  const std::vector<std::string> flags{"--temp", "--top-p", "--max-tokens"};
  EXPECT_EQ(nearest("--tmep", flags), "--temp");
  EXPECT_EQ(nearest("--max-token", flags), "--max-tokens");
  EXPECT_EQ(nearest("--frobnicate", flags), "");
  EXPECT_EQ(nearest("", flags), "");
}

}  // namespace
}  // namespace bantam
