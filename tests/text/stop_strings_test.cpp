// SPDX-License-Identifier: MIT
#include "text/stop_strings.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace bantam {
namespace {

// Feeds `text` in pieces of `step` bytes.
std::string run(StopStrings stops, std::string_view text, size_t step) {
  std::string out;
  for (size_t i = 0; i < text.size(); i += step) {
    out += stops.push(text.substr(i, step));
  }
  return out + stops.finish();
}

TEST(StopStrings, EndsAtTheFirstStopHoweverTheTextIsCut) {
  for (size_t step = 1; step < 12; ++step) {
    EXPECT_EQ(run(StopStrings({"END", "##"}), "one ## END", step), "one ");
    EXPECT_EQ(run(StopStrings({"abab"}), "aababb", step), "a");
    EXPECT_EQ(run(StopStrings({"STOP"}), "no STO P", step), "no STO P");
    EXPECT_EQ(run(StopStrings({}), "anything", step), "anything");
  }
}

TEST(StopStrings, HoldsBackOnlyWhatMayBecomeAStop) {
  StopStrings stops({"\n\n"});
  EXPECT_EQ(stops.push("a\n"), "a");
  EXPECT_EQ(stops.push("b"), "\nb");
  EXPECT_EQ(stops.push("\n\nc"), "");
  EXPECT_TRUE(stops.stopped());
  EXPECT_EQ(stops.push("d"), "");
  EXPECT_EQ(stops.finish(), "");
}

TEST(StopStrings, RefusesAnEmptyOne) {
  EXPECT_THROW(StopStrings({""}), Error);
}

}  // namespace
}  // namespace bantam
