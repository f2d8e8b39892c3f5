// SPDX-License-Identifier: MIT
// A folder of small files in the place of /proc and /sys/fs/cgroup.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace bantam {

class FakeTree {
 public:
  FakeTree() {
    // Memory-backed where there is such a folder: rewriting is slow on a disk.
    std::string pattern = ::access("/dev/shm", W_OK) == 0
        ? "/dev/shm"
        : std::filesystem::temp_directory_path().string();
    pattern += "/bantam_tree_XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  ~FakeTree() { std::filesystem::remove_all(root_); }
  FakeTree(const FakeTree&) = delete;
  FakeTree& operator=(const FakeTree&) = delete;

  std::string path(const std::string& name) const {
    return (root_ / name).string();
  }
  std::string proc() const { return path("proc"); }
  std::string cgroup() const { return path("cgroup"); }

  void write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = root_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  void remove(const std::string& name) const {
    std::filesystem::remove_all(root_ / name);
  }
  void link(const std::string& name, const std::string& target) const {
    const std::filesystem::path file = root_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::filesystem::create_symlink(target, file);
  }

 private:
  std::filesystem::path root_;
};

}  // namespace bantam
