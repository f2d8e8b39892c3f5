// SPDX-License-Identifier: MIT
// Sound files, and a header or metadata that is wrong.
#include "weights/gguf.h"

#include <gtest/gtest.h>

#include "model_files.h"

namespace bantam {
namespace {

constexpr uint64_t kEnormous = uint64_t{1} << 60;

class GgufTest : public ::testing::Test {
 protected:
  GgufFile open(const GgufWriter& writer) { return open(writer.bytes()); }
  GgufFile open(const std::string& bytes) {
    return GgufFile(folder_.write("m.gguf", bytes));
  }
  void expect_invalid(
      const std::string& bytes,
      std::initializer_list<std::string> parts,
      ErrorCode code = ErrorCode::invalid_file) {
    expect_error(code, parts, [&] { open(bytes); });
    expect_error(code, {folder_.at("m.gguf"), "at byte"}, [&] { open(bytes); });
  }

  TemporaryFolder folder_;
};

TEST_F(GgufTest, ReadsMetadataAndTensors) {
  for (const uint32_t version : {2u, 3u}) {
    GgufWriter writer;
    writer.version = version;
    writer.text("general.name", "tiny").u32("n", 7).boolean("yes", true);
    writer.entry("x", kF64, raw(-0.25));
    writer.texts("names", {"a", "", "bc"});
    writer.tensor("w", {64, 2}, kGgmlQ4_1, std::string(80, 'q'));
    writer.tensor("v", {3}, kGgmlF32, "123456789abc");
    const GgufFile file = open(writer);
    EXPECT_EQ(file.version(), static_cast<int>(version));
    EXPECT_EQ(file.string("general.name"), "tiny");
    EXPECT_EQ(file.integer("n"), 7);
    EXPECT_EQ(file.number("n"), 7.0);
    EXPECT_EQ(file.number("x"), -0.25);
    EXPECT_EQ(file.boolean("yes"), true);
    EXPECT_EQ(file.integer("absent"), std::nullopt);
    EXPECT_EQ(file.strings("absent"), nullptr);
    const GgufStrings* names = file.strings("names");
    ASSERT_NE(names, nullptr);
    EXPECT_EQ(
        std::vector<std::string>(names->begin(), names->end()),
        (std::vector<std::string>{"a", "", "bc"}));
    ASSERT_EQ(file.tensors().size(), 2u);
    const Tensor& w = file.tensors()[0];
    EXPECT_EQ(w.name, "w");
    EXPECT_EQ(w.type, TensorType::q4_1);
    EXPECT_EQ(w.shape, (std::vector<int64_t>{2, 64}));
    EXPECT_EQ(w.bytes.size(), 80u);
    EXPECT_EQ(w.file_offset % 32, 0);
    EXPECT_EQ(w.bytes[79], std::byte{'q'});
    const Tensor& v = file.tensors()[1];
    EXPECT_EQ(v.bytes[11], std::byte{'c'});
    EXPECT_EQ(v.file_offset, w.file_offset + 96);
  }
}

TEST_F(GgufTest, AMovedFileKeepsItsTensors) {
  GgufWriter writer;
  writer.tensor("v", {1}, kGgmlF32, "abcd").texts("names", {"x"});
  GgufFile first = open(writer);
  const GgufFile second = std::move(first);
  EXPECT_EQ(second.tensors()[0].bytes[3], std::byte{'d'});
  EXPECT_EQ(*second.strings("names")->begin(), "x");
}

TEST_F(GgufTest, AWrongTypeIsNamed) {
  GgufWriter writer;
  writer.text("a", "b").texts("c", {});
  const GgufFile file = open(writer);
  const auto expect = [&](const char* key, const char* is, auto read) {
    expect_error(
        ErrorCode::invalid_file, {"'" + std::string(key) + "' is " + is}, read);
  };
  expect("a", "text, expected an integer", [&] { file.integer("a"); });
  expect("a", "text, expected a number", [&] { file.number("a"); });
  expect("a", "text, expected a boolean", [&] { file.boolean("a"); });
  expect("c", "an array of strings, expected text", [&] { file.string("c"); });
  expect("a", "text, expected an array of strings", [&] { file.strings("a"); });
}

TEST_F(GgufTest, NestedArraysAreSkippedUpToADepth) {
  const std::string inner =
      raw<uint32_t>(kU8) + raw<uint64_t>(2) + std::string("ab");
  const auto nested = [&](int levels) {
    std::string value;
    for (int i = 0; i < levels; ++i) {
      value += raw<uint32_t>(kArray) + raw<uint64_t>(1);
    }
    GgufWriter writer;
    writer.entry("deep", kArray, value + inner).u32("after", 5);
    return writer.bytes();
  };
  const GgufFile file = open(nested(2));
  EXPECT_EQ(std::get<GgufNestedArray>(*file.find("deep")).count, 1);
  EXPECT_EQ(file.integer("after"), 5);
  expect_invalid(nested(9), {"'deep'", "nested deeper"});
  expect_invalid(nested(100'000), {"'deep'", "nested deeper"});
}

TEST_F(GgufTest, OtherFilesAndVersionsAreRefused) {
  expect_invalid("", {"the file is 0 bytes"});
  expect_invalid("GG", {"the file is 2 bytes"});
  expect_invalid("hello, world", {"does not begin with 'GGUF'"});
  GgufWriter writer;
  for (const uint32_t version : {0u, 1u, 4u, 99u}) {
    writer.version = version;
    expect_invalid(
        writer.bytes(),
        {fmt::format("version {};", version)},
        ErrorCode::unsupported);
  }
  writer.version = 3u << 24;
  expect_invalid(writer.bytes(), {"big-endian"}, ErrorCode::unsupported);
}

TEST_F(GgufTest, CountsBeyondTheFileAreRefusedAtOnce) {
  GgufWriter entries;
  entries.extra_entries = kEnormous;
  expect_invalid(
      entries.bytes(), {"metadata", "claims 1152921504606846976 entries"});
  GgufWriter tensors;
  tensors.extra_tensors = kEnormous;
  expect_invalid(tensors.bytes(), {"claims 1152921504606846976 tensors"});
  GgufWriter negative;
  negative.extra_tensors = -1;
  expect_invalid(negative.bytes(), {"claims 18446744073709551615 tensors"});
  for (const uint32_t type : {kU8, kF64, kText, kArray}) {
    GgufWriter writer;
    writer.entry("k", kArray, raw(type) + raw(kEnormous));
    expect_invalid(writer.bytes(), {"metadata key 'k'", "claims", "elements"});
  }
  GgufWriter text;
  text.entry("k", kText, raw(~uint64_t{0}));
  expect_invalid(text.bytes(), {"'k'", "claims 18446744073709551615 bytes"});
}

TEST_F(GgufTest, WhatIsCopiedOutOfAFileIsBounded) {
  const uint64_t many = (uint64_t{1} << 24) + 1;
  GgufWriter writer;
  writer.entry(
      "k", kArray, raw<uint32_t>(kU8) + raw(many) + std::string(many, '\0'));
  expect_invalid(
      writer.bytes(), {"'k'", "at most 16777216"}, ErrorCode::unsupported);
  GgufWriter entries;
  for (int i = 0; i <= 65536; ++i) {
    entries.boolean(std::to_string(i), true);
  }
  expect_invalid(entries.bytes(), {"at most 65536"}, ErrorCode::unsupported);
}

TEST_F(GgufTest, WrongValuesAreRefused) {
  GgufWriter twice;
  twice.u32("k", 1).u32("k", 2);
  expect_invalid(twice.bytes(), {"metadata key 'k'", "occurs twice"});
  GgufWriter unnamed;
  unnamed.u32("", 1);
  expect_invalid(unnamed.bytes(), {"an empty key"});
  GgufWriter type;
  type.entry("k", 13, "0123");
  expect_invalid(type.bytes(), {"'k'", "value type 13 is unknown"});
  GgufWriter element;
  element.entry("k", kArray, raw<uint32_t>(77) + raw<uint64_t>(0));
  expect_invalid(element.bytes(), {"'k'", "element type 77 is unknown"});
  GgufWriter boolean;
  boolean.entry("k", kBool, "\x02");
  expect_invalid(boolean.bytes(), {"'k'", "the boolean is 2"});
  GgufWriter large;
  large.entry("k", kU64, raw(~uint64_t{0}));
  expect_invalid(large.bytes(), {"'k'", "does not fit 63 bits"});
}

TEST_F(GgufTest, TheAlignmentMustBeAPowerOfTwo) {
  for (const uint32_t alignment : {0u, 3u, 48u, 1u << 31}) {
    GgufWriter writer;
    writer.u32("general.alignment", alignment);
    expect_error(
        ErrorCode::invalid_file,
        {folder_.at("m.gguf"), "'general.alignment'", "a power of two"},
        [&] { open(writer); });
  }
  GgufWriter writer;
  writer.alignment = 128;
  writer.u32("general.alignment", 128);
  writer.tensor("v", {1}, kGgmlF32, "abcd");
  writer.tensor("w", {1}, kGgmlF32, "efgh");
  const GgufFile file = open(writer);
  EXPECT_EQ(file.tensors()[1].file_offset % 128, 0);
  EXPECT_EQ(file.tensors()[1].bytes[0], std::byte{'e'});
}

TEST_F(GgufTest, AFileWithoutTensorsNeedsNoPadding) {
  GgufWriter writer;
  writer.u32("k", 1);
  EXPECT_EQ(open(writer.header()).tensors().size(), 0u);
}

}  // namespace
}  // namespace bantam
