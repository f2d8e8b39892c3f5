// SPDX-License-Identifier: MIT
#include "base/mapped_pages.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <optional>
#include <string>

#include "base/mapped_file.h"
#include "base/size.h"
#include "temporary_folder.h"

namespace bantam {
namespace {

class MappedPagesTest : public ::testing::Test {
 protected:
  // Byte i is i / 5.
  void make_file(int64_t bytes) {
    std::string content;
    for (int64_t i = 0; i < bytes; ++i) {
      content.push_back(static_cast<char>(i / 5));
    }
    path_ = folder_.write("table", content);
    file_.emplace(path_);
    pages_.emplace(std::vector<MappedRange>{{file_->bytes(), path_}});
  }

  // "Rss: 64 kB" of the file's mapping, from /proc/self/smaps; -1 where there
  // is no such file.
  int64_t mapped_kib() const {
    std::ifstream maps("/proc/self/smaps");
    bool found = false;
    for (std::string line; std::getline(maps, line);) {
      if (line.ends_with(path_)) {
        found = true;
      } else if (found && line.starts_with("Rss:")) {
        return std::stoll(line.substr(4));
      }
    }
    return -1;
  }

  TemporaryFolder folder_;
  std::string path_;
  std::optional<MappedFile> file_;
  std::optional<MappedPages> pages_;
};

TEST_F(MappedPagesTest, ReadingCopiesAndMapsNothing) {
  make_file(4 * kMiB);
  for (const int64_t at : {int64_t{0}, kMiB + 3, 4 * kMiB - 100}) {
    std::vector<std::byte> row(100);
    pages_->read(
        file_->bytes().subspan(static_cast<size_t>(at), 100), row.data());
    for (int64_t i = 0; i < 100; ++i) {
      ASSERT_EQ(
          static_cast<char>(row[static_cast<size_t>(i)]),
          static_cast<char>((at + i) / 5));
    }
  }
  if (mapped_kib() < 0) {
    GTEST_SKIP() << "no /proc/self/smaps";
  }
  EXPECT_EQ(mapped_kib(), 0);
}

TEST_F(MappedPagesTest, WhatIsOfNoFileIsCopied) {
  make_file(10);
  const std::string other = "elsewhere";
  std::string copy(other.size(), ' ');
  pages_->read(
      std::as_bytes(std::span(other)),
      reinterpret_cast<std::byte*>(copy.data()));
  EXPECT_EQ(copy, other);
}

}  // namespace
}  // namespace bantam
