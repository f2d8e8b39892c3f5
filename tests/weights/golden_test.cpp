// SPDX-License-Identifier: MIT
// Files written by other software (tools/make_weights_golden.py): the gguf,
// safetensors and mlx Python packages.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "base/json.h"
#include "model_files.h"
#include "weights/checkpoint.h"

namespace bantam {
namespace {

const std::string kFolder = BANTAM_TEST_DIR "/weights/golden/";

const Json& golden(const char* part) {
  static const Json whole = read_json_file(kFolder + "golden.json");
  return whole.at(part);
}

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    text += fmt::format("{:02x}", static_cast<int>(byte));
  }
  return text;
}

std::string hex(std::span<const float> values) {
  return hex(std::as_bytes(values));
}

void expect_tensors(const std::vector<Tensor>& tensors, const Json& expected) {
  ASSERT_EQ(tensors.size(), expected.size());
  for (const Json& entry : expected) {
    const auto found = std::ranges::find(
        tensors, entry.at("name").get<std::string>(), &Tensor::name);
    ASSERT_NE(found, tensors.end()) << entry.at("name");
    EXPECT_EQ(layout_of(found->type).name, entry.at("type").get<std::string>());
    EXPECT_EQ(found->shape, entry.at("shape").get<std::vector<int64_t>>());
    EXPECT_EQ(hex(found->bytes), entry.at("hex").get<std::string>());
  }
}

TEST(GoldenTest, GgufMetadata) {
  const GgufFile file(kFolder + "types.gguf");
  for (const auto& [key, value] : golden("gguf").at("values").items()) {
    const std::string name = "t." + key;
    if (value.is_boolean()) {
      EXPECT_EQ(file.boolean(name), value.get<bool>());
    } else if (value.is_string()) {
      EXPECT_EQ(file.string(name), value.get<std::string>());
    } else if (value.is_number_integer()) {
      EXPECT_EQ(file.integer(name), value.get<int64_t>()) << name;
    } else {
      EXPECT_EQ(file.number(name), value.get<double>()) << name;
    }
  }
  const Json& arrays = golden("gguf").at("arrays");
  EXPECT_EQ(
      std::get<std::vector<int64_t>>(*file.find("t.ints")),
      arrays.at("ints").get<std::vector<int64_t>>());
  EXPECT_EQ(
      std::get<std::vector<double>>(*file.find("t.floats")),
      arrays.at("floats").get<std::vector<double>>());
  EXPECT_EQ(
      std::get<std::vector<bool>>(*file.find("t.bools")),
      arrays.at("bools").get<std::vector<bool>>());
  const GgufStrings& strings = *file.strings("t.strings");
  EXPECT_EQ(
      std::vector<std::string>(strings.begin(), strings.end()),
      arrays.at("strings").get<std::vector<std::string>>());
}

TEST(GoldenTest, GgufTensors) {
  const GgufFile file(kFolder + "types.gguf");
  expect_tensors(file.tensors(), golden("gguf").at("tensors"));
}

TEST(GoldenTest, GgufVocabulary) {
  const GgufVocabulary vocabulary =
      read_vocabulary(GgufFile(kFolder + "types.gguf"));
  EXPECT_EQ(
      vocabulary.tokens,
      golden("gguf").at("tokens").get<std::vector<std::string>>());
  EXPECT_EQ(vocabulary.pre, "smollm");
  EXPECT_EQ(vocabulary.types, (std::vector<int32_t>{2, 3, 3, 1, 1, 3}));
  EXPECT_EQ(vocabulary.scores[2], -2.5f);
  EXPECT_EQ(vocabulary.merges, (std::vector<std::string>{"Ġ t", "Ġt he"}));
  EXPECT_EQ(vocabulary.eos, 2);
  EXPECT_EQ(vocabulary.other_end_tokens, std::vector<TokenId>{5});
  EXPECT_EQ(vocabulary.add_bos, true);
  EXPECT_EQ(vocabulary.add_eos, false);
}

