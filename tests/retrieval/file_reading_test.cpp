// SPDX-License-Identifier: MIT
#include "retrieval/file_reading.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "../base/temporary_folder.h"
#include "base/error.h"

namespace bantam {
namespace {

namespace fs = std::filesystem;

struct Walked {
  std::vector<std::string> files;
  std::vector<Skipped> skipped;
};

Walked walk(const std::string& path) {
  Walked walked;
  walk_files(
      path,
      [&](const std::string& file) { walked.files.push_back(file); },
      [&](const Skipped& skipped) { walked.skipped.push_back(skipped); });
  return walked;
}

TEST(FileReading, WalksFoldersAndLoops) {
  const TemporaryFolder folder;
  folder.write("b.txt", "b");
  folder.write("sub/a.txt", "a");
  folder.write(".git/config", "hidden");
  fs::create_directory_symlink(folder.path(), folder.at("sub/loop"));
  fs::create_symlink(folder.at("nowhere"), folder.at("dangling"));
  ASSERT_EQ(::mkfifo(folder.at("pipe").c_str(), 0600), 0);
  const Walked walked = walk(folder.path());
  EXPECT_EQ(
      walked.files, (std::vector{folder.at("b.txt"), folder.at("sub/a.txt")}));
  EXPECT_EQ(walked.skipped.size(), 2u);
  EXPECT_THROW(walk(folder.at("none")), Error);
}

TEST(FileReading, ReadsWholeFilesWithinTheLimit) {
  const TemporaryFolder folder;
  const std::string path = folder.write("a", "12345");
  EXPECT_EQ(std::get<std::string>(read_steady_file(path, 5)), "12345");
  const auto reason = [](const std::variant<std::string, Skipped>& read) {
    return std::get<Skipped>(read).reason;
  };
  EXPECT_EQ(reason(read_steady_file(path, 4)), SkipReason::too_large);
  EXPECT_EQ(
      reason(read_steady_file(folder.at("b"), 4)), SkipReason::unreadable);
  EXPECT_EQ(reason(read_steady_file(folder.path(), 4)), SkipReason::unreadable);
}

// A file that is written to all the time is either read in a state that it
// had, or said to change; never half of one and half of another.
TEST(FileReading, SeesThatAFileChanges) {
  const TemporaryFolder folder;
  const std::string path = folder.write("a", std::string(100'000, '0'));
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int i = 1; !done; ++i) {
      std::ofstream(path, std::ios::binary)
          << std::string(100'000, static_cast<char>('0' + i % 10));
    }
  });
  for (int i = 0; i < 100; ++i) {
    const auto read = read_steady_file(path, 1 << 20);
    if (const std::string* bytes = std::get_if<std::string>(&read)) {
      ASSERT_EQ(bytes->find_first_not_of(bytes->substr(0, 1)), bytes->npos);
    } else {
      ASSERT_EQ(std::get<Skipped>(read).reason, SkipReason::changing);
    }
  }
  done = true;
  writer.join();
}

TEST(FileReading, KnowsArchives) {
  EXPECT_EQ(archive_kind("PK\x03\x04..."), "a zip archive");
  EXPECT_EQ(archive_kind("\x1f\x8b\x08"), "a gzip file");
  EXPECT_EQ(archive_kind("text"), "");
}

}  // namespace
}  // namespace bantam
