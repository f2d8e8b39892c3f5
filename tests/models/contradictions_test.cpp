// SPDX-License-Identifier: MIT
// Configurations that contradict themselves or the tensors: refused from
// headers alone, with both sides named.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "../base/temporary_folder.h"
#include "base/error.h"
#include "base/json.h"
#include "models/registry.h"

namespace bantam {
namespace {

namespace fs = std::filesystem;

struct Contradiction {
  const char* name;
  const char* fixture;
  const char* key;  // in text_config where there is one
  const char* value;
  std::vector<const char*> named;  // what the message must say
};

void PrintTo(const Contradiction& each, std::ostream* out) {
  *out << each.name;
}

const Contradiction kCases[] = {
    {"FewerLayers",
     "qwen3_5_bf16",
     "num_hidden_layers",
     "3",
     {"layers.3.", "no place"}},
    {"MoreLayers",
     "qwen3_5_bf16",
     "num_hidden_layers",
     "5",
     {"layers.4.", "missing"}},
    {"LinearHeads",
     "qwen3_5_bf16",
     "linear_num_value_heads",
     "7",
     {"7 linear value heads", "2 linear key heads"}},
    {"LinearWidth",
     "qwen3_5_bf16",
     "linear_value_head_dim",
     "9",
     {"in_proj_qkv", "[96, 32]", "[102, 32]"}},
    {"Taps",
     "qwen3_5_bf16",
     "linear_conv_kernel_dim",
     "5",
     {"conv1d", "[96, 1, 4]", "480"}},
    {"NoConvolution",
     "qwen3_5_bf16",
     "linear_conv_kernel_dim",
     "1",
     {"convolution over 1"}},
    {"OtherInterval",
     "qwen3_5_bf16",
     "full_attention_interval",
     "2",
     {"layers.1.", "missing"}},
    {"LayerTypes",
     "qwen3_5_bf16",
     "layer_types",
     R"(["linear_attention"])",
     {"layer_types", "4", "num_hidden_layers"}},
    {"MissingNumber",
     "qwen3_5_bf16",
     "linear_key_head_dim",
     "null",
     {"linear_key_head_dim", "missing"}},
    {"RotatedPart",
     "qwen3_5_bf16",
     "rope_parameters",
     R"({"partial_rotary_factor": 1.5})",
     {"partial_rotary_factor", "1.5"}},
    {"TooManyActive",
     "qwen3_5_moe_bf16",
     "num_experts_per_tok",
     "9",
     {"9 experts per token", "6"}},
    {"OtherExperts",
     "qwen3_5_moe_bf16",
     "num_experts",
     "8",
     {"experts.gate_up_proj", "[6, 16, 32]", "[8, 16, 32]"}},
    {"ExpertWidth",
     "qwen3_5_moe_bf16",
     "moe_intermediate_size",
     "16",
     {"experts.gate_up_proj", "[6, 16, 32]", "[6, 32, 32]"}},
    {"NoSuchLayer",
     "qwen3_moe_bf16",
     "mlp_only_layers",
     "[3]",
     {"mlp_only_layers", "layer 3", "3"}},
    {"DenseLayer",
     "qwen3_moe_bf16",
     "mlp_only_layers",
     "[]",
     {"layers.1.mlp.", "missing"}},
    {"HeadDim", "qwen3_bf16", "head_dim", "20", {"o_proj", "144]", "120]"}},
    {"Window", "gemma3_bf16", "sliding_window", "0", {"sliding_window", "0"}},
    {"Pattern",
     "gemma3_bf16",
     "sliding_window_pattern",
     "-1",
     {"sliding_window_pattern", "-1"}},
    {"SoftCap",
     "gemma3_bf16",
     "attn_logit_softcapping",
     "50.0",
     {"attn_logit_softcapping", "not supported"}},
    {"Scale",
     "gemma3_bf16",
     "query_pre_attn_scalar",
     "-4",
     {"query_pre_attn_scalar", "-4"}},
    {"Yarn",
     "ministral3_bf16",
     "rope_parameters",
     R"({"rope_type": "yarn", "factor": 4})",
     {"original_max_position_embeddings"}},
};

class Contradictions : public ::testing::TestWithParam<Contradiction> {
 protected:
  TemporaryFolder temporary_;
  fs::path folder_ = temporary_.at("model");
};

TEST_P(Contradictions, AreRefusedNamingBothSides) {
  const Contradiction& each = GetParam();
  fs::copy(
      fs::path(BANTAM_TEST_DIR) / "models" / each.fixture / "model",
      folder_,
      fs::copy_options::recursive);
  const std::string path = (folder_ / "config.json").string();
  Json config = read_json_file(path);
  Json& text = config.contains("text_config") ? config["text_config"] : config;
  text[each.key] = Json::parse(each.value);
  std::ofstream(path) << config.dump();
  try {
    describe(Checkpoint(folder_.string()));
    FAIL() << "was accepted";
  } catch (const Error& error) {
    EXPECT_TRUE(
        error.code() == ErrorCode::invalid_file ||
        error.code() == ErrorCode::unsupported);
    for (const char* words : each.named) {
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos)
          << "\"" << words << "\" in: " << error.what();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models,
    Contradictions,
    ::testing::ValuesIn(kCases),
    [](const auto& each) { return each.param.name; });

TEST(UnusedParts, AreSaid) {
  const ModelShape shape = describe(
      Checkpoint(std::string(BANTAM_TEST_DIR) + "/models/qwen3_5_bf16/model"));
  ASSERT_EQ(shape.unused_parts.size(), 2u);
  EXPECT_NE(
      shape.unused_parts[0].find("multi-token prediction"), std::string::npos);
  EXPECT_NE(shape.unused_parts[1].find("vision tower"), std::string::npos);
}

// By hand: two key heads of 12, six value heads of 8, four taps.
TEST(Shapes, CountTheBytesOfEachKindOfLayer) {
  const ModelShape shape = describe(
      Checkpoint(std::string(BANTAM_TEST_DIR) + "/models/qwen3_5_bf16/model"));
  ASSERT_EQ(shape.layers.size(), 4u);
  const int64_t conv = 4 * 3 * (2 * 2 * 12 + 6 * 8);
  const int64_t state = 4 * 6 * 12 * 32;  // columns are padded to 32
  EXPECT_EQ(shape.layers[0].kind, LayerKind::recurrent);
  EXPECT_EQ(shape.layers[0].conv_bytes, conv);
  EXPECT_EQ(shape.layers[0].state_bytes, state + conv);
  EXPECT_EQ(shape.layers[0].kv_bytes_per_token(), 0);
  EXPECT_EQ(shape.layers[3].kind, LayerKind::full_attention);
  EXPECT_EQ(shape.layers[3].kv_bytes_per_token(), 2 * 2 * 1 * 24);
  EXPECT_EQ(shape.state_bytes(), 3 * (state + conv));
  EXPECT_EQ(shape.kv_bytes(100), 100 * 2 * 2 * 24);

  const ModelShape gemma = describe(
      Checkpoint(std::string(BANTAM_TEST_DIR) + "/models/gemma3_bf16/model"));
  const int64_t token = gemma.layers[0].kv_bytes_per_token();
  EXPECT_EQ(gemma.layers[0].window_tokens, 6);
  EXPECT_EQ(gemma.layers[2].window_tokens, 0);
  EXPECT_EQ(gemma.kv_bytes(100), (6 + 6 + 100) * token);
  EXPECT_EQ(gemma.kv_bytes(5), 3 * 5 * token);
}

}  // namespace
}  // namespace bantam
