// SPDX-License-Identifier: MIT
#include "machine/kernel_text.h"

#include <gtest/gtest.h>

#include "fake_tree.h"

namespace bantam {
namespace {

// The head of /proc/meminfo as kernel 6.18 writes it.
constexpr std::string_view kMeminfo =
    "MemTotal:       24684084 kB\n"
    "MemFree:        21166196 kB\n"
    "MemAvailable:   23109712 kB\n";

TEST(KernelText, FindsTheNumberOfALine) {
  EXPECT_EQ(bytes_of(kMeminfo, "MemTotal"), 25276502016);
  EXPECT_EQ(bytes_of(kMeminfo, "MemAvailable"), 23664345088);
  EXPECT_EQ(number_of("pswpin 7\npswpout 12\n", "pswpout"), 12);
  EXPECT_EQ(number_of("oom 0\noom_kill 3\n", "oom_kill"), 3);
}

TEST(KernelText, AKeyIsAWholeWord) {
  EXPECT_EQ(bytes_of(kMeminfo, "Mem"), std::nullopt);
  EXPECT_EQ(number_of("oom_kill_disable 1\noom_kill 3\n", "oom_kill"), 3);
  EXPECT_EQ(number_of("total_active_file 5\n", "active_file"), std::nullopt);
}

TEST(KernelText, ANumberThatMayBeCutIsNotKnown) {
  const std::string_view cut = kMeminfo.substr(0, kMeminfo.size() - 6);
  EXPECT_TRUE(bytes_of(cut, "MemFree"));
  EXPECT_FALSE(bytes_of(cut, "MemAvailable"));
  EXPECT_FALSE(leading_number("123"));
  EXPECT_EQ(leading_number("123\n"), 123);
}

TEST(KernelText, OddNumbersAreNotKnown) {
  for (const std::string_view text :
       {"",
        "\n",
        "   ",
        "max\n",
        "-5\n",
        "x1\n",
        "9223372036854775808\n",
        "18446744073709551615\n"}) {
    EXPECT_FALSE(leading_number(text)) << text;
  }
  EXPECT_EQ(leading_number("9223372036854775807\n"), INT64_MAX);
  // Kibibytes that overflow as bytes.
  EXPECT_FALSE(bytes_of("MemTotal: 9223372036854775807 kB\n", "MemTotal"));
  EXPECT_FALSE(bytes_of("MemTotal:\n", "MemTotal"));
  EXPECT_FALSE(bytes_of("MemTotal", "MemTotal"));
}

TEST(KernelText, ReadsFilesWholeMissingAndLong) {
  const FakeTree tree;
  KernelTextReader reader;
  tree.write("file", "12\n");
  EXPECT_EQ(reader.read(tree.path("file")), "12\n");
  EXPECT_EQ(reader.read(tree.path("absent")), "");
  tree.write("folder/x", "");
  EXPECT_EQ(reader.read(tree.path("folder")), "");
  tree.write("long", "first 1\n" + std::string(100'000, 'x') + " 2\n");
  EXPECT_EQ(number_of(reader.read(tree.path("long")), "first"), 1);
}

}  // namespace
}  // namespace bantam
