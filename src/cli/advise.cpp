// SPDX-License-Identifier: MIT
// bantam advise: which approach fits this machine and task, computed.
#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/size.h"
#include "cli/advice_report.h"
#include "cli/command.h"
#include "cli/page.h"
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

// Whether there is an X of "bantam X ...".
bool has_command(const CLI::App& app, std::string_view command) {
  command.remove_prefix(command.find(' ') + 1);
  const std::string name(command.substr(0, command.find(' ')));
  const auto found = app.get_subcommands(
      [&](const CLI::App* known) { return known->get_name() == name; });
  return !found.empty();
}

int run_advise(const CLI::App& app, const AdviseFlags& flags) {
  const auto task = task_of(flags.task);
  if (!task) {
    fail(
        ErrorCode::invalid_request,
        "--task {}: known are daily, reasoning, documents, batch and creative",
        flags.task);
  }
  const Catalogue& catalogue = built_in_catalogue();
  Advice advice = advise(
      *task,
      chosen_machine(flags, catalogue),
      chosen_candidates(flags, catalogue),
      catalogue);
  for (Approach& approach : advice.approaches) {
    approach.available = has_command(app, approach.command);
  }
  if (flags.json) {
    std::printf("%s\n", to_json_line(advice_json(advice, catalogue)).c_str());
  } else {
    const std::string text =
        advice_text(advice, catalogue, flags.explain, page_columns());
    std::fputs(text.c_str(), stdout);
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
  command->callback([=, &app, &action] {
    action = [=, &app] { return run_advise(app, *flags); };
  });
}

}  // namespace bantam
