// SPDX-License-Identifier: MIT
#include "advise/catalogue.h"

#include <gtest/gtest.h>

#include <set>

#include "base/error.h"

namespace bantam {
namespace {

const CatalogueModel& model(std::string_view name) {
  for (const CatalogueModel& known : built_in_catalogue().models) {
    if (known.name == name) {
      return known;
    }
  }
  throw std::runtime_error("no such model");
}

const CatalogueQuantization& quantization(int64_t bits) {
  for (const auto& known : built_in_catalogue().quantizations) {
    if (known.bits == bits) {
      return known;
    }
  }
  throw std::runtime_error("no such quantization");
}

// Counted from the published checkpoints.
TEST(Catalogue, ParametersAreThoseOfTheCheckpoints) {
  const auto near = [](int64_t got, double want) {
    EXPECT_NEAR(static_cast<double>(got), want, 0.002 * want);
  };
  near(model("Qwen3.6-27B").parameters(), 26.896e9);
  near(model("Qwen3.6-35B-A3B").parameters(), 34.661e9);
  near(model("Qwen3.6-35B-A3B").active_parameters(), 2.95e9);
  near(model("Qwen3-14B").parameters(), 14.768e9);
  near(model("Qwen3.5-9B").parameters(), 8.95e9);
  near(model("Qwen3.5-4B").parameters(), 4.206e9);
  near(model("Qwen3-1.7B").parameters(), 1.72e9);
}

TEST(Catalogue, SizesOfThe27BModel) {
  const ModelShape shape = model("Qwen3.6-27B").shape(quantization(3));
  EXPECT_NEAR(static_cast<double>(shape.weight_bytes), 11.77e9, 0.02e9);
  EXPECT_NEAR(static_cast<double>(shape.embedding_bytes), 0.556e9, 0.001e9);
  EXPECT_EQ(shape.kv_bytes_per_token(), 65'536);
  // 48 layers of 48 heads x 128 x 128 float32, and 3 rows of convolution.
  EXPECT_EQ(shape.state_bytes(), 150'994'944 + 2 * 2'949'120);
  EXPECT_EQ(shape.layers.size(), 64u);
  EXPECT_EQ(shape.layers[3].kind, LayerKind::full_attention);
  EXPECT_EQ(shape.layers[4].kind, LayerKind::recurrent);
  const ModelShape four = model("Qwen3.6-27B").shape(quantization(4));
  EXPECT_NEAR(static_cast<double>(four.weight_bytes), 15.133e9, 0.02e9);
}

TEST(Catalogue, RulesHaveReasonsAndSources) {
  const Catalogue& catalogue = built_in_catalogue();
  std::set<std::string> ids;
  for (const AdviceRule& rule : catalogue.rules) {
    EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
    EXPECT_FALSE(rule.text.empty());
    EXPECT_FALSE(rule.source.empty());
  }
  EXPECT_EQ(catalogue.rule("fits-with-reserve").id, "fits-with-reserve");
}

TEST(Catalogue, WrongOnesAreRefused) {
  const auto refuses = [](std::string_view text, std::string_view what) {
    try {
      read_catalogue(text, "test.json");
      ADD_FAILURE() << "read: " << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_file);
      EXPECT_NE(std::string_view(error.what()).find(what), std::string::npos)
          << error.what();
    }
  };
  refuses("", "test.json");
  refuses("[]", "quantizations");
  refuses("{}", "quantizations");
  refuses(R"({"quantizations": [{"name": "x"}]})", "quantizations[0]");
  refuses(R"({"quantizations": [3]})", "quantizations[0]");
  refuses(
      R"({"quantizations": [{"name": "x", "suffix": "x", "bits": 0,
          "group": 64, "kept": 1, "source": "x"}]})",
      "\"bits\"");
}

}  // namespace
}  // namespace bantam
