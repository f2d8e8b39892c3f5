// SPDX-License-Identifier: MIT
#include "base/mapped_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "temporary_folder.h"

namespace bantam {
namespace {

class MappedFileTest : public ::testing::Test {
 protected:
  std::string path(const char* name) { return folder_.at(name); }

  TemporaryFolder folder_;
};

TEST_F(MappedFileTest, ReadsBytes) {
  std::ofstream(path("mapped_a")) << "hello";
  MappedFile file(path("mapped_a"));
  MappedFile moved(std::move(file));
  EXPECT_EQ(moved.text(), "hello");
  EXPECT_EQ(file.size(), 0u);
}

TEST_F(MappedFileTest, AnEmptyFileIsEmpty) {
  std::ofstream(path("mapped_empty")).flush();
  EXPECT_EQ(MappedFile(path("mapped_empty")).size(), 0u);
}

TEST_F(MappedFileTest, MissingAndUnmappableFilesAreNotFound) {
  for (const std::string& bad : {path("absent"), folder_.path()}) {
    try {
      MappedFile file(bad);
      FAIL() << bad;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::not_found);
      EXPECT_NE(std::string(error.what()).find(bad), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace bantam
