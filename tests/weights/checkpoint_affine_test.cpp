// SPDX-License-Identifier: MIT
// Quantized folders: which weights are MLX affine, in which form, and what is
// refused.
#include <gtest/gtest.h>

#include "model_files.h"
#include "weights/checkpoint.h"

namespace bantam {
namespace {

using kernels::WeightFormat;

// Builds the header and data of a safetensors file.
struct Tensors {
  std::string header, data;
  void add(
      std::string_view name,
      std::string_view type,
      std::string_view shape,
      size_t bytes) {
    header += (header.empty() ? "" : ",") +
        described(name, type, shape, data.size(), data.size() + bytes);
    data += std::string(bytes, 'd');
  }
  void add_affine(const std::string& path, int bits, int group) {
    const int words = 128 * bits / 32;
    const int groups = 128 / group;
    add(path + ".weight", "U32", fmt::format("[2,{}]", words), 8 * words);
    add(path + ".scales", "F16", fmt::format("[2,{}]", groups), 4 * groups);
    add(path + ".biases", "F16", fmt::format("[2,{}]", groups), 4 * groups);
  }
};

class CheckpointAffineTest : public ::testing::Test {
 protected:
  Checkpoint open(const std::string& config) {
    folder_.write("config.json", config);
    folder_.write(
        "model.safetensors",
        safetensors("{" + tensors_.header + "}", tensors_.data));
    return Checkpoint(folder_.path());
  }
  void expect(
      ErrorCode code,
      const std::string& config,
      std::initializer_list<std::string> parts) {
    const Checkpoint checkpoint = open(config);
    expect_error(code, parts, [&] { checkpoint.matrix("m", 2, 128); });
  }

  TemporaryFolder folder_;
  Tensors tensors_;
};

TEST_F(CheckpointAffineTest, PerPathEntriesWin) {
  tensors_.add_affine("a", 4, 64);
  tensors_.add_affine("b", 8, 32);
  tensors_.add_affine("c", 4, 64);
  tensors_.add("d.weight", "BF16", "[2,128]", 512);
  tensors_.add("e.weight", "F32", "[2,128]", 1024);
  for (const char* key : {"quantization", "quantization_config"}) {
    const Checkpoint checkpoint = open(
        fmt::format(
            R"({{"{}": {{"bits": 4, "group_size": 64, "mode": "affine",
              "b": {{"bits": 8, "group_size": 32}}, "c": true, "d": false}}}})",
            key));
    const kernels::WeightMatrix a = checkpoint.matrix("a", 2, 128);
    EXPECT_EQ(a.format, WeightFormat::affine);
    EXPECT_EQ(a.bits, 4);
    EXPECT_EQ(a.group, 64);
    EXPECT_EQ(a.row_bytes, 64);
    EXPECT_EQ(a.scale_format, WeightFormat::f16);
    EXPECT_EQ(a.data, checkpoint.at("a.weight").bytes.data());
    EXPECT_EQ(a.scales, checkpoint.at("a.scales").bytes.data());
    EXPECT_EQ(a.biases, checkpoint.at("a.biases").bytes.data());
    const kernels::WeightMatrix b = checkpoint.matrix("b", 2, 128);
    EXPECT_EQ(b.bits, 8);
    EXPECT_EQ(b.group, 32);
    EXPECT_EQ(b.row_bytes, 128);
    EXPECT_EQ(checkpoint.matrix("c", 2, 128).bits, 4);
    EXPECT_EQ(checkpoint.matrix("d", 2, 128).format, WeightFormat::bf16);
    EXPECT_EQ(checkpoint.matrix("e", 2, 128).format, WeightFormat::f32);
  }
}

TEST_F(CheckpointAffineTest, AnEntryWithoutBitsHasMlxDefaults) {
  tensors_.add_affine("m", 4, 64);
  const Checkpoint checkpoint =
      open(R"({"quantization": {"bits": 3, "group_size": 128, "m": {}}})");
  EXPECT_EQ(checkpoint.matrix("m", 2, 128).bits, 4);
  EXPECT_EQ(checkpoint.matrix("m", 2, 128).group, 64);
}

TEST_F(CheckpointAffineTest, ModesOfFloatsKnowTheirWidths) {
  struct Mode {
    const char* name;
    WeightFormat format;
    int words, groups;
  };
  for (const Mode& mode :
       {Mode{"mxfp4", WeightFormat::mlx_mxfp4, 16, 4},
        Mode{"mxfp8", WeightFormat::mlx_mxfp8, 32, 4},
        Mode{"nvfp4", WeightFormat::mlx_nvfp4, 16, 8}}) {
    tensors_ = {};
    tensors_.add(
        "m.weight",
        "U32",
        fmt::format("[2,{}]", mode.words),
        static_cast<size_t>(8 * mode.words));
    tensors_.add(
        "m.scales",
        "U8",
        fmt::format("[2,{}]", mode.groups),
        static_cast<size_t>(2 * mode.groups));
    const Checkpoint checkpoint =
        open(fmt::format(R"({{"quantization": {{"mode": "{}"}}}})", mode.name));
    const kernels::WeightMatrix m = checkpoint.matrix("m", 2, 128);
    EXPECT_EQ(m.format, mode.format);
    EXPECT_EQ(m.row_bytes, 4 * mode.words);
    EXPECT_EQ(m.scales, checkpoint.at("m.scales").bytes.data());
    EXPECT_EQ(m.biases, nullptr);
  }
}

