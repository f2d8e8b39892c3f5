// SPDX-License-Identifier: MIT
#include "memory/fit.h"
#include "base/size.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bantam {
namespace {

// The sizes of a dense 27B: 64 layers, of which 16 keep keys and values.
ModelShape large_model(double bits_per_weight) {
  ModelShape shape;
  shape.context_tokens = 262144;
  shape.vocabulary = 248320;
  shape.hidden = 5120;
  shape.heads = 24;
  shape.head_dim = 256;
  shape.widest_input = 17408;
  shape.widest_output = 34816;
  shape.layer_values = 3 * 5120 + 14336 + 6144 + 34816;
  shape.parameters = 26'896'000'000;
  const auto bytes = [&](double parameters) {
    return static_cast<int64_t>(parameters * bits_per_weight / 8);
  };
  shape.weight_bytes = bytes(26.896e9);
  shape.embedding_bytes = bytes(248320.0 * 5120);
  for (int i = 0; i < 64; ++i) {
    if (i % 4 == 3) {
      shape.layers.push_back({.kv_heads = 4, .head_dim = 256});
    } else {
      shape.layers.push_back(
          {.kind = LayerKind::recurrent, .state_bytes = 3'207'168});
    }
  }
  return shape;
}

const RunShape kRun{.kv_budget_tokens = 1024, .prefill_chunk = 512};

bool has(const Shortfall& shortfall, OptionKind kind) {
  return std::any_of(
      shortfall.options.begin(),
      shortfall.options.end(),
      [&](const FitOption& option) { return option.kind == kind; });
}

// Keys and values in fewer bits are offered where that is enough and the model
// can, the larger number of bits first.
TEST(Fit, OffersPackedKeysAndValues) {
  const ModelShape model = large_model(3.5);
  RunShape run = kRun;
  run.kv_budget_tokens = 65536;
  run.least_kv_bits = model.least_kv_bits();
  EXPECT_EQ(run.least_kv_bits, 4);
  const int64_t need = plan_memory(model, run).total_bytes();
  const int64_t keys = model.kv_bytes(run.kv_budget_tokens);
  const auto offered = [&](int64_t budget_bytes) -> std::string {
    const auto fit =
        fit_memory(model, run, budget_of_limit(budget_bytes), FitTarget::cpu);
    for (const FitOption& option : std::get<Shortfall>(fit).options) {
      if (option.kind == OptionKind::quantized_kv) {
        EXPECT_LE(option.total_bytes, budget_bytes);
        return option.command;
      }
    }
    return "";
  };
  // 9 and 5 bits of 16, scales included.
  EXPECT_EQ(offered(need - keys * 6 / 16), "--kv-bits 8");
  EXPECT_EQ(offered(need - keys * 8 / 16), "--kv-bits 4");
  EXPECT_EQ(offered(need - keys * 12 / 16), "");
  run.least_kv_bits = 16;
  EXPECT_EQ(offered(need - keys * 6 / 16), "");
}

TEST(Fit, ThreeBitsFitSixteenGibibytesAndFourDoNot) {
  const MemoryBudget budget = budget_of_ram(16 * kGiB, std::nullopt);
  const auto three = fit_memory(large_model(3.5), kRun, budget, FitTarget::cpu);
  EXPECT_TRUE(std::holds_alternative<Fits>(three));
  const auto four = fit_memory(large_model(4.5), kRun, budget, FitTarget::cpu);
  const auto* shortfall = std::get_if<Shortfall>(&four);
  ASSERT_NE(shortfall, nullptr);
  EXPECT_EQ(shortfall->max_context_tokens, 0);
  EXPECT_FALSE(has(*shortfall, OptionKind::smaller_context));
  EXPECT_TRUE(has(*shortfall, OptionKind::smaller_quantization));
  EXPECT_TRUE(has(*shortfall, OptionKind::mixture_of_experts));
  EXPECT_TRUE(has(*shortfall, OptionKind::larger_machine));
  ASSERT_EQ(shortfall->reasons.size(), 1u);
  EXPECT_NE(
      shortfall->reasons[0].find("budget of 12.00 GiB"), std::string::npos)
      << shortfall->reasons[0];
}

// Of a mixture of experts some may stay on disk: the plan is then the budget,
// down to the experts of one layer.
TEST(Fit, ExpertsTakeTheRoomThatIsLeft) {
  ModelShape model = large_model(3.5);
  model.embedding_bytes = 0;
  const int64_t of_layer = model.weight_bytes * 9 / 10 / 64;
  for (LayerShape& layer : model.layers) {
    layer.experts = 100;
    layer.active_experts = 5;
    layer.expert_bytes = of_layer;
  }
  const int64_t all = plan_memory(model, kRun).total_bytes();
  const auto fit = [&](int64_t bytes) {
    return fit_memory(model, kRun, {.bytes = bytes}, FitTarget::cpu);
  };
  const auto whole = std::get<Fits>(fit(all));
  EXPECT_EQ(whole.expert_budget_bytes, -1);
  EXPECT_EQ(whole.plan.total_bytes(), all);
  const auto most = std::get<Fits>(fit(all - kMiB));
  EXPECT_EQ(most.expert_budget_bytes, 64 * of_layer - kMiB);
  EXPECT_EQ(most.plan.total_bytes(), all - kMiB);
  // 5 of 100 in each of 64 layers are more than one layer's.
  const int64_t least = 64 * (of_layer / 100 * 5);
  ASSERT_GT(least, of_layer);
  const int64_t edge = all - 64 * of_layer + least;
  EXPECT_EQ(std::get<Fits>(fit(edge)).expert_budget_bytes, least);
  EXPECT_TRUE(std::holds_alternative<Shortfall>(fit(edge - 1)));
  // A path that copies its weights needs all of them.
  RunShape copying = kRun;
  copying.copies_weights = true;
  EXPECT_TRUE(
      std::holds_alternative<Shortfall>(
          fit_memory(model, copying, {.bytes = edge}, FitTarget::cpu)));
}

TEST(Fit, MaxContextIsTheEdge) {
  const ModelShape model = large_model(3.5);
  for (const int64_t gib : {12, 13, 14, 20}) {
    const MemoryBudget budget{.bytes = gib * kGiB};
    const int64_t most =
        max_context_tokens(model, kRun, budget, FitTarget::cpu);
    ASSERT_GT(most, 0) << gib;
    const auto fits = [&](int64_t tokens) {
      RunShape run = kRun;
      run.kv_budget_tokens = tokens;
      return std::holds_alternative<Fits>(
          fit_memory(model, run, budget, FitTarget::cpu));
    };
    EXPECT_TRUE(fits(most)) << gib;
    EXPECT_FALSE(fits(most + 1)) << gib;
  }
}

TEST(Fit, MaxContextEndsAtTheModels) {
  ModelShape model = large_model(3.5);
  model.context_tokens = 2048;
  EXPECT_EQ(
      max_context_tokens(model, kRun, {.bytes = 64 * kGiB}, FitTarget::cpu),
      2048);
}

TEST(Fit, EveryOptionWithFlagsFitsWhenTaken) {
  const ModelShape model = large_model(3.5);
  RunShape run = kRun;
  run.kv_budget_tokens = 32768;
  const MemoryBudget budget{.bytes = 12 * kGiB + 512 * kMiB};
  const auto fit = fit_memory(model, run, budget, FitTarget::cpu);
  const auto* shortfall = std::get_if<Shortfall>(&fit);
  ASSERT_NE(shortfall, nullptr);
  ASSERT_TRUE(has(*shortfall, OptionKind::smaller_context));
  for (const FitOption& option : shortfall->options) {
    if (option.kind == OptionKind::larger_machine ||
        option.kind == OptionKind::mixture_of_experts) {
      continue;
    }
    EXPECT_GT(option.total_bytes, 0) << option.text;
    EXPECT_LE(option.total_bytes, budget.bytes) << option.text;
  }
}

TEST(Fit, TheGpuLimitCounts) {
  const ModelShape model = large_model(3.5);
  // What Metal recommends on a 16 GiB machine.
  MemoryBudget budget = budget_of_ram(16 * kGiB, 10923 * kMiB);
  RunShape run = kRun;
  run.prefill_chunk = 16;
  const auto fit = fit_memory(model, run, budget, FitTarget::gpu);
  const auto* fits = std::get_if<Fits>(&fit);
  ASSERT_NE(fits, nullptr);
  EXPECT_TRUE(fits->embedding_on_cpu);

  budget.gpu_bytes = 10 * kGiB;
  const auto tight = fit_memory(model, run, budget, FitTarget::gpu);
  const auto* shortfall = std::get_if<Shortfall>(&tight);
  ASSERT_NE(shortfall, nullptr);
  ASSERT_TRUE(has(*shortfall, OptionKind::raised_gpu_limit));
  for (const FitOption& option : shortfall->options) {
    if (option.kind == OptionKind::raised_gpu_limit) {
      EXPECT_EQ(
          option.command.rfind("sudo sysctl iogpu.wired_limit_mb=", 0), 0u);
    }
  }
}

TEST(Fit, ABudgetBelowTheWeightsNamesBothNumbers) {
  const auto fit =
      fit_memory(large_model(3.5), kRun, budget_of_limit(kGiB), FitTarget::cpu);
  const auto* shortfall = std::get_if<Shortfall>(&fit);
  ASSERT_NE(shortfall, nullptr);
  EXPECT_NE(shortfall->reasons.at(0).find("1.00 GiB"), std::string::npos);
  EXPECT_NE(shortfall->reasons.at(0).find("--budget"), std::string::npos);
}

TEST(Budget, LeavesRoomToOthersOnTheWholeMachine) {
  const MemoryBudget budget = budget_now(
      {.total_bytes = 16 * kGiB,
       .available_bytes = 10 * kGiB,
       .own_bytes = 16 * kMiB});
  EXPECT_EQ(budget.bytes, 10 * kGiB + 16 * kMiB - 16 * kGiB / 10);
  EXPECT_EQ(budget.ram_bytes, 16 * kGiB);
}

TEST(Budget, UnderALimitKeepsThePlansTolerance) {
  const MemoryBudget budget = budget_now(
      {.total_bytes = 206 * kMiB,
       .available_bytes = 196 * kMiB,
       .own_bytes = 10 * kMiB,
       .limited = true});
  EXPECT_NEAR(static_cast<double>(budget.bytes), 200.0 * kMiB, 0.001 * kMiB);
}

TEST(Budget, IsNeverNegative) {
  const MemoryBudget budget =
      budget_now({.total_bytes = 8 * kGiB, .available_bytes = 100 * kMiB});
  EXPECT_EQ(budget.bytes, 0);
}

}  // namespace
}  // namespace bantam
