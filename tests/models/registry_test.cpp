// SPDX-License-Identifier: MIT
#include "models/registry.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "../base/temporary_folder.h"
#include "base/error.h"

namespace bantam {
namespace {

namespace fs = std::filesystem;

// A copy of a fixture folder whose config.json was edited.
class Registry : public ::testing::Test {
 protected:
  Registry() {
    const fs::path source = fs::path(BANTAM_TEST_DIR) / "models" / "llama_f32";
    const Json golden = read_json_file((source / "golden.json").string());
    fs::copy(
        source / golden["model"].get<std::string>(),
        folder_,
        fs::copy_options::recursive);
    config_ = read_json_file((folder_ / "config.json").string());
  }

  // The message of describing the model with `key` set to `value`.
  std::string message_with(const char* key, const Json& value) {
    Json config = config_;
    config[key] = value;
    std::ofstream(folder_ / "config.json") << config.dump();
    try {
      describe(Checkpoint(folder_.string()));
    } catch (const Error& error) {
      code_ = error.code();
      return error.what();
    }
    return "";
  }

  TemporaryFolder temporary_;
  fs::path folder_ = temporary_.at("model");
  Json config_;
  ErrorCode code_ = ErrorCode::internal;
};

TEST_F(Registry, DescribesFromHeadersAlone) {
  const ModelShape shape = describe(Checkpoint(folder_.string()));
  EXPECT_EQ(shape.family, "llama");
  EXPECT_EQ(
      static_cast<int64_t>(shape.layers.size()),
      config_["num_hidden_layers"].get<int64_t>());
  EXPECT_EQ(shape.vocabulary, config_["vocab_size"].get<int64_t>());
  EXPECT_GT(shape.parameters, 0);
}

TEST_F(Registry, AnUnknownArchitectureIsNamedWithTheNearest) {
  const std::string message = message_with("model_type", "lama");
  EXPECT_EQ(code_, ErrorCode::unsupported);
  EXPECT_NE(message.find("\"lama\""), std::string::npos) << message;
  EXPECT_NE(message.find("\"llama\""), std::string::npos) << message;
  EXPECT_NE(message.find("does not know it either"), std::string::npos);
  const std::string other = message_with("model_type", "nemotron_h");
  EXPECT_EQ(code_, ErrorCode::unsupported);
  EXPECT_NE(other.find("--framework mlx-lm"), std::string::npos) << other;
  // Also at the end of the list, and not a part of a name.
  EXPECT_NE(
      message_with("model_type", "deepseek_v41_text").find("--framework"),
      std::string::npos);
  EXPECT_EQ(
      message_with("model_type", "nemotron ").find("--framework"),
      std::string::npos);
}

TEST_F(Registry, ContradictionsNameBothSides) {
  const std::string rows = message_with("intermediate_size", 224);
  EXPECT_EQ(code_, ErrorCode::invalid_file);
  EXPECT_NE(rows.find("224"), std::string::npos) << rows;
  const std::string layers = message_with("num_hidden_layers", 99);
  EXPECT_NE(layers.find("missing"), std::string::npos) << layers;
}

TEST_F(Registry, BadNumbersAreRefused) {
  EXPECT_NE(message_with("num_attention_heads", 0), "");
  EXPECT_NE(message_with("num_attention_heads", "four"), "");
  EXPECT_NE(message_with("num_key_value_heads", 7), "");
  EXPECT_NE(message_with("head_dim", 2147483646), "");
  EXPECT_NE(message_with("hidden_size", -1), "");
  EXPECT_NE(message_with("rms_norm_eps", 0), "");
  EXPECT_NE(message_with("rope_theta", -5), "");
  EXPECT_NE(message_with("hidden_act", "gelu"), "");
  EXPECT_EQ(code_, ErrorCode::unsupported);
}

}  // namespace
}  // namespace bantam
