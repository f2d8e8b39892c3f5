// SPDX-License-Identifier: MIT
// Beside sentence-transformers (tools/make_embedding_golden.py), and the same
// bits however the work is cut.
#include "retrieval/text_encoder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "../base/temporary_folder.h"
#include "base/json.h"

namespace bantam {
namespace {

const std::string kMiniLm = BANTAM_SOURCE_DIR "/build/models/minilm";

TEST(TextEncoder, EqualsTheReference) {
  const Json golden =
      read_json_file(BANTAM_TEST_DIR "/retrieval/golden/embeddings.json");
  std::vector<std::string> texts;
  for (const Json& one : golden) {
    texts.push_back(one["text"]);
  }
  TextEncoder two(kMiniLm, 2);
  const std::vector<float> vectors = two.embed(texts);
  ASSERT_EQ(vectors.size(), texts.size() * 384);
  for (size_t i = 0; i < texts.size(); ++i) {
    double squares = 0;
    for (size_t k = 0; k < 384; ++k) {
      const float value = vectors[i * 384 + k];
      ASSERT_NEAR(value, golden[i]["vector"][k].get<float>(), 1e-5)
          << texts[i] << ", " << k;
      squares += value * value;
    }
    EXPECT_NEAR(squares, 1, 1e-5);
  }
  // Alone, and on one thread: not one bit else.
  TextEncoder one(kMiniLm, 1);
  for (size_t i = 0; i < texts.size(); i += 3) {
    const std::vector<float> alone = one.embed({&texts[i], 1});
    EXPECT_TRUE(
        std::equal(
            alone.begin(),
            alone.end(),
            vectors.begin() + static_cast<int64_t>(i) * 384));
  }
  EXPECT_EQ(one.fingerprint(), two.fingerprint());
  EXPECT_EQ(one.count_tokens("unbelievable"), 1);
  EXPECT_EQ(one.count_tokens("gravitational lensing"), 3);
}

TEST(TextEncoder, SaysWhatIsWrongWithAModel) {
  const auto refuses = [](const std::string& model, ErrorCode code) {
    try {
      TextEncoder encoder(model);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      return;
    }
    ADD_FAILURE() << model << " was taken";
  };
  const TemporaryFolder folder;
  refuses(folder.at("none"), ErrorCode::not_found);
  folder.write("gpt/config.json", R"({"model_type": "gpt2"})");
  refuses(folder.at("gpt"), ErrorCode::unsupported);
  folder.write(
      "bad/config.json", R"({"model_type": "bert", "vocab_size": -1})");
  refuses(folder.at("bad"), ErrorCode::invalid_file);
  folder.write("list/config.json", "[1]");
  refuses(folder.at("list"), ErrorCode::unsupported);
}

TEST(TextEncoder, PlansBeforeItReads) {
  const EncoderPlan before = plan_text_encoder(kMiniLm, 2);
  const TextEncoder encoder(kMiniLm, 2);
  EXPECT_EQ(encoder.plan().total_bytes(), before.total_bytes());
  // 10.6 million weights packed, 30 522 rows of the embedding mapped.
  EXPECT_NEAR(static_cast<double>(before.packed_bytes), 42.6e6, 0.5e6);
  EXPECT_NEAR(static_cast<double>(before.mapped_bytes), 47.7e6, 0.5e6);
}

}  // namespace
}  // namespace bantam
