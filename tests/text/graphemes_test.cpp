// SPDX-License-Identifier: MIT
// Clusters and widths as Unicode's annexes 29 and 11 give them.
#include "text/graphemes.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bantam {
namespace {

const std::vector<std::string> kClusters{
    "a",
    "e\u0301",                                     // combining accent
    "\u65e5",                                      // wide
    "\U0001F468\u200D\U0001F469\u200D\U0001F467",  // joined emoji
    "\U0001F1E9\U0001F1EA",                        // a flag
    "\u1112\u1161\u11ab",                          // Hangul parts
    "\n",
    "\r\n",
    "\xFF",  // not UTF-8
    "z"};

TEST(Graphemes, GoForwardAndBack) {
  std::string text;
  std::vector<size_t> ends{0};
  for (const std::string& cluster : kClusters) {
    text += cluster;
    ends.push_back(text.size());
  }
  for (size_t i = 1; i < ends.size(); ++i) {
    EXPECT_EQ(next_grapheme(text, ends[i - 1]), ends[i]) << i;
    EXPECT_EQ(previous_grapheme(text, ends[i]), ends[i - 1]) << i;
  }
}

TEST(Graphemes, Widths) {
  const int widths[] = {1, 1, 2, 2};
  for (size_t i = 0; i < std::size(widths); ++i) {
    EXPECT_EQ(display_width(kClusters[i]), widths[i]) << i;
  }
  EXPECT_EQ(display_width("\n"), 0);
  EXPECT_EQ(display_width("\x1b"), 0);
}

}  // namespace
}  // namespace bantam
