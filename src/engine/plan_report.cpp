// SPDX-License-Identifier: MIT
#include "engine/plan_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/size.h"
#include "engine/run_check.h"
#include "machine/this_machine.h"
#include "models/registry.h"
#include "weights/checkpoint.h"
#include "weights/locate.h"

namespace bantam {

namespace {

const char* class_name(MemoryClass kind) {
  switch (kind) {
    case MemoryClass::weights:
      return "weights";
    case MemoryClass::kv:
      return "kv";
    case MemoryClass::state:
      return "state";
    case MemoryClass::activation:
      return "activation";
    case MemoryClass::runtime:
      return "runtime";
  }
  return "";
}

Json parts_json(const MemoryPlan& plan) {
  Json parts = Json::array();
  for (const MemoryPart& part : plan.parts) {
    parts.push_back(
        {{"class", class_name(part.kind)},
         {"name", part.name},
         {"bytes", part.bytes}});
  }
  return parts;
}

Json options_json(const std::vector<FitOption>& options) {
  Json list = Json::array();
  for (const FitOption& option : options) {
    list.push_back(
        {{"option", option_name(option.kind)},
         {"text", option.text},
         {"command", option.command.empty() ? Json() : Json(option.command)},
         {"total_bytes",
          option.total_bytes > 0 ? Json(option.total_bytes) : Json()}});
  }
  return list;
}

MemoryBudget budget_for(const MemoryRules& rules, const MemoryPlan& plan) {
  std::optional<MemoryBudget> budget;
  if (rules.ram_bytes > 0) {
    budget = memory_budget(rules, nullptr);
  } else {
    const auto source = make_memory_source(rules.source);
    const MemorySample sample = source->sample();
    budget = memory_budget(rules, &sample);
  }
  if (!budget) {
    budget = budget_of_limit(plan.total_bytes());
    budget->because =
        "the plan itself: how much memory is available is not known";
  }
  return *budget;
}

// What a run keeps of a mixture of experts and what a miss costs; null for a
// dense model. The expected share is that of experts that are all as likely;
// real routers have favourites.
Json experts_json(const ModelShape& model, const RunShape& run) {
  const int64_t total = model.expert_bytes();
  if (total == 0) {
    return nullptr;
  }
  const int64_t resident = run.resident_expert_bytes(model);
  const int64_t per_token = model.active_expert_bytes();
  const double share =
      static_cast<double>(resident) / static_cast<double>(total);
  int64_t largest = 0;
  for (const LayerShape& layer : model.layers) {
    largest = std::max(
        largest, layer.experts > 0 ? layer.expert_bytes / layer.experts : 0);
  }
  return {
      {"total_bytes", total},
      {"resident_bytes", resident},
      {"bytes_per_token", per_token},
      {"expected_hit_rate", share},
      {"expected_read_bytes_per_token",
       static_cast<int64_t>(static_cast<double>(per_token) * (1 - share))},
      {"miss_bytes", largest}};
}

}  // namespace

Json plan_report(const EngineOptions& options) {
  const Checkpoint checkpoint(locate_model(options.model));
  const ModelShape model = describe(checkpoint);
  RunShape run = run_shape(options, model);
  const FitTarget target = fit_target(options);
  MemoryPlan plan = plan_memory(model, run);
  const MemoryBudget budget = budget_for(options.memory, plan);
  const auto fit = fit_memory(model, run, budget, target);
  const Fits* fits = std::get_if<Fits>(&fit);
  const Shortfall* shortfall = std::get_if<Shortfall>(&fit);
  if (fits != nullptr) {
    plan = fits->plan;
    run.expert_budget_bytes = fits->expert_budget_bytes;
  }
  const bool embedding_on_cpu = fits != nullptr && fits->embedding_on_cpu;
  const bool gpu = target == FitTarget::gpu;
  return {
      {"model", checkpoint.name()},
      {"fits", fits != nullptr},
      {"budget_bytes", budget.bytes},
      {"budget_because", budget.because},
      {"total_bytes", plan.total_bytes()},
      {"weights_bytes", plan.bytes_of(MemoryClass::weights)},
      {"kv_bytes", plan.bytes_of(MemoryClass::kv)},
      {"state_bytes", plan.bytes_of(MemoryClass::state)},
      {"activation_bytes", plan.bytes_of(MemoryClass::activation)},
      {"runtime_bytes", plan.bytes_of(MemoryClass::runtime)},
      {"parts", parts_json(plan)},
      {"context_tokens", run.kv_budget_tokens},
      {"max_context_tokens",
       fits != nullptr ? fits->max_context_tokens
                       : shortfall->max_context_tokens},
      {"gpu_bytes",
       gpu ? Json(plan.gpu_bytes(model, embedding_on_cpu)) : Json()},
      {"gpu_budget_bytes",
       gpu && budget.gpu_bytes ? Json(*budget.gpu_bytes) : Json()},
      {"embedding_on_cpu", embedding_on_cpu},
      {"experts", experts_json(model, run)},
      {"reasons", fits != nullptr ? Json::array() : Json(shortfall->reasons)},
      {"options",
       fits != nullptr ? Json::array() : options_json(shortfall->options)}};
}

}  // namespace bantam
