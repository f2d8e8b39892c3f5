// SPDX-License-Identifier: MIT
// A GGUF file and the folder it becomes: equal values, tokens and answers.
#include "engine/convert.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "../base/temporary_folder.h"
#include "bantam/engine.h"
#include "kernels/matmul.h"
#include "models/folder_export.h"
#include "weights/checkpoint.h"
#include "weights/locate.h"

namespace bantam {
namespace {

namespace fs = std::filesystem;

const std::string kModels = BANTAM_TEST_DIR "/models/";

class Converted {
 public:
  explicit Converted(
      const std::string& model,
      int64_t max_file_bytes = 1 << 30) {
    folder = parent.at("mlx");
    report = convert_to_folder(
        {.model = model, .folder = folder, .max_file_bytes = max_file_bytes});
  }

  std::string folder;
  TemporaryFolder parent;
  Json report;
};

std::vector<float> matrix_values(
    const Checkpoint& checkpoint,
    const std::string& path,
    int64_t rows,
    int64_t cols) {
  const kernels::WeightMatrix matrix = checkpoint.matrix(path, rows, cols);
  std::vector<float> values(static_cast<size_t>(rows * cols));
  for (int64_t r = 0; r < rows; ++r) {
    kernels::dequantize_row(matrix, r, values.data() + r * cols);
  }
  return values;
}

std::vector<std::vector<float>> logits_of(
    const std::string& model,
    std::span<const int32_t> ids) {
  Engine engine({.model = model, .threads = 2});
  std::vector<std::vector<float>> rows;
  engine.logits(ids, 8, [&](std::span<const float> row) {
    rows.emplace_back(row.begin(), row.end());
  });
  return rows;
}

class ConvertFixture : public ::testing::TestWithParam<const char*> {};

TEST_P(ConvertFixture, EveryValueIsTheSame) {
  const std::string path = kModels + GetParam() + "/model.gguf";
  const Converted converted(path);
  const Checkpoint before(path);
  const Checkpoint after(converted.folder);
  size_t compared = 0;
  for (const TensorExport& source : export_folder(before).tensors) {
    const Tensor& tensor = *source.tensor;
    const int64_t rows = tensor.shape[0];
    const bool is_vector = tensor.shape.size() == 1;
    const int64_t cols = is_vector ? 1 : tensor.shape[1];
    const std::string stem = tensor.name.substr(0, tensor.name.rfind('.'));
    const auto expected = is_vector ? before.vector(tensor.name, rows)
                                    : matrix_values(before, stem, rows, cols);
    const auto got = is_vector ? after.vector(source.name(), rows)
                               : matrix_values(after, source.path, rows, cols);
    for (int64_t r = 0; r < rows; ++r) {
      // The converters' own permutation: reshape to [heads, 2, pairs], swap.
      int64_t from = r;
      if (source.paired_heads > 0) {
        const int64_t head_dim = rows / source.paired_heads;
        const int64_t half = r % head_dim / (head_dim / 2);
        const int64_t pair = r % (head_dim / 2);
        from = r / head_dim * head_dim + pair * 2 + half;
      }
      ASSERT_TRUE(
          std::equal(
              got.begin() + r * cols,
              got.begin() + (r + 1) * cols,
              expected.begin() + from * cols))
          << source.name() << " row " << r;
    }
    ++compared;
  }
  const size_t tables = before.find("rope_freqs.weight") != nullptr;
  EXPECT_EQ(compared + tables, before.tensors().size());
}

TEST_P(ConvertFixture, LogitsAreTheSame) {
  const std::string path = kModels + GetParam() + "/model.gguf";
  const Converted converted(path);
  std::vector<int32_t> ids;
  for (int i = 0; i < 40; ++i) {
    ids.push_back((i * 37 + 11) % 272);
  }
  const auto before = logits_of(path, ids);
  const auto after = logits_of(converted.folder, ids);
  // Float weights give the same bits. Q4_0 and Q8_0 (also the embedding of the
  // Q4_1 fixture) have signed integers and no bias: the kernels sum the same
  // products in one term per group, and in two for the affine form. The f16
  // fixture has a table of rotary divisors, its folder a formula. A last bit
  // that differs may round the next layer's activations to another of their
  // 65,000 steps.
  const std::string name = GetParam();
  const bool same_bits = name.ends_with("_f32") || name.ends_with("_bf16");
  float largest = 0;
  for (const float logit : before.back()) {
    largest = std::max(largest, std::fabs(logit));
  }
  const float tolerance = same_bits ? 0.0f : 1e-3f * largest;
  ASSERT_EQ(before.size(), after.size());
  for (size_t t = 0; t < before.size(); ++t) {
    for (size_t i = 0; i < before[t].size(); ++i) {
      ASSERT_NEAR(before[t][i], after[t][i], tolerance) << t << " " << i;
    }
  }
}

TEST(Convert, Q4_1ProductsHaveTheSameBits) {
  const std::string path = kModels + "llama_gguf_q4_1/model.gguf";
  const Converted converted(path);
  const Checkpoint before(path);
  const Checkpoint after(converted.folder);
  kernels::ThreadPool pool(1);
  int compared = 0;
  for (const TensorExport& source : export_folder(before).tensors) {
    const Tensor& tensor = *source.tensor;
    if (tensor.type != TensorType::q4_1 || source.paired_heads > 0) {
      continue;
    }
    const int64_t rows = tensor.shape[0];
    const int64_t cols = tensor.shape[1];
    const std::string stem = tensor.name.substr(0, tensor.name.rfind('.'));
    std::vector<float> x(static_cast<size_t>(cols));
    for (int64_t i = 0; i < cols; ++i) {
      x[i] = std::sin(static_cast<float>(i * i));
    }
    kernels::Activations activations;
    activations.reserve(1, cols);
    activations.prepare(x.data(), cols, 1, cols, 32, pool);
    const auto product = [&](const Checkpoint& checkpoint,
                             const std::string& name) {
      std::vector<float> y(static_cast<size_t>(rows));
      kernels::matmul(
          checkpoint.matrix(name, rows, cols),
          activations,
          y.data(),
          rows,
          kernels::Store::assign,
          pool);
      return y;
    };
    EXPECT_EQ(product(before, stem), product(after, source.path)) << stem;
    ++compared;
  }
  EXPECT_GT(compared, 4);
}

INSTANTIATE_TEST_SUITE_P(
    Types,
    ConvertFixture,
    ::testing::Values(
        "llama_gguf_f32",
        "llama_gguf_f16",
        "llama_gguf_bf16",
        "llama_gguf_q4_0",
        "llama_gguf_q4_1",
        "llama_gguf_q8_0"),
    [](const auto& test) { return std::string(test.param); });

TEST(Convert, ManyFilesHoldWhatOneHolds) {
  const std::string path = kModels + "llama_gguf_q4_1/model.gguf";
  const Converted one(path);
  const Converted many(path, 20'000);
  EXPECT_EQ(one.report["files"], 1);
  EXPECT_GT(many.report["files"].get<int>(), 2);
  const Checkpoint a(one.folder), b(many.folder);
  ASSERT_EQ(a.tensors().size(), b.tensors().size());
  for (const Tensor* tensor : a.tensors()) {
    EXPECT_TRUE(std::ranges::equal(tensor->bytes, b.at(tensor->name).bytes));
  }
}

TEST(Convert, TokensAndTemplateAreTheSame) {
  const Converted converted("smollm2");
  const Checkpoint before(locate_model("smollm2")), after(converted.folder);
  EXPECT_EQ(before.chat_template(), after.chat_template());
  const auto old_one = before.make_tokenizer();
  const auto new_one = after.make_tokenizer();
  std::ifstream file(BANTAM_TEST_DIR "/data/sample_text.txt");
  std::string text(std::istreambuf_iterator<char>(file), {});
  ASSERT_GT(text.size(), 1000u);
  for (const bool special : {true, false}) {
    const EncodeOptions options{
        .add_special = special, .parse_special = special};
    const std::string all = text + "<|im_start|>user 1234<|endoftext|>";
    EXPECT_EQ(old_one->encode(all, options), new_one->encode(all, options));
  }
  for (TokenId id = 0; id < old_one->vocabulary_size(); ++id) {
    ASSERT_EQ(old_one->spelling(id), new_one->spelling(id));
    ASSERT_EQ(old_one->is_special(id), new_one->is_special(id));
  }
}

TEST(Convert, AStopLeavesNothingBehind) {
  const TemporaryFolder parent;
  std::stop_source stop;
  try {
    convert_to_folder(
        {.model = "smollm2", .folder = parent.at("x")},
        [&](int64_t done, int64_t total) {
          EXPECT_LT(done, total);
          stop.request_stop();
        },
        stop.get_token());
    FAIL() << "it went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::cancelled);
  }
  EXPECT_TRUE(fs::is_empty(parent.path()));
}

}  // namespace
}  // namespace bantam
