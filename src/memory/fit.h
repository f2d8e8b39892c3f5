// SPDX-License-Identifier: MIT
// Does a plan fit what a machine gives, and if not: what would?
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "memory/plan.h"

namespace bantam {

/// What a run may take. Never counts swap.
struct MemoryBudget {
  int64_t bytes = 0;
  /// Where the number comes from, for people: "14.2 GiB available less ...".
  std::string because;
  /// What the GPU may hold at once, where there is such a limit.
  std::optional<int64_t> gpu_bytes;
  /// The machine's memory, for options that concern it; 0: not known.
  int64_t ram_bytes = 0;
};

/// The budget of an Apple Silicon machine with `ram_bytes` and nothing heavy
/// running: a quarter, at most 4 GiB, is left to the system.
/// `gpu_working_set_bytes`: what Metal recommends there.
MemoryBudget budget_of_ram(
    int64_t ram_bytes,
    std::optional<int64_t> gpu_working_set_bytes);

/// `limit_bytes`, set by the user (--budget): taken at its word.
MemoryBudget budget_of_limit(int64_t limit_bytes);

/// What this machine gives now.
struct MachineNow {
  int64_t total_bytes = 0;
  int64_t available_bytes = 0;
  /// Private memory of this process: part of the plan and no longer available.
  int64_t own_bytes = 0;
  bool limited = false;  // total_bytes is a limit on this process (a cgroup's)
};
MemoryBudget budget_now(const MachineNow& machine);

enum class OptionKind {
  fewer_at_once,
  smaller_context,
  smaller_context_and_chunk,
  quantized_kv,
  smaller_chunk,
  raised_gpu_limit,
  smaller_quantization,
  mixture_of_experts,
  larger_machine,
};

/// One way to make a run fit.
struct FitOption {
  OptionKind kind;
  std::string text;         // a sentence for people, with its numbers
  std::string command;      // flags to add or a command to run; may be empty
  int64_t total_bytes = 0;  // of the run with this option; 0: not computed
};

/// "smaller_context", ...
const char* option_name(OptionKind kind);

struct Fits {
  MemoryPlan plan;
  /// The GPU's limit is kept only because the input embedding is looked up by
  /// the CPU from the mapped file.
  bool embedding_on_cpu = false;
  int64_t max_context_tokens = 0;
  /// See RunShape: how many bytes of experts stay in memory where not all fit.
  int64_t expert_budget_bytes = -1;
};

struct Shortfall {
  MemoryPlan plan;
  int64_t max_context_tokens = 0;  // 0: not even the smallest cache fits
  std::vector<std::string> reasons;
  std::vector<FitOption> options;  // the least loss first
};

/// Which path will hold the weights.
enum class FitTarget { cpu, gpu };

/// The largest cache in tokens, at most the model's context, that fits; 0 if
/// none does. Exact: one token more does not fit or is beyond the context.
int64_t max_context_tokens(
    const ModelShape& model,
    const RunShape& run,
    const MemoryBudget& budget,
    FitTarget target);

std::variant<Fits, Shortfall> fit_memory(
    const ModelShape& model,
    const RunShape& run,
    const MemoryBudget& budget,
    FitTarget target);

}  // namespace bantam
