// SPDX-License-Identifier: MIT
// One token chosen from logits: 248 320 tokens (a 27B model's vocabulary) and
// SmolLM2's 49 152, for every kind of setting. The goal is 0.3 ms.
#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "generate/sampler.h"

namespace bantam {
namespace {

// As a model's: most tokens far below a few likely ones. `lead`: of the
// likeliest over the middle; 14 is a model that knows little.
std::vector<float> model_logits(int64_t vocabulary, float lead) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0.0f, 2.5f);
  std::vector<float> logits(static_cast<size_t>(vocabulary));
  for (float& logit : logits) {
    logit = normal(random);
  }
  for (int i = 0; i < 40; ++i) {
    logits[random() % logits.size()] = lead - 0.25f * static_cast<float>(i);
  }
  return logits;
}

struct Case {
  const char* name;
  SamplingSettings settings;
  float lead = 18;
};

void bench_sampler(
    benchmark::State& state,
    const Case& each,
    int64_t vocabulary) {
  const std::vector<float> logits = model_logits(vocabulary, each.lead);
  Sampler sampler(each.settings, vocabulary);
  for (auto _ : state) {
    benchmark::DoNotOptimize(sampler.sample(logits));
  }
}

void register_all() {
  const Case cases[] = {
      {"greedy", {.temperature = 0}},
      {"temp:0.1", {.temperature = 0.1}},
      {"temp:0.8", {.temperature = 0.8}},
      {"top_k:40", {.temperature = 0.8, .top_k = 40}},
      {"top_p:0.95", {.temperature = 0.8, .top_p = 0.95}},
      {"top_p:0.95,flat", {.temperature = 0.8, .top_p = 0.95}, 14},
      {"min_p:0.05", {.temperature = 0.8, .min_p = 0.05}},
      {"top_k:20,top_p:0.95", {.temperature = 0.6, .top_k = 20, .top_p = 0.95}},
      {"repetition:1.1", {.temperature = 0.8, .repetition_penalty = 1.1}},
  };
  for (const Case& each : cases) {
    for (const int64_t vocabulary : {49152, 248320}) {
      benchmark::RegisterBenchmark(
          (std::string(each.name) + "/" + std::to_string(vocabulary)).c_str(),
          [=](benchmark::State& state) {
            bench_sampler(state, each, vocabulary);
          })
          ->Unit(benchmark::kMicrosecond);
    }
  }
}

}  // namespace
}  // namespace bantam

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  bantam::register_all();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
