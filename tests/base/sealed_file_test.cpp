// SPDX-License-Identifier: MIT
#include "base/sealed_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "base/error.h"
#include "temporary_folder.h"

namespace bantam {
namespace {

class SealedFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (size_t i = 0; i < payload_.size(); ++i) {
      payload_[i] = std::byte(i * 7 % 251);
    }
    SealedFileWriter writer(
        path_, header_, static_cast<int64_t>(payload_.size()));
    writer.add(std::span(payload_).first(1000));
    writer.add(std::span(payload_).subspan(1000));
    writer.finish();
  }
  std::string bytes() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  std::string refusal() const {
    try {
      SealedFile file(path_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_file);
      return error.what();
    }
    return "";
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.at("file");
  std::string header_ = R"({"a": 1})";
  std::vector<std::byte> payload_ = std::vector<std::byte>(3 << 20);
};

TEST_F(SealedFileTest, ReadsWhatWasWritten) {
  SealedFile file(path_);
  EXPECT_EQ(file.header(), header_);
  ASSERT_EQ(file.payload_bytes(), static_cast<int64_t>(payload_.size()));
  EXPECT_TRUE(file.payload_is_sound());
  std::vector<std::byte> read(payload_.size());
  file.read(std::span(read).first(5));
  file.read(std::span(read).subspan(5));
  EXPECT_EQ(read, payload_);
}

TEST_F(SealedFileTest, EveryChangeOfTheHeaderIsNoticed) {
  const std::string whole = bytes();
  const size_t end = kSealedMagic.size() + 40 + header_.size() + 64;
  for (size_t at = 0; at < end; ++at) {
    std::string changed = whole;
    changed[at] ^= 1;
    write(changed);
    EXPECT_NE(refusal(), "") << "byte " << at;
  }
}

TEST_F(SealedFileTest, AChangedPayloadIsNotSound) {
  for (const size_t from_end :
       {size_t{1},
        size_t{64},
        size_t{65},
        size_t{70'000},
        payload_.size() + 64}) {
    std::string changed = bytes();
    changed[changed.size() - from_end] ^= 1;
    write(changed);
    SealedFile file(path_);
    EXPECT_FALSE(file.payload_is_sound()) << from_end;
    changed[changed.size() - from_end] ^= 1;
    write(changed);
  }
  EXPECT_TRUE(SealedFile(path_).payload_is_sound());
}

TEST_F(SealedFileTest, AnythingCutOffOrAddedIsRefused) {
  const std::string whole = bytes();
  for (const size_t size :
       {size_t{0},
        size_t{10},
        size_t{30},
        size_t{60},
        size_t{100},
        whole.size() - 1}) {
    write(whole.substr(0, size));
    EXPECT_NE(refusal(), "") << size;
  }
  write(whole + "x");
  EXPECT_NE(refusal(), "");
  EXPECT_THROW(SealedFile(folder_.at("none")), Error);
  EXPECT_THROW(SealedFile(folder_.at(".")), Error);
}

TEST_F(SealedFileTest, HugeSizesAreRefusedBeforeAnythingIsAllocated) {
  std::string huge = bytes();
  huge.replace(kSealedMagic.size(), 20, " 9223372036854775807");
  write(huge);
  EXPECT_NE(refusal(), "");
  huge.replace(kSealedMagic.size(), 20, "99999999999999999999");
  write(huge);
  EXPECT_NE(refusal(), "");
}

TEST_F(SealedFileTest, AnUnfinishedFileLeavesTheOldOne) {
  const std::string before = bytes();
  {
    SealedFileWriter writer(path_, "other", 10);
    EXPECT_THROW(writer.finish(), Error);
  }
  EXPECT_EQ(bytes(), before);
  const auto entries = std::filesystem::directory_iterator(folder_.path());
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
  EXPECT_THROW(SealedFileWriter(folder_.at("a/b"), "", 0), Error);
}

}  // namespace
}  // namespace bantam
