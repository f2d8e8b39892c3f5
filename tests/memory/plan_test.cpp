// SPDX-License-Identifier: MIT
#include "memory/plan.h"

#include <gtest/gtest.h>

namespace bantam {
namespace {

ModelShape small_model() {
  ModelShape shape;
  shape.context_tokens = 4096;
  shape.vocabulary = 1000;
  shape.hidden = 64;
  shape.heads = 4;
  shape.head_dim = 16;
  shape.widest_input = 128;
  shape.widest_output = 256;
  shape.layer_values = 700;
  shape.weight_bytes = 1'000'000;
  shape.header_bytes = 5000;
  shape.layers = {
      {.kv_heads = 2, .head_dim = 16},
      {.kind = LayerKind::recurrent, .state_bytes = 4096}};
  return shape;
}

const RunShape kSmallRun{.kv_budget_tokens = 100, .prefill_chunk = 32};

TEST(MemoryPlan, CountsTheCacheOfEveryLayer) {
  const ModelShape shape = small_model();
  EXPECT_EQ(shape.kv_bytes_per_token(), 2 * 2 * 16 * 2);
  // 16 dimensions take a group of 32, with its scale and offset.
  EXPECT_EQ(shape.kv_bytes_per_token(8), 2 * 2 * (32 + 4));
  const MemoryPlan plan = plan_memory(shape, kSmallRun);
  EXPECT_EQ(plan.bytes_of(MemoryClass::kv), 100 * 128);
  EXPECT_EQ(plan.bytes_of(MemoryClass::state), 4096);
  EXPECT_EQ(plan.bytes_of(MemoryClass::weights), 1'000'000);
}

TEST(MemoryPlan, PartsAddUp) {
  const MemoryPlan plan = plan_memory(small_model(), kSmallRun);
  int64_t sum = 0;
  for (const MemoryClass kind :
       {MemoryClass::weights,
        MemoryClass::kv,
        MemoryClass::state,
        MemoryClass::activation,
        MemoryClass::runtime}) {
    sum += plan.bytes_of(kind);
  }
  EXPECT_EQ(sum, plan.total_bytes());
}

TEST(MemoryPlan, GrowsWithItsCauses) {
  const ModelShape shape = small_model();
  const auto total = [&](RunShape run) {
    return plan_memory(shape, run).total_bytes();
  };
  RunShape longer = kSmallRun;
  longer.kv_budget_tokens = 200;
  EXPECT_GE(total(longer) - total(kSmallRun), 100 * 128);
  RunShape wider = kSmallRun;
  wider.prefill_chunk = 64;
  // The outputs of a layer for 32 tokens more.
  EXPECT_GE(total(wider) - total(kSmallRun), 32 * 4 * 700);
  RunShape quantized = kSmallRun;
  quantized.kv_bits = 4;
  EXPECT_EQ(
      total(kSmallRun) - total(quantized), 100 * (128 - 2 * 2 * (16 + 4)));
  RunShape threaded = kSmallRun;
  threaded.threads = 4;
  EXPECT_GT(total(threaded), total(kSmallRun));
}

TEST(MemoryPlan, AnEmbeddingOfItsOwnStaysInTheFile) {
  ModelShape shape = small_model();
  shape.weight_bytes = 600 << 20;
  shape.embedding_bytes = 500 << 20;
  const MemoryPlan plan = plan_memory(shape, kSmallRun);
  EXPECT_EQ(plan.bytes_of(MemoryClass::weights), 100 << 20);
  // A GPU holds the table whole, unless the CPU looks it up.
  EXPECT_EQ(
      plan.gpu_bytes(shape, false) - plan.gpu_bytes(shape, true), 500 << 20);
}

}  // namespace
}  // namespace bantam