TEST_F(CheckpointAffineTest, FloatModesNeedByteScales) {
  tensors_.add("m.weight", "U32", "[2,16]", 128);
  tensors_.add("m.scales", "F16", "[2,4]", 16);
  expect(
      ErrorCode::invalid_file,
      R"({"quantization": {"mode": "mxfp4"}})",
      {"'m.weight'", "U32 and F16, expected U32 and U8"});
}

TEST_F(CheckpointAffineTest, OtherMethodsAreNamed) {
  tensors_.add("m.qweight", "I32", "[1]", 4);
  expect(
      ErrorCode::unsupported,
      R"({"quantization_config": {"quant_method": "gptq", "bits": 4,
          "group_size": 128}})",
      {"config.json", "gptq"});
  expect(
      ErrorCode::unsupported,
      R"({"quantization_config": {"load_in_4bit": true}})",
      {"bitsandbytes"});
  expect(
      ErrorCode::unsupported,
      R"({"compression_config": {"quant_method": "compressed-tensors"}})",
      {"compressed-tensors"});
  expect(
      ErrorCode::unsupported,
      R"({"quantization_config": {}})",
      {"does not name"});
}

TEST_F(CheckpointAffineTest, NullMeansNotQuantized) {
  tensors_.add("m.weight", "F16", "[2,128]", 512);
  const Checkpoint checkpoint =
      open(R"({"quantization": null, "quantization_config": null})");
  EXPECT_EQ(checkpoint.matrix("m", 2, 128).format, WeightFormat::f16);
}

TEST_F(CheckpointAffineTest, OtherModesAndWidthsAreUnsupported) {
  tensors_.add_affine("m", 4, 64);
  expect(
      ErrorCode::unsupported,
      R"({"quantization": {"bits": 4, "group_size": 32, "mode": "mxfp3"}})",
      {"'m'", "mode 'mxfp3'"});
  expect(
      ErrorCode::unsupported,
      R"({"quantization": {"bits": 4, "group_size": 64, "mode": "mxfp4"}})",
      {"'m'", "4 bits in groups of 64", "mxfp4 means 4 bits in groups of 32"});
  expect(
      ErrorCode::unsupported,
      R"({"quantization": {"bits": 7, "group_size": 64}})",
      {"'m'", "7 bits in groups of 64"});
  expect(
      ErrorCode::unsupported,
      R"({"quantization": {"bits": 4, "group_size": 16}})",
      {"4 bits in groups of 16"});
  expect(
      ErrorCode::unsupported,
      R"({"quantization": {"bits": 4294967300, "group_size": 64}})",
      {"4294967300 bits"});
}

TEST_F(CheckpointAffineTest, MalformedEntriesAreNamed) {
  tensors_.add_affine("m", 4, 64);
  const auto expect_malformed = [&](const std::string& config,
                                    std::initializer_list<std::string> parts) {
    expect_error(ErrorCode::invalid_file, parts, [&] { open(config); });
  };
  expect_malformed(R"({"quantization": 4})", {"quantization is not an object"});
  expect_malformed(
      R"({"quantization": {"bits": "4"}})",
      {"config.json: quantization.bits is not an integer: \"4\""});
  expect_malformed(
      R"({"quantization": {"m": {"group_size": 1.5}}})",
      {"quantization.m.group_size is not an integer"});
  expect_malformed(
      R"({"quantization": {"mode": 3}})", {"quantization.mode is not text"});
}

TEST_F(CheckpointAffineTest, ShapesAndTypesNameBothSides) {
  tensors_.add_affine("m", 4, 64);
  expect(
      ErrorCode::invalid_file,
      R"({"quantization": {"bits": 8, "group_size": 64}})",
      {"m.weight is [2, 16], expected [2, 32]"});
  expect(
      ErrorCode::invalid_file,
      R"({"quantization": {"bits": 4, "group_size": 32}})",
      {"m.scales is [2, 2], expected [2, 4]"});
  expect(ErrorCode::invalid_file, "{}", {"'m.scales'", "no 'quantization'"});
  const std::string config =
      R"({"quantization": {"bits": 4, "group_size": 64, "m": true}})";
  const Checkpoint checkpoint = open(config);
  expect_error(
      ErrorCode::invalid_file, {"m.weight is [2, 16], expected [3, 16]"}, [&] {
        checkpoint.matrix("m", 3, 128);
      });
  expect_error(
      ErrorCode::invalid_file,
      {"'m.weight'", "rows of 96 values", "groups of 64"},
      [&] { checkpoint.matrix("m", 2, 96); });
  tensors_ = {};
  tensors_.add("m.weight", "U32", "[2,16]", 128);
  expect(ErrorCode::invalid_file, config, {"'m.scales' is missing"});
  tensors_.add("m.scales", "F16", "[2,2]", 8);
  expect(ErrorCode::invalid_file, config, {"'m.biases' is missing"});
  tensors_.add("m.biases", "BF16", "[2,2]", 8);
  expect(ErrorCode::invalid_file, config, {"are U32, F16 and BF16"});
}

TEST_F(CheckpointAffineTest, IntegersThatAreNotQuantizedAreUnsupported) {
  tensors_.add("m.weight", "U32", "[2,16]", 128);
  expect(ErrorCode::unsupported, "{}", {"'m.weight'", "type U32"});
}

}  // namespace
}  // namespace bantam
