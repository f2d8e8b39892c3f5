// SPDX-License-Identifier: MIT
#include "engine/run_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/size.h"
#include "cache/prefix_store.h"
#include "kernels/kv_rows.h"
#include "kernels/thread_pool.h"
#include "machine/machine_profile.h"
#include "machine/process_memory.h"
#include "machine/this_machine.h"
#include "memory/preflight.h"
#include "nn/memory_limits.h"

namespace bantam {

namespace {

constexpr const char* kAvailableUnknown =
    "how much memory is available is not known, so the plan was not checked "
    "against it; --budget sets a limit";

// What the heavy applications hold, as far as it can be seen.
struct HeavyApps {
  std::string names;  // "Chrome (2.1 GiB), Docker Desktop (unknown)"
  int64_t bytes = 0;
};

HeavyApps heavy_apps(const MemorySample& sample) {
  HeavyApps apps;
  if (!sample.apps) {
    return apps;
  }
  for (const AppMemory& app : *sample.apps) {
    apps.names += fmt::format(
        "{}{} ({})",
        apps.names.empty() ? "" : ", ",
        app.name,
        app.bytes ? format_size(*app.bytes) : "size unknown");
    apps.bytes += app.bytes.value_or(0);
  }
  return apps;
}

std::string join_options(const std::vector<FitOption>& options) {
  std::string text;
  for (const FitOption& option : options) {
    text += text.empty() ? "; what would fit: " : "; or ";
    text += option.text;
    if (!option.command.empty()) {
      text += " (" + option.command + ")";
    }
  }
  return text;
}

[[noreturn]] void refuse(
    const Shortfall& shortfall,
    const MemoryRules& rules,
    const HeavyApps& apps) {
  std::string text;
  for (const std::string& reason : shortfall.reasons) {
    text += (text.empty() ? "" : "; ") + reason;
  }
  if (rules.clean_room && !apps.names.empty()) {
    text += fmt::format(
        "; running: {}; closing them gives back up to {}, and --allow-dirty "
        "starts all the same",
        apps.names,
        format_size(apps.bytes));
  }
  fail(
      ErrorCode::insufficient_memory,
      "not started: {}{}",
      text,
      join_options(shortfall.options));
}

void check_kv_bits(const EngineOptions& options, const ModelShape& model) {
  const int bits = options.kv_bits;
  if (bits != 16 && bits != 8 && bits != 4) {
    fail(
        ErrorCode::invalid_request,
        "--kv-bits is {}, but must be 16, 8 or 4",
        bits);
  }
  if (bits < model.least_kv_bits()) {
    fail(
        ErrorCode::unsupported,
        "--kv-bits {}: keys and values are packed in groups of {} dimensions, "
        "into which this model's heads of {} do not divide; leave the flag "
        "out, and use a smaller --max-kv-size to save memory",
        bits,
        kernels::kKvGroup,
        model.head_dim);
  }
}

// What the machine has, as opposed to what it has available now: the room that
// --allow-dirty counts on.
MemoryBudget budget_of_machine(const MemorySample& sample) {
  return budget_of_ram(sample.total_bytes.value_or(0), std::nullopt);
}

// Pressure at the start. Replaces nothing of the plan's verdict. `run`: a
// ClearedRun or a ClearedSize.
template <typename Run>
void check_pressure(
    const MemoryRules& rules,
    const MemorySample& sample,
    Run& run) {
  const PreflightSettings settings{
      .threshold = rules.threshold == PressureThreshold::red ? Pressure::red
                                                             : Pressure::yellow,
      .allow_pressure = !rules.clean_room,
      .allow_unknown = !rules.clean_room};
  const auto verdict = check_before_run(std::span(&sample, 1), settings);
  if (const auto* refused = std::get_if<Refused>(&verdict)) {
    fail(
        ErrorCode::insufficient_memory,
        "not started: {}; --allow-dirty starts all the same",
        refused->reason);
  }
  const Clear& clear = std::get<Clear>(verdict);
  run.unknown_accepted = clear.unknown_accepted;
  run.warnings.insert(
      run.warnings.end(), clear.warnings.begin(), clear.warnings.end());
}

int64_t prefix_bytes(const EngineOptions& options, const ModelShape& model) {
  if (options.prefix_cache_bytes != kAutoPrefixCache) {
    return options.prefix_cache_bytes;
  }
  const int64_t budget = std::min(options.max_kv_size, model.context_tokens);
  const int64_t checkpoint = model.checkpoint_bytes(budget);
  return checkpoint > 0 ? options.parallel * PrefixStore::kLeastCheckpoints *
          Pages::rounded(checkpoint)
                        : 0;
}

}  // namespace

RunShape run_shape(const EngineOptions& options, const ModelShape& model) {
  // No position lies beyond the context, so a larger cache would never be full.
  const int64_t context = model.context_tokens;
  const bool stock = options.device == DeviceChoice::gpu ||
      options.kernels == KernelChoice::mlx;
  check_kv_bits(options, model);
  const bool wide = stock && options.device == DeviceChoice::cpu;
  const int kv_bits = wide && options.kv_bits == 16 ? 32 : options.kv_bits;
  return {
      .kv_budget_tokens = std::min(options.max_kv_size, context),
      .prefill_chunk = std::min(options.prefill_chunk, context),
      .threads =
          options.threads > 0 ? options.threads : kernels::physical_cores(),
      .parallel = options.parallel,
      .kv_bits = kv_bits,
      .least_kv_bits = model.least_kv_bits(),
      .prefix_bytes = stock ? 0 : prefix_bytes(options, model),
      .beside_bytes = options.beside_bytes,
      .copies_weights = stock};
}

FitTarget fit_target(const EngineOptions& options) {
  return options.device == DeviceChoice::gpu ? FitTarget::gpu : FitTarget::cpu;
}

std::optional<MemoryBudget> memory_budget(
    const MemoryRules& rules,
    const MemorySample* sample) {
  std::optional<MemoryBudget> least;
  const auto consider = [&](const MemoryBudget& budget) {
    if (!least || budget.bytes < least->bytes) {
      least = budget;
    }
  };
  if (rules.budget_bytes > 0) {
    consider(budget_of_limit(rules.budget_bytes));
  }
  if (rules.ram_bytes > 0) {
    consider(budget_of_ram(
        rules.ram_bytes, apple_working_set(rules.ram_bytes).bytes));
  }
  if (sample != nullptr && sample->available_bytes) {
    const MachineProfile machine = this_machine();
    consider(budget_now(
        {.total_bytes = sample->total_bytes.value_or(0),
         .available_bytes = *sample->available_bytes,
         .own_bytes = private_process_bytes(),
         .limited = !machine.limited_by.empty() &&
             machine.ram_bytes == sample->total_bytes}));
  } else if (sample != nullptr && sample->total_bytes) {
    consider(budget_of_machine(*sample));
  }
  // Of a machine that is here the GPU itself is asked.
  if (least && sample != nullptr && !least->gpu_bytes) {
    least->gpu_bytes = nn::recommended_gpu_bytes();
  }
  return least;
}

ClearedRun check_run(
    const EngineOptions& options,
    const ModelShape& model,
    const MemorySample& sample) {
  const MemoryRules& rules = options.memory;
  RunShape shape = run_shape(options, model);
  ClearedRun run;
  const auto budget = memory_budget(rules, &sample);
  if (options.prefix_cache_bytes == kAutoPrefixCache && budget &&
      plan_memory(model, shape).total_bytes() > budget->bytes &&
      shape.prefix_bytes > 0) {
    run.warnings.push_back(
        fmt::format(
            "no memory is left to keep beginnings of prompts ({}): each prompt "
            "that does not continue the one before is read as a whole",
            format_size(shape.prefix_bytes)));
    shape.prefix_bytes = 0;
  }
  run.prefix_bytes = shape.prefix_bytes;
  run.plan = plan_memory(model, shape);
  if (!budget) {
    run.warnings.emplace_back(kAvailableUnknown);
  }
  run.budget = budget.value_or(budget_of_limit(run.plan.total_bytes()));
  const HeavyApps apps = heavy_apps(sample);
  auto fit = fit_memory(model, shape, run.budget, fit_target(options));
  if (const auto* shortfall = std::get_if<Shortfall>(&fit)) {
    const bool overridable = !rules.clean_room && rules.budget_bytes == 0 &&
        rules.ram_bytes == 0 && sample.total_bytes.has_value();
    if (!overridable) {
      refuse(*shortfall, rules, apps);
    }
    run.budget = budget_of_machine(sample);
    auto again = fit_memory(model, shape, run.budget, fit_target(options));
    if (const auto* still = std::get_if<Shortfall>(&again)) {
      refuse(*still, rules, apps);
    }
    run.warnings.push_back(
        fmt::format(
            "started because of --allow-dirty: {}{}",
            shortfall->reasons.front(),
            apps.names.empty() ? "" : "; running: " + apps.names));
    fit = std::move(again);
  }
  const Fits& fits = std::get<Fits>(fit);
  run.plan = fits.plan;
  run.embedding_on_cpu = fits.embedding_on_cpu;
  run.expert_budget_bytes = fits.expert_budget_bytes;
  check_pressure(rules, sample, run);
  return run;
}

ClearedSize check_size(
    const MemoryRules& rules,
    int64_t need_bytes,
    const std::string& what,
    const MemorySample& sample) {
  ClearedSize run;
  const auto budget = memory_budget(rules, &sample);
  if (!budget) {
    run.warnings.emplace_back(kAvailableUnknown);
  }
  run.budget = budget.value_or(budget_of_limit(need_bytes));
  if (need_bytes > run.budget.bytes) {
    const HeavyApps apps = heavy_apps(sample);
    const std::string reason = fmt::format(
        "{} {}, but the budget is {} ({}){}",
        what,
        format_size(need_bytes),
        format_size(run.budget.bytes),
        run.budget.because,
        apps.names.empty() ? "" : "; running: " + apps.names);
    const bool overridable = !rules.clean_room && rules.budget_bytes == 0 &&
        rules.ram_bytes == 0 && sample.total_bytes.has_value();
    if (!overridable || need_bytes > budget_of_machine(sample).bytes) {
      fail(
          ErrorCode::insufficient_memory,
          "not started: {}; a smaller model would fit: bantam advise",
          reason);
    }
    run.budget = budget_of_machine(sample);
    run.warnings.push_back("started because of --allow-dirty: " + reason);
  }
  check_pressure(rules, sample, run);
  return run;
}

}  // namespace bantam
