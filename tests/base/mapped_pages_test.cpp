// SPDX-License-Identifier: MIT
#include "base/mapped_pages.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <string>

#include "base/mapped_file.h"
#include "base/size.h"
#include "temporary_folder.h"

namespace bantam {
namespace {

// "Rss: 64 kB" of the mapping of `path`, from /proc/self/smaps; -1 where there
// is no such file.
int64_t mapped_kib(const std::string& path) {
  std::ifstream maps("/proc/self/smaps");
  bool found = false;
  for (std::string line; std::getline(maps, line);) {
    if (line.ends_with(path)) {
      found = true;
    } else if (found && line.starts_with("Rss:")) {
      return std::stoll(line.substr(4));
    }
  }
  return -1;
}

TEST(MappedPages, WhatIsReadSparselyBringsInFewNeighbours) {
  const TemporaryFolder folder;
  const std::string path = folder.at("table");
  constexpr int64_t kBytes = 16 * kMiB;
  std::ofstream(path) << std::string(kBytes, 'x');
  const MappedFile file(path);
  if (mapped_kib(path) < 0) {
    GTEST_SKIP() << "no /proc/self/smaps";
  }
  read_sparsely(file.bytes());
  int64_t sum = 0;
  for (int64_t at = kMiB; at < kBytes; at += 2 * kMiB) {
    sum += static_cast<int64_t>(file.bytes()[static_cast<size_t>(at)]);
  }
  EXPECT_EQ(sum, 8 * 'x');
  // What the plan counts for a row (memory/plan.cpp), not 2 MiB.
  EXPECT_LE(mapped_kib(path), 8 * 64);
}

}  // namespace
}  // namespace bantam
