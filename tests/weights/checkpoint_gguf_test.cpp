// SPDX-License-Identifier: MIT
// A GGUF file as a checkpoint, whole or split into parts.
#include <gtest/gtest.h>

#include "model_files.h"
#include "weights/checkpoint.h"

namespace bantam {
namespace {

using kernels::WeightFormat;

class CheckpointGgufTest : public ::testing::Test {
 protected:
  std::string write_small() {
    GgufWriter writer;
    writer.text("tokenizer.chat_template", "{{ x }}");
    writer.tensor("a.weight", {64, 2}, kGgmlQ4_1, std::string(80, 'q'));
    writer.tensor("h.weight", {2}, kGgmlF16, std::string("\0\x3c\0\xc0", 4));
    writer.tensor("n.weight", {2}, kGgmlF32, raw(1.5f) + raw(-2.0f));
    writer.tensor("k.weight", {256, 1}, kGgmlQ6_K, std::string(210, 'k'));
    writer.tensor("a8.weight", {256, 1}, kGgmlQ8_K, std::string(292, 'k'));
    return folder_.write("Tiny-1.5B.Q4_1.gguf", writer.bytes());
  }
  std::string write_part(
      int index,
      int count,
      const std::string& tensor,
      const std::string& name,
      int total = 2) {
    GgufWriter writer;
    writer.entry("split.no", kU16, raw<uint16_t>(index));
    writer.entry("split.count", kU16, raw<uint16_t>(count));
    writer.entry("split.tensors.count", kI32, raw<int32_t>(total));
    writer.tensor(tensor, {1}, kGgmlF32, raw(index + 0.5f));
    return folder_.write(name, writer.bytes());
  }

  TemporaryFolder folder_;
};

TEST_F(CheckpointGgufTest, GivesMatricesAndVectors) {
  const Checkpoint checkpoint(write_small());
  EXPECT_TRUE(checkpoint.is_gguf());
  EXPECT_EQ(checkpoint.name(), "Tiny-1.5B.Q4_1");
  EXPECT_TRUE(checkpoint.config().is_null());
  EXPECT_EQ(checkpoint.tensors().size(), 5u);
  EXPECT_EQ(checkpoint.weight_bytes(), 80 + 4 + 8 + 210 + 292);
  EXPECT_EQ(checkpoint.chat_template(), "{{ x }}");
  const kernels::WeightMatrix a = checkpoint.matrix("a", 2, 64);
  EXPECT_EQ(a.format, WeightFormat::q4_1);
  EXPECT_EQ(a.rows, 2);
  EXPECT_EQ(a.cols, 64);
  EXPECT_EQ(a.row_bytes, 40);
  EXPECT_EQ(a.data, checkpoint.at("a.weight").bytes.data());
  EXPECT_EQ(checkpoint.matrix("k", 1, 256).format, WeightFormat::q6_k);
  EXPECT_EQ(
      checkpoint.vector("n.weight", 2), (std::vector<float>{1.5f, -2.0f}));
  EXPECT_EQ(
      checkpoint.vector("h.weight", 2), (std::vector<float>{1.0f, -2.0f}));
}

TEST_F(CheckpointGgufTest, WrongRequestsNameBothSides) {
  const Checkpoint checkpoint(write_small());
  EXPECT_EQ(checkpoint.find("b.weight"), nullptr);
  expect_error(
      ErrorCode::invalid_file,
      {"Tiny-1.5B.Q4_1.gguf", "'b.weight' is missing"},
      [&] { checkpoint.matrix("b", 2, 64); });
  expect_error(
      ErrorCode::invalid_file,
      {"a.weight is [2, 64], expected [64, 2]", "at byte"},
      [&] { checkpoint.matrix("a", 64, 2); });
  expect_error(
      ErrorCode::invalid_file, {"n.weight is [2], expected [2, 1]"}, [&] {
        checkpoint.matrix("n", 2, 1);
      });
  expect_error(ErrorCode::invalid_file, {"n.weight is [2], expected [3]"}, [&] {
    checkpoint.vector("n.weight", 3);
  });
  expect_error(
      ErrorCode::unsupported,
      {"'a8.weight'", "type Q8_K", "Q4_0 to Q8_0", "MLX"},
      [&] { checkpoint.matrix("a8", 1, 256); });
}

TEST_F(CheckpointGgufTest, AVectorOfBlocksIsUnsupported) {
  GgufWriter writer;
  writer.tensor("v", {32}, kGgmlQ8_0, std::string(34, 'x'));
  const Checkpoint checkpoint(folder_.write("v.gguf", writer.bytes()));
  expect_error(ErrorCode::unsupported, {"'v'", "type Q8_0"}, [&] {
    checkpoint.vector("v", 32);
  });
}

TEST_F(CheckpointGgufTest, PartsAreReadTogether) {
  const std::string first = write_part(0, 2, "a", "m-00001-of-00002.gguf");
  const std::string second = write_part(1, 2, "b", "m-00002-of-00002.gguf");
  for (const std::string& path : {first, second}) {
    const Checkpoint checkpoint(path);
    EXPECT_EQ(checkpoint.path(), first);
    EXPECT_EQ(checkpoint.name(), "m");
    EXPECT_EQ(checkpoint.vector("a", 1)[0], 0.5f);
    EXPECT_EQ(checkpoint.vector("b", 1)[0], 1.5f);
  }
}

TEST_F(CheckpointGgufTest, PartsThatDoNotBelongTogetherAreRefused) {
  const auto open = [&](const std::string& path) {
    return [path] { Checkpoint checkpoint(path); };
  };
  const std::string first = write_part(0, 2, "a", "m-00001-of-00002.gguf");
  expect_error(
      ErrorCode::not_found,
      {"m-00002-of-00002.gguf", "part 2 of 2 is missing"},
      open(first));
  write_part(0, 2, "b", "m-00002-of-00002.gguf");
  expect_error(
      ErrorCode::invalid_file,
      {"m-00002-of-00002.gguf", "does not say that it is part 2 of 2"},
      open(first));
  write_part(1, 2, "a", "m-00002-of-00002.gguf");
  expect_error(
      ErrorCode::invalid_file,
      {"m-00002-of-00002.gguf", "tensor 'a'", "also in", "m-00001"},
      open(first));
  write_part(1, 2, "b", "m-00002-of-00002.gguf");
  write_part(0, 2, "a", "m-00001-of-00002.gguf", 7);
  expect_error(
      ErrorCode::invalid_file, {"7 tensors", "they hold 2"}, open(first));
  expect_error(
      ErrorCode::invalid_file,
      {"part 1 of 2", "'-00001-of-00002.gguf'"},
      open(write_part(0, 2, "a", "renamed.gguf")));
  expect_error(
      ErrorCode::invalid_file,
      {"part 4 of 3"},
      open(write_part(3, 3, "a", "m-00004-of-00003.gguf")));
}

TEST_F(CheckpointGgufTest, MissingFilesAreNotFound) {
  expect_error(ErrorCode::not_found, {"absent.gguf"}, [&] {
    Checkpoint checkpoint(folder_.at("absent.gguf"));
  });
}

}  // namespace
}  // namespace bantam
