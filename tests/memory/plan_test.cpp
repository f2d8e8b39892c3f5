// SPDX-License-Identifier: MIT
#include "memory/plan.h"

#include <gtest/gtest.h>

namespace bantam {
namespace {

ModelShape small_model() {
  ModelShape shape;
  shape.vocabulary = 1000;
  shape.hidden = 64;
  shape.widest_input = 128;
  shape.widest_output = 256;
  shape.weight_bytes = 1'000'000;
  shape.layers = {
      {.kv_heads = 2, .head_dim = 16},
      {.kind = LayerKind::recurrent, .state_bytes = 4096}};
  return shape;
}

TEST(MemoryPlan, CountsTheCacheOfEveryLayer) {
  const ModelShape shape = small_model();
  EXPECT_EQ(shape.kv_bytes_per_token(), 2 * 2 * 16 * 2);
  EXPECT_EQ(shape.kv_bytes_per_token(8), 2 * 2 * 16);
  const MemoryPlan plan =
      plan_memory(shape, {.kv_budget_tokens = 100, .prefill_chunk = 8});
  EXPECT_EQ(plan.kv_bytes, 100 * 128);
  EXPECT_EQ(plan.state_bytes, 4096);
  EXPECT_EQ(plan.weights_bytes, 1'000'000);
}

TEST(MemoryPlan, PartsAddUpAndGrowWithTheirCauses) {
  const ModelShape shape = small_model();
  const MemoryPlan small =
      plan_memory(shape, {.kv_budget_tokens = 100, .prefill_chunk = 8});
  EXPECT_EQ(
      small.total_bytes(),
      small.weights_bytes + small.kv_bytes + small.state_bytes +
          small.activation_bytes + small.runtime_bytes);
  const MemoryPlan longer =
      plan_memory(shape, {.kv_budget_tokens = 101, .prefill_chunk = 8});
  EXPECT_EQ(longer.total_bytes() - small.total_bytes(), 128);
  const MemoryPlan wider =
      plan_memory(shape, {.kv_budget_tokens = 100, .prefill_chunk = 16});
  EXPECT_GT(wider.activation_bytes, small.activation_bytes);
}

}  // namespace
}  // namespace bantam
