// SPDX-License-Identifier: MIT
#include "machine/process_memory.h"

#include <gtest/gtest.h>

#include <vector>

namespace bantam {
namespace {

TEST(ProcessMemory, ThePeakRisesWithWhatIsTouchedAndStays) {
  const int64_t before = peak_process_bytes();
  EXPECT_GT(before, 1 << 20);
  {
    std::vector<char> block(64 << 20, 1);
    ASSERT_EQ(block.back(), 1);
  }
  const int64_t after = peak_process_bytes();
  EXPECT_GE(after - before, 50 << 20);
  EXPECT_GE(peak_process_bytes(), after);
}

TEST(ProcessMemory, PrivateMemoryComesAndGoes) {
  const int64_t before = private_process_bytes();
  EXPECT_GT(before, 0);
  {
    std::vector<char> block(64 << 20, 1);
    ASSERT_EQ(block.back(), 1);
    EXPECT_GE(private_process_bytes() - before, 60 << 20);
  }
  EXPECT_LT(private_process_bytes() - before, 8 << 20);
}

}  // namespace
}  // namespace bantam
