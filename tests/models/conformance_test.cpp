// SPDX-License-Identifier: MIT
// What every family owes: agreement with an independent implementation, and
// the same bits however a prompt is cut. Walks the fixture folders beside
// this file; tools/make_model_golden.py makes them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/json.h"
#include "model_run.h"

namespace bantam {
namespace {

namespace fs = std::filesystem;

struct Case {
  std::vector<TokenId> ids;
  int64_t kv_budget;
  LogitRows logits;
  std::vector<TokenId> greedy;
};

struct Golden {
  std::string model;
  double tolerance;  // of the largest logit
  std::vector<Case> cases;
};

Golden read_golden(const fs::path& folder) {
  const Json json = read_json_file((folder / "golden.json").string());
  Golden golden{
      .model = (folder / json["model"].get<std::string>()).string(),
      .tolerance = json["tolerance"].get<double>(),
      .cases = {}};
  for (const Json& entry : json["cases"]) {
    golden.cases.push_back(
        {entry["ids"].get<std::vector<TokenId>>(),
         entry["kv_budget"].get<int64_t>(),
         read_npy((folder / entry["logits"].get<std::string>()).string()),
         entry["greedy"].get<std::vector<TokenId>>()});
  }
  return golden;
}

std::vector<std::string> fixture_names() {
  std::vector<std::string> names;
  for (const auto& entry :
       fs::directory_iterator(fs::path(BANTAM_TEST_DIR) / "models")) {
    // A fixture carries its model; others name one that the build fetches.
    if (fs::exists(entry.path() / "golden.json") &&
        entry.path().filename().string().rfind("smol", 0) != 0) {
      names.push_back(entry.path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Largest difference, relative to the largest logit.
double difference(const LogitRows& a, const LogitRows& b) {
  EXPECT_EQ(a.size(), b.size());
  double largest = 0, worst = 0;
  for (size_t t = 0; t < std::min(a.size(), b.size()); ++t) {
    EXPECT_EQ(a[t].size(), b[t].size());
    for (size_t i = 0; i < std::min(a[t].size(), b[t].size()); ++i) {
      largest = std::max<double>(largest, std::fabs(a[t][i]));
      // Written so that a NaN is the worst.
      const double d = std::fabs(a[t][i] - b[t][i]);
      worst = d <= worst ? worst : d;
    }
  }
  return worst / largest;
}

class Conformance : public ::testing::TestWithParam<std::string> {
 protected:
  Golden golden_ =
      read_golden(fs::path(BANTAM_TEST_DIR) / "models" / GetParam());
};

TEST_P(Conformance, LogitsAgreeWithTheReference) {
  ModelRun run(golden_.model, nn::KernelPath::native);
  for (const Case& c : golden_.cases) {
    const LogitRows got =
        run.logits(c.ids, c.kv_budget, static_cast<int64_t>(c.ids.size()));
    EXPECT_LE(difference(got, c.logits), golden_.tolerance);
  }
}

TEST_P(Conformance, GreedyAnswersAgreeWithTheReference) {
  ModelRun run(golden_.model, nn::KernelPath::native);
  for (const Case& c : golden_.cases) {
    EXPECT_EQ(
        run.greedy(c.ids, c.kv_budget, static_cast<int64_t>(c.greedy.size())),
        c.greedy);
  }
}

TEST_P(Conformance, ChunksAndThreadsChangeNoBit) {
  ModelRun one(golden_.model, nn::KernelPath::native, 1);
  ModelRun three(golden_.model, nn::KernelPath::native, 3);
  for (const Case& c : golden_.cases) {
    const LogitRows whole =
        one.logits(c.ids, c.kv_budget, static_cast<int64_t>(c.ids.size()));
    for (const int64_t chunk : {1, 2, 3, 5, 1000}) {
      EXPECT_EQ(one.logits(c.ids, c.kv_budget, chunk), whole) << chunk;
      EXPECT_EQ(three.logits(c.ids, c.kv_budget, chunk), whole) << chunk;
    }
  }
}

TEST_P(Conformance, ASavedCacheGoesOnWithTheSameBits) {
  for (const auto kind : {nn::KernelPath::native, nn::KernelPath::stock}) {
    ModelRun run(golden_.model, kind);
    for (const Case& c : golden_.cases) {
      EXPECT_TRUE(run.resumes_with_the_same_bits(c.ids, c.kv_budget));
    }
  }
}

TEST_P(Conformance, StockOperationsAgreeWithTheKernels) {
  ModelRun stock(golden_.model, nn::KernelPath::stock);
  for (const Case& c : golden_.cases) {
    for (const int64_t chunk : {1, 4, 1000}) {
      EXPECT_LE(
          difference(stock.logits(c.ids, c.kv_budget, chunk), c.logits),
          golden_.tolerance)
          << chunk;
    }
  }
}

// Only where there is one (make cuda; TF32 has to be off: MLX_ENABLE_TF32=0).
TEST_P(Conformance, AGpuAgreesWithTheReference) {
  if (!nn::mx::gpu::is_available()) {
    GTEST_SKIP() << "no GPU";
  }
  ModelRun gpu(
      golden_.model, nn::KernelPath::stock, 1, 16, nn::mx::Device::gpu);
  for (const Case& c : golden_.cases) {
    for (const int64_t chunk : {1, 4, 1000}) {
      EXPECT_LE(
          difference(gpu.logits(c.ids, c.kv_budget, chunk), c.logits),
          golden_.tolerance)
          << chunk;
    }
  }
}

// Keys and values in 8 and 4 bits, for the models whose heads divide.
class PackedCache : public Conformance {
 protected:
  void SetUp() override {
    if (ModelRun(golden_.model, nn::KernelPath::native)
            .shape()
            .least_kv_bits() > 4) {
      GTEST_SKIP() << "heads do not divide into groups";
    }
  }
};

TEST_P(PackedCache, ChunksAndThreadsChangeNoBit) {
  for (const int bits : {8, 4}) {
    ModelRun one(golden_.model, nn::KernelPath::native, 1, bits);
    ModelRun three(golden_.model, nn::KernelPath::native, 3, bits);
    for (const Case& c : golden_.cases) {
      const LogitRows whole =
          one.logits(c.ids, c.kv_budget, static_cast<int64_t>(c.ids.size()));
      for (const int64_t chunk : {1, 3, 1000}) {
        EXPECT_EQ(three.logits(c.ids, c.kv_budget, chunk), whole) << chunk;
      }
    }
  }
}

TEST_P(PackedCache, GoesOnWithTheSameBits) {
  for (const auto kind : {nn::KernelPath::native, nn::KernelPath::stock}) {
    for (const int bits : {8, 4}) {
      ModelRun run(golden_.model, kind, 1, bits);
      for (const Case& c : golden_.cases) {
        EXPECT_TRUE(run.resumes_with_the_same_bits(c.ids, c.kv_budget));
      }
    }
  }
}

// The two paths round to levels of their own, so each is compared with the
// reference. Heads of random models are no smoother than noise: 4 bits move
// their logits by a few percent.
TEST_P(PackedCache, StaysNearTheReference) {
  for (const auto kind : {nn::KernelPath::native, nn::KernelPath::stock}) {
    for (const int bits : {8, 4}) {
      ModelRun run(golden_.model, kind, 1, bits);
      const double tolerance = golden_.tolerance + (bits == 8 ? 0.01 : 0.3);
      for (const Case& c : golden_.cases) {
        for (const int64_t chunk : {1, 1000}) {
          const double off =
              difference(run.logits(c.ids, c.kv_budget, chunk), c.logits);
          EXPECT_LE(off, tolerance) << bits << " bits";
          // It does something.
          EXPECT_GT(off, 0);
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models,
    PackedCache,
    ::testing::ValuesIn(fixture_names()),
    [](const auto& test) { return test.param; });

INSTANTIATE_TEST_SUITE_P(
    Models,
    Conformance,
    ::testing::ValuesIn(fixture_names()),
    [](const auto& test) { return test.param; });

}  // namespace
}  // namespace bantam
