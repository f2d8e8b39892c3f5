// SPDX-License-Identifier: MIT
// The built-in model against float32 reference log-probabilities of the same
// file (tools/make_model_golden.py).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "model_run.h"
#include "weights/locate.h"

namespace bantam {
namespace {

const std::string kFolder = BANTAM_TEST_DIR "/models/smollm2/";

double log_sum_exp(const std::vector<float>& x) {
  const double top = *std::max_element(x.begin(), x.end());
  double sum = 0;
  for (const float value : x) {
    sum += std::exp(value - top);
  }
  return top + std::log(sum);
}

TEST(SmolLm2, LogProbabilitiesAgreeWithTheReference) {
  const Json golden = read_json_file(kFolder + "golden.json");
  ModelRun run(
      locate_model(golden["model"].get<std::string>()),
      nn::KernelPath::native,
      2);
  for (const Json& c : golden["cases"]) {
    const auto ids = c["ids"].get<std::vector<TokenId>>();
    const LogitRows logits =
        run.logits(ids, c["kv_budget"].get<int64_t>(), 512);
    const LogitRows expected =
        read_npy(kFolder + c["top_log_probabilities"].get<std::string>());
    const Json& positions = c["positions"];
    double divergence = 0;
    int same_top = 0;
    for (size_t i = 0; i < positions.size(); ++i) {
      const std::vector<float>& row = logits[positions[i].get<size_t>()];
      const double normalizer = log_sum_exp(row);
      const Json& top_ids = c["top_ids"][i];
      // KL divergence over the reference's likeliest tokens; what is left
      // over counts as one more token.
      double rest = 1, rest_got = 1;
      for (size_t k = 0; k < top_ids.size(); ++k) {
        const double want = expected[i][k];
        const double got = row[top_ids[k].get<size_t>()] - normalizer;
        divergence += std::exp(want) * (want - got);
        rest -= std::exp(want);
        rest_got -= std::exp(got);
      }
      if (rest > 1e-6 && rest_got > 1e-6) {
        divergence += rest * std::log(rest / rest_got);
      }
      same_top += std::max_element(row.begin(), row.end()) - row.begin() ==
          top_ids[0].get<int64_t>();
    }
    const auto count = static_cast<double>(positions.size());
    EXPECT_LE(divergence / count, golden["max_mean_kl"].get<double>());
    EXPECT_GE(same_top / count, golden["min_same_top"].get<double>());
  }
}

TEST(SmolLm2, ChunksAndThreadsChangeNoBit) {
  const Json golden = read_json_file(kFolder + "golden.json");
  auto ids = golden["cases"][0]["ids"].get<std::vector<TokenId>>();
  ids.resize(64);
  const std::string path = locate_model("smollm2");
  ModelRun one(path, nn::KernelPath::native, 1);
  ModelRun two(path, nn::KernelPath::native, 2);
  for (const int64_t budget : {1024, 20}) {
    const LogitRows whole = one.logits(ids, budget, 512);
    EXPECT_EQ(two.logits(ids, budget, 7), whole);
    EXPECT_EQ(two.logits(ids, budget, 1), whole);
  }
}

}  // namespace
}  // namespace bantam
