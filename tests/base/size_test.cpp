// SPDX-License-Identifier: MIT
#include "base/size.h"

#include <gtest/gtest.h>

namespace bantam {
namespace {

TEST(Size, ReadsUnits) {
  EXPECT_EQ(parse_size("16GiB"), int64_t{16} << 30);
  EXPECT_EQ(parse_size("10GB"), 10'000'000'000);
  EXPECT_EQ(parse_size("512MiB"), 512 << 20);
  EXPECT_EQ(parse_size("1.5KiB"), 1536);
  EXPECT_EQ(parse_size("123"), 123);
  EXPECT_EQ(parse_size("0"), 0);
}

TEST(Size, RefusesWhatIsNotASize) {
  for (const char* text :
       {"",
        "GiB",
        "-1",
        "1 GiB",
        "1gib",
        "1..5GiB",
        "99999999999999999999",
        "9000000TiB",
        "1e9",
        "nan",
        ".",
        "0.5",
        "1.5B"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

TEST(Size, Writes) {
  EXPECT_EQ(format_size(12), "12 B");
  EXPECT_EQ(format_size(98'362'432), "98.4 MB");
  EXPECT_EQ(format_size(11'771'000'000), "10.96 GiB");
  EXPECT_EQ(format_gib(11'771'000'000), "10.96 GiB");
  EXPECT_EQ(format_gib(268'435'456), "0.25 GiB");
}

}  // namespace
}  // namespace bantam
