// SPDX-License-Identifier: MIT
// What has to be true before a model is loaded: its plan fits what the machine
// gives, memory pressure is low, and no heavy application holds the room.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bantam/engine.h"
#include "machine/memory_sample.h"
#include "memory/fit.h"

namespace bantam {

/// The settings of a run that cost memory, from what the user asked for. Throws
/// unsupported if the model's keys and values cannot be kept in kv_bits.
RunShape run_shape(const EngineOptions& options, const ModelShape& model);

FitTarget fit_target(const EngineOptions& options);

/// What `rules` allow: the least of --budget, --ram and, where it is known,
/// what the machine of `sample` has available. nullptr: for another machine.
/// nullopt: nothing says how much.
std::optional<MemoryBudget> memory_budget(
    const MemoryRules& rules,
    const MemorySample* sample);

struct ClearedRun {
  MemoryPlan plan;
  MemoryBudget budget;
  bool embedding_on_cpu = false;
  int64_t expert_budget_bytes = -1;   // see RunShape
  int64_t prefix_bytes = 0;           // of the plan
  bool unknown_accepted = false;      // the level of pressure
  std::vector<std::string> warnings;  // one sentence each
};

/// Throws insufficient_memory with all numbers, in one line. `sample` has the
/// heavy applications in it.
ClearedRun check_run(
    const EngineOptions& options,
    const ModelShape& model,
    const MemorySample& sample);

/// The same for a run by another program, of which nothing is known but that
/// it will hold `need_bytes` ("the weights of X").
struct ClearedSize {
  MemoryBudget budget;
  bool unknown_accepted = false;
  std::vector<std::string> warnings;
};
ClearedSize check_size(
    const MemoryRules& rules,
    int64_t need_bytes,
    const std::string& what,
    const MemorySample& sample);

}  // namespace bantam