TEST(GoldenTest, Safetensors) {
  const SafetensorsFile file(kFolder + "types.safetensors");
  expect_tensors(file.tensors(), golden("safetensors").at("tensors"));
  EXPECT_EQ(
      file.metadata(),
      (golden("safetensors")
           .at("metadata")
           .get<std::map<std::string, std::string>>()));
}

// Value `index` of a row of packed bits. MLX packs 2, 4 and 8 bits into
// little-endian words and 3, 5 and 6 bits into bytes, so in both cases value i
// begins at bit i * bits of the row.
uint32_t packed_value(const std::byte* row, int bits, int64_t index) {
  uint32_t value = 0;
  for (int bit = 0; bit < bits; ++bit) {
    const int64_t at = index * bits + bit;
    const auto byte = static_cast<uint32_t>(row[at / 8]);
    value |= ((byte >> (at % 8)) & 1) << bit;
  }
  return value;
}

float scale_value(
    kernels::WeightFormat format,
    const std::byte* data,
    int64_t index) {
  if (format == kernels::WeightFormat::f32) {
    float value;
    std::memcpy(&value, data + index * 4, 4);
    return value;
  }
  uint16_t stored;
  std::memcpy(&stored, data + index * 2, 2);
  if (format == kernels::WeightFormat::bf16) {
    return std::bit_cast<float>(uint32_t{stored} << 16);
  }
  const int exponent = (stored >> 10) & 0x1F;
  const int fraction = stored & 0x3FF;
  const double magnitude = exponent == 0
      ? std::ldexp(fraction, -24)
      : std::ldexp(fraction + 1024, exponent - 25);
  return static_cast<float>((stored & 0x8000) != 0 ? -magnitude : magnitude);
}

TEST(GoldenTest, MlxMatrices) {
  const Checkpoint checkpoint(kFolder + "mlx");
  int matrices = 0;
  for (const Json& module : golden("mlx").at("modules")) {
    if (!module.contains("bits")) {
      continue;
    }
    ++matrices;
    const kernels::WeightMatrix matrix = checkpoint.matrix(
        module.at("path").get<std::string>(),
        module.at("rows").get<int64_t>(),
        module.at("cols").get<int64_t>());
    ASSERT_EQ(matrix.format, kernels::WeightFormat::affine);
    EXPECT_EQ(matrix.bits, module.at("bits"));
    EXPECT_EQ(matrix.group, module.at("group"));
    // MLX rounds s * q + b to the type of the scales.
    const double tolerance = matrix.scale_format == kernels::WeightFormat::f32
        ? 1e-6
        : matrix.scale_format == kernels::WeightFormat::f16 ? 2e-3
                                                            : 2e-2;
    const auto expected = module.at("hex").get<std::string>();
    std::vector<float> values;
    for (int64_t row = 0; row < matrix.rows; ++row) {
      for (int64_t col = 0; col < matrix.cols; ++col) {
        const int64_t group =
            row * (matrix.cols / matrix.group) + col / matrix.group;
        const uint32_t q = packed_value(
            matrix.data + row * matrix.row_bytes, matrix.bits, col);
        values.push_back(
            scale_value(matrix.scale_format, matrix.scales, group) * q +
            scale_value(matrix.scale_format, matrix.biases, group));
      }
    }
    ASSERT_EQ(expected.size(), values.size() * 8);
    for (size_t i = 0; i < values.size(); ++i) {
      const auto bits = static_cast<uint32_t>(
          std::stoul(expected.substr(i * 8, 8), nullptr, 16));
      const float reference = std::bit_cast<float>(__builtin_bswap32(bits));
      EXPECT_NEAR(values[i], reference, tolerance) << module.at("path") << i;
    }
  }
  EXPECT_EQ(matrices, 18);
}

TEST(GoldenTest, VectorsWidenExactly) {
  const Checkpoint checkpoint(kFolder + "mlx");
  for (const Json& module : golden("mlx").at("modules")) {
    if (module.contains("bits")) {
      continue;
    }
    const std::vector<float> values =
        checkpoint.vector(module.at("path").get<std::string>(), 8);
    EXPECT_EQ(hex(values), module.at("hex").get<std::string>())
        << module.at("path");
  }
}

}  // namespace
}  // namespace bantam
