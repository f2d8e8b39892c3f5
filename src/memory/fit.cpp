// SPDX-License-Identifier: MIT
#include "memory/fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/size.h"

namespace bantam {

namespace {

// A cache keeps 4 tokens at its start and needs room for one more.
constexpr int64_t kLeastKvTokens = 5;

// The promise of a plan (docs/memory.md), kept free under a hard limit.
constexpr double kPlanTolerance = 0.03;

// A chunk as small as this still uses the matrix kernels (kernels/gemm-inl.h).
constexpr int64_t kSmallChunk = 32;

struct Quantization {
  const char* name;
  double bits_per_weight;
};

// MLX affine: bits, and 32 more for the scale and bias of each group.
constexpr std::array kQuantizations{
    Quantization{"8-bit g64", 8.5},
    Quantization{"6-bit g64", 6.5},
    Quantization{"5-bit g64", 5.5},
    Quantization{"4-bit g64", 4.5},
    Quantization{"4-bit g128", 4.25},
    Quantization{"3-bit g64", 3.5},
    Quantization{"3-bit g128", 3.25},
    Quantization{"2-bit g64", 2.5},
};

// Unified memory that Apple Silicon machines are sold with, in GiB.
constexpr std::array<int64_t, 12>
    kMachineGiB{8, 16, 18, 24, 32, 36, 48, 64, 96, 128, 192, 256};

/// What the questions below are asked about.
struct Question {
  const ModelShape& model;
  const RunShape& run;
  const MemoryBudget& budget;
  FitTarget target;
};

bool gpu_fits(
    const Question& q,
    const MemoryPlan& plan,
    bool embedding_on_cpu) {
  return q.target == FitTarget::cpu || !q.budget.gpu_bytes ||
      plan.gpu_bytes(q.model, embedding_on_cpu) <= *q.budget.gpu_bytes;
}

// The run with as many experts in memory as there is room for; the same run if
// all fit, or too few.
RunShape with_experts_that_fit(const Question& q, RunShape run) {
  const int64_t experts = q.model.expert_bytes();
  if (experts == 0 || run.copies_weights || run.expert_budget_bytes >= 0) {
    return run;
  }
  RunShape without = run;
  without.expert_budget_bytes = 0;
  const int64_t room =
      q.budget.bytes - plan_memory(q.model, without).total_bytes();
  if (room < experts && room >= q.model.least_expert_bytes()) {
    run.expert_budget_bytes = room;
  }
  return run;
}

bool fits(const Question& q, const RunShape& run) {
  const MemoryPlan plan = plan_memory(q.model, with_experts_that_fit(q, run));
  return plan.total_bytes() <= q.budget.bytes &&
      (gpu_fits(q, plan, false) || gpu_fits(q, plan, true));
}

bool fits_with(const Question& q, const MemoryBudget& budget) {
  return fits({q.model, q.run, budget, q.target}, q.run);
}

int64_t total_of(const Question& q, const RunShape& run) {
  return plan_memory(q.model, run).total_bytes();
}

// The largest value in [low, high] for which `good` holds, if it holds up to
// some edge and not beyond; low - 1 if for none.
template <typename Predicate>
int64_t last_good(int64_t low, int64_t high, const Predicate& good) {
  int64_t last = low - 1;
  while (low <= high) {
    const int64_t middle = low + (high - low) / 2;
    if (good(middle)) {
      last = middle;
      low = middle + 1;
    } else {
      high = middle - 1;
    }
  }
  return last;
}

// The largest value of `count` below the run's own with which it fits; 0: none.
int64_t largest_that_fits(const Question& q, int64_t RunShape::* count) {
  return last_good(1, q.run.*count - 1, [&](int64_t value) {
    RunShape run = q.run;
    run.*count = value;
    return fits(q, run);
  });
}

std::optional<FitOption> fewer_at_once(const Question& q) {
  RunShape run = q.run;
  run.parallel = largest_that_fits(q, &RunShape::parallel);
  if (run.parallel < 1) {
    return std::nullopt;
  }
  return FitOption{
      OptionKind::fewer_at_once,
      fmt::format(
          "{} request{} at the same time, the others waiting",
          run.parallel,
          run.parallel == 1 ? "" : "s"),
      fmt::format("--parallel {}", run.parallel),
      total_of(q, run)};
}

std::optional<FitOption> smaller_context(const Question& q, int64_t most) {
  if (most < kLeastKvTokens || most >= q.run.kv_budget_tokens) {
    return std::nullopt;
  }
  RunShape run = q.run;
  run.kv_budget_tokens = most;
  return FitOption{
      OptionKind::smaller_context,
      fmt::format("a cache of at most {} tokens", most),
      fmt::format("--max-kv-size {}", most),
      total_of(q, run)};
}

std::optional<FitOption> quantized_kv(const Question& q) {
  for (const int bits : {8, 4}) {
    RunShape run = q.run;
    run.kv_bits = bits;
    if (bits < q.run.kv_bits && bits >= q.run.least_kv_bits && fits(q, run)) {
      const int64_t total = total_of(q, run);
      return FitOption{
          OptionKind::quantized_kv,
          fmt::format(
              "keys and values in {} bits, which saves {}",
              bits,
              format_size(total_of(q, q.run) - total)),
          fmt::format("--kv-bits {}", bits),
          total};
    }
  }
  return std::nullopt;
}

std::optional<FitOption> smaller_chunk(const Question& q) {
  RunShape run = q.run;
  run.prefill_chunk = largest_that_fits(q, &RunShape::prefill_chunk);
  if (run.prefill_chunk < 1) {
    return std::nullopt;
  }
  return FitOption{
      OptionKind::smaller_chunk,
      fmt::format(
          "reading the prompt {} tokens at a time, which is slower",
          run.prefill_chunk),
      fmt::format("--prefill-chunk {}", run.prefill_chunk),
      total_of(q, run)};
}

// Neither alone is enough: the largest cache with the smallest chunk that still
// reads a prompt at a bearable speed.
std::optional<FitOption> smaller_context_and_chunk(const Question& q) {
  RunShape run = q.run;
  run.prefill_chunk = std::min(q.run.prefill_chunk, kSmallChunk);
  run.kv_budget_tokens = last_good(
      kLeastKvTokens, q.run.kv_budget_tokens - 1, [&](int64_t tokens) {
        RunShape at = run;
        at.kv_budget_tokens = tokens;
        return fits(q, at);
      });
  if (run.kv_budget_tokens < kLeastKvTokens ||
      run.prefill_chunk == q.run.prefill_chunk) {
    return std::nullopt;
  }
  return FitOption{
      OptionKind::smaller_context_and_chunk,
      fmt::format(
          "a cache of at most {} tokens and reading the prompt {} tokens at a "
          "time",
          run.kv_budget_tokens,
          run.prefill_chunk),
      fmt::format(
          "--max-kv-size {} --prefill-chunk {}",
          run.kv_budget_tokens,
          run.prefill_chunk),
      total_of(q, run)};
}

// Only a GPU's limit is in the way and the machine has more.
std::optional<FitOption> raised_gpu_limit(const Question& q) {
  if (q.target == FitTarget::cpu || !q.budget.gpu_bytes ||
      q.budget.ram_bytes == 0) {
    return std::nullopt;
  }
  const MemoryPlan plan = plan_memory(q.model, q.run);
  const int64_t need = plan.gpu_bytes(q.model, false);
  const int64_t limit_mib = need / kMiB + 64;
  const int64_t left = q.budget.ram_bytes - limit_mib * kMiB;
  if (plan.total_bytes() > q.budget.bytes || left < 2 * kGiB) {
    return std::nullopt;
  }
  return FitOption{
      OptionKind::raised_gpu_limit,
      fmt::format(
          "a higher limit for the GPU, which leaves {} to the system until "
          "the next restart",
          format_size(left)),
      fmt::format("sudo sysctl iogpu.wired_limit_mb={}", limit_mib),
      plan.total_bytes()};
}

std::optional<FitOption> smaller_quantization(const Question& q) {
  if (q.model.parameters == 0) {
    return std::nullopt;
  }
  const auto parameters = static_cast<double>(q.model.parameters);
  const double now =
      8.0 * static_cast<double>(q.model.weight_bytes) / parameters;
  for (const Quantization& quantization : kQuantizations) {
    if (quantization.bits_per_weight >= now) {
      continue;
    }
    const double ratio = quantization.bits_per_weight / now;
    ModelShape model = q.model;
    const auto scale = [&](int64_t bytes) {
      return static_cast<int64_t>(static_cast<double>(bytes) * ratio);
    };
    model.weight_bytes = scale(model.weight_bytes);
    model.embedding_bytes = scale(model.embedding_bytes);
    for (LayerShape& layer : model.layers) {
      layer.expert_bytes = scale(layer.expert_bytes);
    }
    if (fits({model, q.run, q.budget, q.target}, q.run)) {
      return FitOption{
          OptionKind::smaller_quantization,
          fmt::format(
              "this model at {:.1f} bits per weight or less, such as MLX {} "
              "(this file has {:.1f})",
              quantization.bits_per_weight,
              quantization.name,
              now),
          "",
          plan_memory(model, q.run).total_bytes()};
    }
  }
  return std::nullopt;
}

std::optional<FitOption> mixture_of_experts(const Question& q) {
  const bool dense = std::all_of(
      q.model.layers.begin(), q.model.layers.end(), [](const LayerShape& l) {
        return l.experts == 0;
      });
  // Below this, smaller dense models are the better answer.
  constexpr int64_t kWorthExperts = 8'000'000'000;
  if (!dense || q.model.parameters < kWorthExperts) {
    return std::nullopt;
  }
  return FitOption{
      OptionKind::mixture_of_experts,
      "a mixture-of-experts model of this class: it reads a tenth of its "
      "weights for a token, and the rest may stay on disk",
      "bantam advise",
      0};
}

std::optional<FitOption> larger_machine(const Question& q) {
  for (const int64_t gib : kMachineGiB) {
    if (gib * kGiB <= q.budget.ram_bytes) {
      continue;
    }
    // Metal recommends two thirds of small machines, more of large ones; the
    // lower share is the safe one.
    const int64_t ram = gib * kGiB;
    if (fits_with(q, budget_of_ram(ram, ram / 3 * 2))) {
      return FitOption{
          OptionKind::larger_machine,
          fmt::format("a machine with {} GiB of memory", gib),
          "",
          total_of(q, q.run)};
    }
  }
  return std::nullopt;
}

std::vector<std::string> reasons_for(
    const Question& q,
    const MemoryPlan& plan) {
  std::vector<std::string> reasons;
  const int64_t total = plan.total_bytes();
  if (total > q.budget.bytes) {
    reasons.push_back(
        fmt::format(
            "the run takes {}, which is {} more than the budget of {} ({})",
            format_size(total),
            format_size(total - q.budget.bytes),
            format_size(q.budget.bytes),
            q.budget.because));
  }
  if (!gpu_fits(q, plan, true)) {
    const int64_t need = plan.gpu_bytes(q.model, true);
    reasons.push_back(
        fmt::format(
            "the GPU has to hold {}, which is {} more than the {} it may",
            format_size(need),
            format_size(need - *q.budget.gpu_bytes),
            format_size(*q.budget.gpu_bytes)));
  }
  return reasons;
}

}  // namespace

const char* option_name(OptionKind kind) {
  switch (kind) {
    case OptionKind::fewer_at_once:
      return "fewer_at_once";
    case OptionKind::smaller_context:
      return "smaller_context";
    case OptionKind::smaller_context_and_chunk:
      return "smaller_context_and_chunk";
    case OptionKind::quantized_kv:
      return "quantized_kv";
    case OptionKind::smaller_chunk:
      return "smaller_chunk";
    case OptionKind::raised_gpu_limit:
      return "raised_gpu_limit";
    case OptionKind::smaller_quantization:
      return "smaller_quantization";
    case OptionKind::mixture_of_experts:
      return "mixture_of_experts";
    case OptionKind::larger_machine:
      return "larger_machine";
  }
  return "";
}

MemoryBudget budget_of_ram(
    int64_t ram_bytes,
    std::optional<int64_t> gpu_working_set_bytes) {
  const int64_t system = std::min(ram_bytes / 4, 4 * kGiB);
  return {
      .bytes = ram_bytes - system,
      .because = fmt::format(
          "{} of memory less {} for the system",
          format_size(ram_bytes),
          format_size(system)),
      .gpu_bytes = gpu_working_set_bytes,
      .ram_bytes = ram_bytes};
}

MemoryBudget budget_of_limit(int64_t limit_bytes) {
  return {.bytes = limit_bytes, .because = "--budget"};
}

MemoryBudget budget_now(const MachineNow& machine) {
  const int64_t free = machine.available_bytes + machine.own_bytes;
  // Under a limit of its own the run has no neighbours to leave room for; on
  // the whole machine others will want memory too (earlyoom and its kin act
  // below a tenth).
  const int64_t reserve = machine.limited
      ? static_cast<int64_t>(
            static_cast<double>(free) * kPlanTolerance / (1 + kPlanTolerance))
      : std::max(kGiB, machine.total_bytes / 10);
  return {
      .bytes = std::max<int64_t>(0, free - reserve),
      .because = fmt::format(
          "{} available{}, less a reserve of {}",
          format_size(free),
          machine.limited
              ? fmt::format(
                    " under a limit of {}", format_size(machine.total_bytes))
              : "",
          format_size(reserve)),
      .ram_bytes = machine.total_bytes};
}

int64_t max_context_tokens(
    const ModelShape& model,
    const RunShape& run,
    const MemoryBudget& budget,
    FitTarget target) {
  const Question q{model, run, budget, target};
  const int64_t most = last_good(1, model.context_tokens, [&](int64_t tokens) {
    RunShape at = run;
    at.kv_budget_tokens = tokens;
    return fits(q, at);
  });
  return most < kLeastKvTokens ? 0 : most;
}

std::variant<Fits, Shortfall> fit_memory(
    const ModelShape& model,
    const RunShape& run,
    const MemoryBudget& budget,
    FitTarget target) {
  const Question q{model, run, budget, target};
  const MemoryPlan plan = plan_memory(model, run);
  const int64_t most = max_context_tokens(model, run, budget, target);
  if (fits(q, run)) {
    const RunShape fitting = with_experts_that_fit(q, run);
    const MemoryPlan fitted = plan_memory(model, fitting);
    return Fits{
        fitted, !gpu_fits(q, fitted, false), most, fitting.expert_budget_bytes};
  }
  Shortfall shortfall{plan, most, reasons_for(q, plan), {}};
  // The least loss first: speed and history before fidelity, money last.
  for (const std::optional<FitOption>& option :
       {fewer_at_once(q),
        smaller_chunk(q),
        smaller_context(q, most),
        // Only where neither is enough alone.
        most < kLeastKvTokens ? smaller_context_and_chunk(q) : std::nullopt,
        quantized_kv(q),
        raised_gpu_limit(q),
        smaller_quantization(q),
        mixture_of_experts(q),
        larger_machine(q)}) {
    if (option) {
      shortfall.options.push_back(*option);
    }
  }
  return shortfall;
}

}  // namespace bantam
