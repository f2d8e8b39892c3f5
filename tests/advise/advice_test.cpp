// SPDX-License-Identifier: MIT
// The decision matrix: what each task gets on each machine.
#include "advise/advice.h"
#include "base/size.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bantam {
namespace {

AdviceMachine machine(int64_t ram_gib, double gigabytes_per_second = 120) {
  const int64_t ram = ram_gib * kGiB;
  return {
      .name = "test",
      .budget = budget_of_ram(ram, ram_gib <= 36 ? ram / 3 * 2 : ram / 4 * 3),
      .target = FitTarget::gpu,
      .bytes_per_second = gigabytes_per_second * 1e9,
      .bandwidth_source = "test"};
}

std::vector<Candidate> all_candidates() {
  std::vector<Candidate> candidates;
  for (const auto& model : built_in_catalogue().models) {
    for (const auto& quantization : built_in_catalogue().quantizations) {
      candidates.push_back(catalogue_candidate(model, quantization));
    }
  }
  return candidates;
}

Advice advice_for(Task task, const AdviceMachine& on) {
  return advise(task, on, all_candidates(), built_in_catalogue());
}

bool has_rule(const Approach& approach, std::string_view id) {
  return std::ranges::find(approach.rules, id) != approach.rules.end();
}

TEST(Advice, DailyOn16IsA3BitDense27B) {
  const Advice advice = advice_for(Task::daily, machine(16));
  const Approach& first = advice.approaches.front();
  ASSERT_EQ(first.kind, ApproachKind::local);
  EXPECT_EQ(first.local->candidate.model, "Qwen3.6-27B");
  EXPECT_EQ(first.local->candidate.quantization, "MLX 3-bit g64");
  EXPECT_FALSE(first.local->candidate.has_experts());
  EXPECT_LE(first.local->plan.total_bytes(), advice.machine.budget.bytes);
  EXPECT_GE(first.local->kv_tokens, 2048);
  EXPECT_LE(first.local->kv_tokens, 4096);
  // 120 GB/s over 11.2 GB are 10.7 tokens/s at best.
  EXPECT_GT(first.local->tokens_per_second, 7);
  EXPECT_LT(first.local->tokens_per_second, 10.7);
  EXPECT_NE(
      first.local->gpu_limit_command.find("iogpu.wired_limit_mb"),
      std::string::npos);
  EXPECT_TRUE(has_rule(first, "raise-gpu-limit"));
  EXPECT_TRUE(has_rule(first, "embedding-on-cpu"));
  EXPECT_TRUE(has_rule(first, "three-bits-on-16"));
  EXPECT_FALSE(first.settings.thinking);
  EXPECT_DOUBLE_EQ(first.settings.temperature, 0.1);
  // 4 bits are named as what a larger machine gives.
  const auto four =
      std::ranges::find_if(advice.refused, [](const Refusal& refusal) {
        return refusal.candidate.model == "Qwen3.6-27B" &&
            refusal.candidate.quantization == "MLX 4-bit g64";
      });
  ASSERT_NE(four, advice.refused.end());
  EXPECT_NE(four->reason.find("24 GiB"), std::string::npos) << four->reason;
}

TEST(Advice, From24On4BitsFit) {
  const Advice advice = advice_for(Task::daily, machine(24));
  const Approach& first = advice.approaches.front();
  EXPECT_EQ(first.local->candidate.model, "Qwen3.6-27B");
  EXPECT_EQ(first.local->candidate.quantization, "MLX 4-bit g64");
  EXPECT_TRUE(has_rule(first, "four-bits-from-24"));
}

TEST(Advice, A64GiBMachineKeepsItsSpeed) {
  // 6 and 8 bits fit too, and are hardly better.
  const Approach first =
      advice_for(Task::daily, machine(64, 273)).approaches.front();
  EXPECT_EQ(first.local->candidate.quantization, "MLX 4-bit g64");
}

TEST(Advice, A8GiBMachineGetsASmallModel) {
  const Approach first = advice_for(Task::daily, machine(8)).approaches.front();
  ASSERT_EQ(first.kind, ApproachKind::local);
  EXPECT_LT(first.local->candidate.shape.parameters, 10'000'000'000);
  EXPECT_LE(first.local->plan.total_bytes(), machine(8).budget.bytes);
}

TEST(Advice, ThinkingIsForReasoningAlone) {
  for (const Task task :
       {Task::daily, Task::documents, Task::batch, Task::creative}) {
    for (const Approach& approach : advice_for(task, machine(64)).approaches) {
      EXPECT_FALSE(approach.settings.thinking) << task_name(task);
    }
  }
  const Approach first =
      advice_for(Task::reasoning, machine(64)).approaches.front();
  EXPECT_TRUE(first.settings.thinking);
  EXPECT_GE(first.local->kv_tokens, 8192);
}

TEST(Advice, DocumentsAreSearched) {
  for (const int64_t ram : {8, 16, 24, 64}) {
    const Advice advice = advice_for(Task::documents, machine(ram));
    EXPECT_EQ(advice.approaches.front().kind, ApproachKind::retrieval) << ram;
    EXPECT_NE(
        advice.approaches.front().command.find("bantam ask"),
        std::string::npos);
  }
}

TEST(Advice, AWholeDocumentIsPlannedWithItsWholeCache) {
  const Advice advice = advice_for(Task::documents, machine(16));
  const Approach& whole = advice.approaches[1];
  ASSERT_EQ(whole.kind, ApproachKind::long_context);
  EXPECT_GT(whole.settings.max_kv_size, 100'000);
  EXPECT_EQ(whole.local->kv_tokens, whole.settings.max_kv_size);
  EXPECT_EQ(
      whole.local->plan.bytes_of(MemoryClass::kv),
      whole.local->candidate.shape.kv_bytes(whole.local->kv_tokens, 16));
}

TEST(Advice, ManyPromptsGoToTheCloud) {
  for (const int64_t ram : {8, 16, 24, 64}) {
    const Advice advice = advice_for(Task::batch, machine(ram));
    EXPECT_EQ(advice.approaches.front().kind, ApproachKind::cloud) << ram;
    EXPECT_GT(advice.approaches.front().cloud->tokens_per_second, 100);
    EXPECT_EQ(advice.approaches[1].kind, ApproachKind::local);
  }
}

TEST(Advice, WarmSamplingNeedsHeadroom) {
  for (const int64_t ram : {8, 16, 24, 64}) {
    for (const Approach& approach :
         advice_for(Task::creative, machine(ram)).approaches) {
      if (approach.local) {
        EXPECT_EQ(
            approach.settings.temperature >= 0.7,
            approach.local->headroom_bytes >= kGiB)
            << ram;
      }
    }
  }
}

TEST(Advice, WhereNothingFitsTheCloudIsFirst) {
  const Advice advice = advice_for(Task::daily, machine(1));
  ASSERT_EQ(advice.approaches.size(), 1u);
  EXPECT_EQ(advice.approaches.front().kind, ApproachKind::cloud);
  EXPECT_EQ(configuration_text(advice.approaches.front()), "");
}

TEST(Advice, PlansNeverExceedTheBudget) {
  for (const int64_t ram : {4, 8, 16, 18, 24, 32, 48, 96}) {
    for (const Task task :
         {Task::daily, Task::reasoning, Task::documents, Task::creative}) {
      const Advice advice = advice_for(task, machine(ram));
      for (const Approach& approach : advice.approaches) {
        if (approach.local) {
          EXPECT_LE(
              approach.local->plan.total_bytes(), advice.machine.budget.bytes);
        }
      }
    }
  }
}

TEST(Advice, KeptAbilitiesFollowTheCatalogue) {
  const Catalogue& catalogue = built_in_catalogue();
  EXPECT_DOUBLE_EQ(kept_at(catalogue, 3.5), 0.87);
  EXPECT_DOUBLE_EQ(kept_at(catalogue, 4.5), 0.98);
  EXPECT_GT(kept_at(catalogue, 4.0), 0.87);
  EXPECT_LT(kept_at(catalogue, 4.0), 0.98);
  EXPECT_DOUBLE_EQ(kept_at(catalogue, 16), 1);
  EXPECT_LT(kept_at(catalogue, 1), 0.65);
}

TEST(Advice, TasksByName) {
  EXPECT_EQ(task_of("documents"), Task::documents);
  EXPECT_EQ(task_of("Documents"), std::nullopt);
  EXPECT_EQ(task_name(Task::batch), "batch");
}

}  // namespace
}  // namespace bantam
