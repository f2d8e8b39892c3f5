// SPDX-License-Identifier: MIT
#include "engine/plan_report.h"

#include <fmt/format.h>

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

}  // namespace

Json plan_report(const EngineOptions& options) {
  const Checkpoint checkpoint(locate_model(options.model));
  const ModelShape model = describe(checkpoint);
  const RunShape run = run_shape(options, model);
  const FitTarget target = fit_target(options);
  const MemoryPlan plan = plan_memory(model, run);
  const MemoryBudget budget = budget_for(options.memory, plan);
  const auto fit = fit_memory(model, run, budget, target);
  const Fits* fits = std::get_if<Fits>(&fit);
  const Shortfall* shortfall = std::get_if<Shortfall>(&fit);
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
      {"reasons", fits != nullptr ? Json::array() : Json(shortfall->reasons)},
      {"options",
       fits != nullptr ? Json::array() : options_json(shortfall->options)}};
}

}  // namespace bantam
