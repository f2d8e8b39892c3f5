// SPDX-License-Identifier: MIT
// bantam advise: which approach fits this machine and task, computed.
#include "advise/advice.h"

#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/size.h"
#include "cli/command.h"
#include "engine/inspect.h"
#include "kernels/bandwidth.h"
#include "machine/this_machine.h"

namespace bantam {

namespace {

struct AdviseFlags {
  std::string task = "daily";
  std::string ram, bandwidth;
  std::vector<std::string> models;
  bool explain = false;
  bool json = false;
};

int64_t positive_size(const char* flag, const std::string& text) {
  const auto bytes = parse_size(text);
  if (!bytes || *bytes <= 0) {
    fail(
        ErrorCode::invalid_request,
        "{} {}: expected a size such as 16GiB",
        flag,
        text);
  }
  return *bytes;
}

// "120GB" and plain "120" (gigabytes) per second.
double bandwidth_of(const std::string& text) {
  const bool plain = text.find_first_not_of("0123456789.") == text.npos;
  return static_cast<double>(
      positive_size("--bandwidth", plain ? text + "GB" : text));
}

// A Mac of this size that is not at hand.
AdviceMachine machine_of_ram(int64_t ram_bytes, const Catalogue& catalogue) {
  const CatalogueMachine* like = &catalogue.machines.back();
  for (const CatalogueMachine& known : catalogue.machines) {
    if (ram_bytes <= known.up_to_ram_bytes) {
      like = &known;
      break;
    }
  }
  return {
      .name = fmt::format("{}, like an {}", format_size(ram_bytes), like->name),
      .budget = budget_of_ram(ram_bytes, apple_working_set(ram_bytes).bytes),
      .target = FitTarget::gpu,
      .bytes_per_second = like->bytes_per_second,
      .bandwidth_source = fmt::format("{}: {}", like->name, like->source)};
}

AdviceMachine machine_at_hand(bool probe) {
  const MachineProfile profile = this_machine();
  if (!profile.ram_bytes) {
    fail(
        ErrorCode::invalid_request,
        "this machine does not say how much memory it has; give --ram");
  }
  AdviceMachine machine{
      .name = fmt::format(
          "{}, {}, {}",
          profile.processor.empty() ? "this machine" : profile.processor,
          format_size(*profile.ram_bytes),
          profile.system)};
  const auto& gpu = profile.gpu_working_set;
  machine.budget = budget_of_ram(
      *profile.ram_bytes,
      gpu ? std::optional<int64_t>(gpu->bytes) : std::nullopt);
  machine.target = gpu ? FitTarget::gpu : FitTarget::cpu;
  if (probe) {
    kernels::ThreadPool pool(profile.physical_cores);
    machine.bytes_per_second = kernels::read_bandwidth(pool, 0.5);
    machine.bandwidth_source = fmt::format(
        "measured now, {} {}",
        pool.threads(),
        pool.threads() == 1 ? "thread" : "threads");
  }
  return machine;
}

AdviceMachine chosen_machine(
    const AdviseFlags& flags,
    const Catalogue& catalogue) {
  AdviceMachine machine = flags.ram.empty()
      ? machine_at_hand(flags.bandwidth.empty())
      : machine_of_ram(positive_size("--ram", flags.ram), catalogue);
  if (!flags.bandwidth.empty()) {
    machine.bytes_per_second = bandwidth_of(flags.bandwidth);
    machine.bandwidth_source = "--bandwidth";
  }
  return machine;
}

// A file or folder at hand.
Candidate candidate_of_model(
    const std::string& model,
    const Catalogue& catalogue) {
  const ModelSizes sizes = model_sizes(model);
  const double bits = sizes.shape.parameters == 0
      ? 0
      : 8.0 * static_cast<double>(sizes.shape.weight_bytes) /
          static_cast<double>(sizes.shape.parameters);
  return {
      .model = sizes.name,
      .quantization = sizes.quantization,
      .reference = model,
      .shape = sizes.shape,
      .active_parameters = sizes.active_parameters,
      .bytes_per_token = sizes.bytes_per_token,
      .kept = kept_at(catalogue, bits),
      .thinking = sizes.thinking,
      .source = "the model's headers"};
}

std::vector<Candidate> chosen_candidates(
    const AdviseFlags& flags,
    const Catalogue& catalogue) {
  std::vector<Candidate> candidates;
  const auto add_all = [&](const CatalogueModel& model) {
    for (const auto& quantization : catalogue.quantizations) {
      candidates.push_back(catalogue_candidate(model, quantization));
    }
  };
  for (const std::string& name : flags.models) {
    const auto known = std::ranges::find(
        catalogue.models, name, [](const auto& model) { return model.name; });
    if (known != catalogue.models.end()) {
      add_all(*known);
    } else {
      candidates.push_back(candidate_of_model(name, catalogue));
    }
  }
  if (flags.models.empty()) {
    for (const CatalogueModel& model : catalogue.models) {
      add_all(model);
    }
  }
  return candidates;
}

// --- JSON -------------------------------------------------------------------

Json local_json(const LocalPlan& local) {
  const Candidate& candidate = local.candidate;
  return {
      {"model", candidate.model},
      {"quantization", candidate.quantization},
      {"reference", candidate.reference},
      {"parameters", candidate.shape.parameters},
      {"active_parameters", candidate.active_parameters},
      {"bits_per_weight",
       8.0 * static_cast<double>(candidate.shape.weight_bytes) /
           static_cast<double>(candidate.shape.parameters)},
      {"weights_bytes", candidate.shape.weight_bytes},
      {"total_bytes", local.plan.total_bytes()},
      {"kv_bytes", local.plan.bytes_of(MemoryClass::kv)},
      {"state_bytes", local.plan.bytes_of(MemoryClass::state)},
      {"gpu_bytes", local.plan.gpu_bytes(candidate.shape, true)},
      {"headroom_bytes", local.headroom_bytes},
      {"context_tokens", local.kv_tokens},
      {"max_context_tokens", local.max_context_tokens},
      {"embedding_on_cpu",
       local.embedding_on_cpu || !local.gpu_limit_command.empty()},
      {"gpu_limit_command",
       local.gpu_limit_command.empty() ? Json()
                                       : Json(local.gpu_limit_command)},
      {"tokens_per_second", local.tokens_per_second},
      {"prefill_tokens_per_second", local.prefill_tokens_per_second},
      {"bytes_per_token", candidate.bytes_per_token},
      {"abilities_kept", candidate.kept},
      {"source", candidate.source}};
}

Json approach_json(const Approach& approach, const Catalogue& catalogue) {
  Json rules = Json::array();
  for (const std::string& id : approach.rules) {
    const AdviceRule& rule = catalogue.rule(id);
    rules.push_back(
        {{"id", rule.id}, {"text", rule.text}, {"source", rule.source}});
  }
  const std::string configuration = configuration_text(approach);
  return {
      {"kind", approach_name(approach.kind)},
      {"title", approach.title},
      {"local", approach.local ? local_json(*approach.local) : Json()},
      {"cloud",
       approach.cloud
           ? Json{{"gpu", approach.cloud->gpu},
                  {"tokens_per_second", approach.cloud->tokens_per_second},
                  {"dollars_per_million_tokens",
                   approach.cloud->dollars_per_million}}
           : Json()},
      {"settings",
       {{"temperature", approach.settings.temperature},
        {"max_tokens", approach.settings.max_tokens},
        {"max_kv_size", approach.settings.max_kv_size},
        {"thinking", approach.settings.thinking}}},
      {"command", approach.command},
      {"configuration", configuration.empty() ? Json() : Json(configuration)},
      {"why", approach.why},
      {"rules", std::move(rules)}};
}

Json advice_json(const Advice& advice, const Catalogue& catalogue) {
  Json approaches = Json::array();
  for (const Approach& approach : advice.approaches) {
    approaches.push_back(approach_json(approach, catalogue));
  }
  Json refused = Json::array();
  for (const Refusal& refusal : advice.refused) {
    refused.push_back(
        {{"model", refusal.candidate.model},
         {"quantization", refusal.candidate.quantization},
         {"weights_bytes", refusal.candidate.shape.weight_bytes},
         {"reason", refusal.reason}});
  }
  const AdviceMachine& machine = advice.machine;
  return {
      {"task", task_name(advice.task)},
      {"machine",
       {{"name", machine.name},
        {"ram_bytes", machine.budget.ram_bytes},
        {"budget_bytes", machine.budget.bytes},
        {"budget_because", machine.budget.because},
        {"gpu_budget_bytes",
         machine.budget.gpu_bytes ? Json(*machine.budget.gpu_bytes) : Json()},
        {"bandwidth_bytes_per_second", machine.bytes_per_second},
        {"bandwidth_source", machine.bandwidth_source}}},
      {"approaches", std::move(approaches)},
      {"refused", std::move(refused)}};
}

// --- text -------------------------------------------------------------------

void print_approach(
    size_t number,
    const Approach& approach,
    const Catalogue& catalogue,
    bool explain) {
  std::printf("\n%zu. %s\n", number, approach.title.c_str());
  for (const std::string& sentence : approach.why) {
    std::printf("   - %s\n", sentence.c_str());
  }
  std::printf("   > %s\n", approach.command.c_str());
  if (!explain) {
    return;
  }
  for (const std::string& id : approach.rules) {
    const AdviceRule& rule = catalogue.rule(id);
    std::printf(
        "   rule %s: %s\n     source: %s\n",
        rule.id.c_str(),
        rule.text.c_str(),
        rule.source.c_str());
  }
}

void print_advice(
    const Advice& advice,
    const Catalogue& catalogue,
    bool explain) {
  const AdviceMachine& machine = advice.machine;
  std::printf(
      "task      %s\nmachine   %s\nbudget    %s (%s)\n",
      std::string(task_name(advice.task)).c_str(),
      machine.name.c_str(),
      format_size(machine.budget.bytes).c_str(),
      machine.budget.because.c_str());
  if (machine.budget.gpu_bytes) {
    std::printf(
        "GPU       %s at a time, by default\n",
        format_size(*machine.budget.gpu_bytes).c_str());
  }
  std::printf(
      "bandwidth %.0f GB/s (%s)\n",
      machine.bytes_per_second / 1e9,
      machine.bandwidth_source.c_str());
  for (size_t i = 0; i < advice.approaches.size(); ++i) {
    print_approach(i + 1, advice.approaches[i], catalogue, explain);
  }
  if (!advice.refused.empty()) {
    std::printf("\nstronger, but without room here:\n");
  }
  for (const Refusal& refusal : advice.refused) {
    std::printf(
        "  %s at %s: %s\n",
        refusal.candidate.model.c_str(),
        refusal.candidate.quantization.c_str(),
        refusal.reason.c_str());
  }
  const std::string configuration =
      configuration_text(advice.approaches.front());
  if (!configuration.empty()) {
    std::printf(
        "\nThe first one as a configuration file (bantam run --config):\n\n%s",
        configuration.c_str());
  }
  if (!explain) {
    std::printf("\n--explain shows the rules and where they come from.\n");
  }
}

int run_advise(const AdviseFlags& flags) {
  const auto task = task_of(flags.task);
  if (!task) {
    fail(
        ErrorCode::invalid_request,
        "--task {}: known are daily, reasoning, documents, batch and creative",
        flags.task);
  }
  const Catalogue& catalogue = built_in_catalogue();
  const Advice advice = advise(
      *task,
      chosen_machine(flags, catalogue),
      chosen_candidates(flags, catalogue),
      catalogue);
  if (flags.json) {
    std::printf("%s\n", to_json_line(advice_json(advice, catalogue)).c_str());
  } else {
    print_advice(advice, catalogue, flags.explain);
  }
  return 0;
}

}  // namespace

void add_advise_command(CLI::App& app, Action& action) {
  auto flags = std::make_shared<AdviseFlags>();
  CLI::App* command = app.add_subcommand(
      "advise", "Which approach fits this machine and task, and why");
  command->footer(
      "Plans every model of the catalogue, estimates its speed, and ranks what "
      "fits.\n\n"
      "  bantam advise\n"
      "  bantam advise --task documents --ram 16GiB\n"
      "  bantam advise --model smollm2 --model ./model.gguf --explain");
  command->add_option(
      "--task", flags->task, "daily, reasoning, documents, batch or creative");
  command->add_option(
      "--ram", flags->ram, "For an Apple Silicon Mac with this much: 16GiB");
  command->add_option(
      "--bandwidth",
      flags->bandwidth,
      "Memory bandwidth in GB/s, instead of a measured or usual one");
  command->add_option(
      "--model",
      flags->models,
      "A model at hand, or a name of the catalogue; may be repeated");
  command->add_flag(
      "--explain", flags->explain, "Show each rule and its source");
  command->add_flag("--json", flags->json, "Print one JSON object");
  command->callback(
      [=, &action] { action = [=] { return run_advise(*flags); }; });
}

}  // namespace bantam
