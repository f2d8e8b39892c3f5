// SPDX-License-Identifier: MIT
// The tensor table of a GGUF file when it is wrong, and files that were cut
// or changed anywhere.
#include <gtest/gtest.h>

#include <limits>

#include "model_files.h"
#include "weights/gguf.h"

namespace bantam {
namespace {

class GgufTensorsTest : public ::testing::Test {
 protected:
  GgufFile open(const std::string& bytes) {
    return GgufFile(folder_.write("m.gguf", bytes));
  }
  void expect_invalid(
      const GgufWriter& writer,
      std::initializer_list<std::string> parts,
      ErrorCode code = ErrorCode::invalid_file) {
    expect_error(code, parts, [&] { open(writer.bytes()); });
    expect_error(
        code, {folder_.at("m.gguf"), "at byte"}, [&] { open(writer.bytes()); });
  }

  TemporaryFolder folder_;
};

TEST_F(GgufTensorsTest, TypesAreKnownOrNamed) {
  GgufWriter removed;
  removed.tensor("w", {32}, 31, "");
  expect_invalid(
      removed, {"tensor 'w'", "type 31 (Q4_0_4_4)"}, ErrorCode::unsupported);
  for (const uint32_t type : {43u, 1000u, ~0u}) {
    GgufWriter unknown;
    unknown.tensor("w", {32}, type, "");
    expect_invalid(
        unknown,
        {"tensor 'w'", fmt::format("type number {}", type)},
        ErrorCode::unsupported);
  }
}

TEST_F(GgufTensorsTest, ShapesAreChecked) {
  GgufWriter five;
  five.tensor("w", {1, 1, 1, 1, 1}, kGgmlF32, "abcd");
  expect_invalid(five, {"tensor 'w'", "5 dimensions"});
  GgufWriter blocks;
  blocks.tensor("w", {48, 2}, kGgmlQ8_0, std::string(102, 'x'));
  expect_invalid(blocks, {"tensor 'w'", "[2, 48]", "multiple of 32", "Q8_0"});
  GgufWriter negative;
  negative.tensor("w", {~uint64_t{0}}, kGgmlF32, "abcd");
  expect_invalid(negative, {"tensor 'w'", "does not fit 63 bits"});
  // Products that wrap around 64 bits to something small.
  const uint64_t half = uint64_t{1} << 32;
  GgufWriter wraps;
  wraps.tensor("w", {half, half}, kGgmlF32, "abcd");
  expect_invalid(wraps, {"tensor 'w'", "too large"});
  GgufWriter bytes_wrap;
  bytes_wrap.tensor("w", {uint64_t{1} << 62}, kGgmlF32, "abcd");
  expect_invalid(bytes_wrap, {"tensor 'w'", "too large"});
}

TEST_F(GgufTensorsTest, ScalarsAndEmptyTensorsAreSound) {
  GgufWriter writer;
  writer.tensor("scalar", {}, kGgmlF32, "abcd");
  writer.tensor("empty", {0, 3}, kGgmlF32, "");
  const GgufFile file = open(writer.bytes());
  EXPECT_EQ(file.tensors()[0].values(), 1);
  EXPECT_EQ(file.tensors()[0].bytes.size(), 4u);
  EXPECT_EQ(file.tensors()[1].bytes.size(), 0u);
}

TEST_F(GgufTensorsTest, PlacesAreChecked) {
  GgufWriter outside;
  outside.tensor_at("w", {8}, kGgmlF32, 32, std::string(32, 'x'));
  expect_invalid(
      outside, {"tensor 'w'", "past the end of the file", "cut off"});
  GgufWriter far;
  far.tensor_at("w", {8}, kGgmlF32, ~uint64_t{31}, std::string(32, 'x'));
  expect_invalid(far, {"tensor 'w'", "past the end of the file"});
  GgufWriter odd;
  odd.tensor_at("w", {1}, kGgmlF32, 4, std::string(32, 'x'));
  expect_invalid(odd, {"tensor 'w'", "multiple of the alignment 32"});
  GgufWriter overlap;
  overlap.tensor("a", {16}, kGgmlF32, std::string(64, 'x'));
  overlap.tensor_at("b", {8}, kGgmlF32, 32, "");
  expect_invalid(overlap, {"tensor 'b'", "overlaps that of tensor 'a'"});
}

TEST_F(GgufTensorsTest, NamesAreUniqueAndPrintable) {
  GgufWriter twice;
  twice.tensor("w", {1}, kGgmlF32, "abcd").tensor("w", {1}, kGgmlF32, "efgh");
  expect_invalid(twice, {"tensor 'w'", "occurs twice"});
  GgufWriter unnamed;
  unnamed.tensor("", {1}, kGgmlF32, "abcd");
  expect_invalid(unnamed, {"an empty name"});
  GgufWriter strange;
  strange.tensor("a\nb\xff", {33}, kGgmlQ8_0, "");
  expect_invalid(strange, {"tensor 'a\\x0ab\\xff'"});
}

std::string small_file() {
  GgufWriter writer;
  writer.text("general.architecture", "llama").u32("llama.block_count", 1);
  writer.entry("f", kF32, raw(1.5f)).boolean("b", false);
  writer.texts("tokenizer.ggml.tokens", {"a", "bb", "ccc"});
  writer.text("tokenizer.ggml.model", "gpt2");
  writer.numbers<int32_t>("tokenizer.ggml.token_type", kI32, {1, 3, 1});
  writer.numbers<float>("tokenizer.ggml.scores", kF32, {0, -1, -2});
  writer.entry(
      "nested",
      kArray,
      raw<uint32_t>(kArray) + raw<uint64_t>(1) + raw<uint32_t>(kU16) +
          raw<uint64_t>(1) + raw<uint16_t>(9));
  writer.tensor("w", {32, 2}, kGgmlQ8_0, std::string(68, 'q'));
  writer.tensor("v", {8}, kGgmlF32, std::string(32, 'v'));
  return writer.bytes();
}

TEST_F(GgufTensorsTest, EveryTruncationIsAnError) {
  const std::string whole = small_file();
  open(whole);
  // Only the padding after the last tensor may be missing; here it has none.
  for (size_t size = 0; size < whole.size(); ++size) {
    expect_error(ErrorCode::invalid_file, {"m.gguf", "at byte"}, [&] {
      open(whole.substr(0, size));
    });
  }
}

// Reads all that a file holds; any change must either be an Error or leave
// every tensor inside the file.
void walk(const GgufFile& file) {
  size_t sum = 0;
  for (const auto& [key, value] : file.metadata()) {
    if (const auto* strings = std::get_if<GgufStrings>(&value)) {
      for (const std::string_view text : *strings) {
        sum += text.empty() ? 0 : text.back();
      }
    }
  }
  for (const Tensor& tensor : file.tensors()) {
    for (const std::byte byte : tensor.bytes) {
      sum += static_cast<size_t>(byte);
    }
  }
  EXPECT_GE(sum, 0u);
  read_vocabulary(file);
}

TEST_F(GgufTensorsTest, AnyChangedByteIsSurvived) {
  const std::string whole = small_file();
  int errors = 0;
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const int change : {0x01, 0x80, 0xFF}) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ change);
      try {
        walk(open(bytes));
      } catch (const Error& error) {
        ++errors;
        EXPECT_NE(error.code(), ErrorCode::internal);
      }
    }
  }
  EXPECT_GT(errors, 100);
}

}  // namespace
}  // namespace bantam
