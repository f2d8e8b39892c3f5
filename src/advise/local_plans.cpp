// SPDX-License-Identifier: MIT
#include "advise/local_plans.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/size.h"

namespace bantam {

namespace {

constexpr int64_t kPrefillChunk = 512;
constexpr int kThreads = 4;
// Answers that come slower than people read are worth less.
constexpr double kReadingSpeed = 5;
// Plans this close in score count as equal ("near-equal-prefers-speed").
constexpr double kNearEqual = 0.97;

// Sizes of the cache to try, the wanted one first.
std::vector<int64_t> cache_sizes(
    Task task,
    const Candidate& candidate,
    const AdviceMachine& machine) {
  if (task == Task::reasoning) {
    return {32'768, 16'384, 8'192};
  }
  // A model that takes more than half of the memory gets a short history.
  if (candidate.shape.weight_bytes > machine.budget.ram_bytes / 2) {
    return {4'096, 2'048};
  }
  return {8'192, 4'096, 2'048};
}

double score_of(Task task, const LocalPlan& local, int64_t wanted_tokens) {
  double score = local.candidate.strength();
  score *=
      std::pow(std::min(1.0, local.tokens_per_second / kReadingSpeed), 0.3);
  if (task == Task::reasoning) {  // thoughts that are cut short help less
    score *= std::pow(
        static_cast<double>(local.kv_tokens) /
            static_cast<double>(wanted_tokens),
        0.05);
  }
  if (task == Task::creative && local.headroom_bytes < kWarmHeadroomBytes) {
    score *= 0.85;
  }
  return score;
}

RunShape run_shape(const AdviceMachine& machine, int64_t kv_tokens) {
  return {
      .kv_budget_tokens = kv_tokens,
      .prefill_chunk = kPrefillChunk,
      .threads = kThreads,
      // As bantam plan counts on a GPU.
      .copies_weights = machine.target == FitTarget::gpu};
}

// What follows from the plan and the size of the cache.
void estimate(LocalPlan& local, const AdviceMachine& machine) {
  local.headroom_bytes = machine.budget.bytes - local.plan.total_bytes();
  local.tokens_per_second =
      decode_speed(local.candidate, local.kv_tokens, machine.bytes_per_second);
  local.prefill_tokens_per_second =
      prefill_speed(local.candidate, machine.bytes_per_second);
}

// "; it fits a machine with 24 GiB of memory", the GPU's limit raised if need
// be.
std::string machine_text(int64_t total_bytes) {
  for (const int64_t gib : {8, 16, 18, 24, 32, 36, 48, 64, 96, 128, 256, 512}) {
    if (budget_of_ram(gib * kGiB, std::nullopt).bytes >= total_bytes) {
      return fmt::format("; it fits a machine with {} GiB of memory", gib);
    }
  }
  return "";
}

// Of a model's quantizations the fastest whose score is near the best one's.
LocalPlan best_quantization(std::vector<LocalPlan> plans) {
  double best = 0;
  for (const LocalPlan& plan : plans) {
    best = std::max(best, plan.score);
  }
  std::erase_if(plans, [&](const LocalPlan& plan) {
    return plan.score < best * kNearEqual;
  });
  return *std::ranges::max_element(
      plans, {}, [](const LocalPlan& plan) { return plan.tokens_per_second; });
}

}  // namespace

std::variant<LocalPlan, Refusal> plan_candidate(
    Task task,
    const AdviceMachine& machine,
    const Candidate& candidate) {
  const std::vector<int64_t> sizes = cache_sizes(task, candidate, machine);
  std::string reason;
  for (const int64_t wanted : sizes) {
    const RunShape run =
        run_shape(machine, std::min(wanted, candidate.shape.context_tokens));
    const auto fit =
        fit_memory(candidate.shape, run, machine.budget, machine.target);
    LocalPlan local{.candidate = candidate, .kv_tokens = run.kv_budget_tokens};
    if (const auto* fits = std::get_if<Fits>(&fit)) {
      local.plan = fits->plan;
      local.embedding_on_cpu = fits->embedding_on_cpu;
      local.max_context_tokens = fits->max_context_tokens;
    } else {
      const auto& shortfall = std::get<Shortfall>(fit);
      local.plan = shortfall.plan;
      local.max_context_tokens = run.kv_budget_tokens;
      for (const FitOption& option : shortfall.options) {
        if (option.kind == OptionKind::raised_gpu_limit) {
          local.gpu_limit_command = option.command;
        }
      }
      if (local.gpu_limit_command.empty()) {
        reason = fmt::format(
            "takes {} of {}{}",
            format_gib(shortfall.plan.total_bytes()),
            format_gib(machine.budget.bytes),
            machine_text(shortfall.plan.total_bytes()));
        continue;
      }
    }
    estimate(local, machine);
    local.score = score_of(task, local, sizes.front());
    return local;
  }
  return Refusal{candidate, reason};
}

LocalPlan with_cache(
    LocalPlan local,
    const AdviceMachine& machine,
    int64_t kv_tokens) {
  local.kv_tokens = kv_tokens;
  local.plan =
      plan_memory(local.candidate.shape, run_shape(machine, kv_tokens));
  estimate(local, machine);
  return local;
}

std::vector<LocalPlan> ranked(std::vector<LocalPlan> plans) {
  const auto crippled = [](const LocalPlan& plan) {
    return plan.candidate.kept < kLeastKept;
  };
  if (!std::ranges::all_of(plans, crippled)) {
    std::erase_if(plans, crippled);
  }
  std::map<std::string, std::vector<LocalPlan>> by_model;
  for (LocalPlan& plan : plans) {
    by_model[plan.candidate.model].push_back(std::move(plan));
  }
  std::vector<LocalPlan> best;
  for (auto& [model, of_model] : by_model) {
    best.push_back(best_quantization(std::move(of_model)));
  }
  std::ranges::stable_sort(best, [](const LocalPlan& a, const LocalPlan& b) {
    return a.score > b.score;
  });
  return best;
}

std::vector<Refusal> worth_a_line(
    std::vector<Refusal> refused,
    const std::vector<LocalPlan>& plans) {
  std::set<std::string> seen;
  std::erase_if(refused, [&](const Refusal& refusal) {
    const Candidate& candidate = refusal.candidate;
    const bool better = plans.empty() ||
        candidate.strength() >
            plans.front().candidate.strength() * (2 - kNearEqual);
    return !better || candidate.kept < kLeastKept ||
        !seen.insert(candidate.model).second;
  });
  return refused;
}

}  // namespace bantam
