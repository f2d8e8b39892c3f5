// SPDX-License-Identifier: MIT
// A folder of a test's own. ctest runs every test in a process of its own, and
// many at once: a fixed name below /tmp would be shared between them.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace bantam {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern =
        (std::filesystem::path(::testing::TempDir()) / "bantam_XXXXXX")
            .string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string at(std::string_view name) const {
    return (std::filesystem::path(path_) / name).string();
  }
  /// Writes a file, and the folders above it; returns its path.
  std::string write(std::string_view name, std::string_view bytes) const {
    const std::string file = at(name);
    std::filesystem::create_directories(
        std::filesystem::path(file).parent_path());
    std::ofstream(file, std::ios::binary) << bytes;
    return file;
  }

 private:
  std::string path_;
};

}  // namespace bantam
