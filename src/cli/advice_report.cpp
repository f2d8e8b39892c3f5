// SPDX-License-Identifier: MIT
#include "cli/advice_report.h"

#include <fmt/format.h>

#include <array>

#include "base/size.h"
#include "cli/page.h"
#include "cli/table.h"

namespace bantam {

namespace {

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
                  {"model", approach.cloud->model},
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
      {"available", approach.available},
      {"configuration", configuration.empty() ? Json() : Json(configuration)},
      {"why", approach.why},
      {"rules", std::move(rules)}};
}

// --- text -------------------------------------------------------------------

// One value for each row of the table of approaches.
std::array<std::string, 6> table_row(const Approach& approach) {
  std::array<std::string, 6> row{
      std::string(
          approach.kind == ApproachKind::long_context
              ? "context"
              : approach_name(approach.kind)),
      "-",
      "-",
      "-",
      "-",
      "-"};
  if (approach.local) {
    const LocalPlan& local = *approach.local;
    row[1] = local.candidate.model;
    row[2] = local.candidate.quantization;
    row[3] = format_gib(local.plan.total_bytes());
    row[4] = fmt::format("{:.1f}", local.tokens_per_second);
    row[5] = "power only";
  } else if (approach.cloud) {
    row[1] = approach.cloud->model;
    row[2] = "8 bits";
    row[3] = "elsewhere";
    row[4] = fmt::format("{:.0f}", approach.cloud->tokens_per_second);
    row[5] = fmt::format("{:.2f}", approach.cloud->dollars_per_million);
  }
  return row;
}

std::string approaches_table(
    const std::vector<Approach>& approaches,
    size_t page) {
  std::vector<std::vector<std::string>> columns{
      {""},
      {"approach"},
      {"model"},
      {"weights"},
      {"memory"},
      {"tokens/s"},
      {"$/M tokens"}};
  for (size_t i = 0; i < approaches.size(); ++i) {
    columns[0].push_back(fmt::format("{}", i + 1));
    const auto row = table_row(approaches[i]);
    for (size_t c = 0; c < row.size(); ++c) {
      columns[c + 1].push_back(row[c]);
    }
  }
  return columns_text(columns, page);
}

// A command may be copied from the page: what does not fit in a line goes on
// in the next one, as a shell reads it.
std::string command_text(std::string_view command, size_t page) {
  const std::string whole = fmt::format("   > {}\n", command);
  const size_t flags = command.find(" --");
  if (page == kUnbroken || text_width(whole) <= page + 1 ||
      flags == command.npos) {
    return whole;
  }
  return fmt::format(
      "   > {} \\\n       {}\n",
      command.substr(0, flags),
      command.substr(flags + 1));
}

std::string approach_text(
    size_t number,
    const Approach& approach,
    const Catalogue& catalogue,
    bool explain,
    size_t page) {
  std::string text =
      paragraph(fmt::format("\n{}. ", number), "   ", approach.title, page);
  for (const std::string& sentence : approach.why) {
    text += paragraph("   - ", "     ", sentence, page);
  }
  text += command_text(approach.command, page);
  if (!approach.available) {
    text += "     (a command that this release does not have yet)\n";
  }
  for (const std::string& id : approach.rules) {
    if (explain) {
      const AdviceRule& rule = catalogue.rule(id);
      text += paragraph("   rule " + rule.id + ": ", "     ", rule.text, page);
      text += paragraph("     source: ", "       ", rule.source, page);
    }
  }
  return text;
}

std::string head_text(const Advice& advice, size_t page) {
  const AdviceMachine& machine = advice.machine;
  std::string text;
  const auto row = [&](const char* name, const std::string& value) {
    text += paragraph(
        fmt::format("{:<10} ", name), std::string(11, ' '), value, page);
  };
  row("task", std::string(task_name(advice.task)));
  row("machine", machine.name);
  row("budget",
      fmt::format(
          "{} ({})", format_gib(machine.budget.bytes), machine.budget.because));
  if (machine.budget.gpu_bytes) {
    row("GPU",
        fmt::format(
            "may hold {} unless its limit is raised",
            format_gib(*machine.budget.gpu_bytes)));
  }
  row("bandwidth",
      fmt::format(
          "{:.0f} GB/s ({})",
          machine.bytes_per_second / 1e9,
          machine.bandwidth_source));
  return text;
}

}  // namespace

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

std::string advice_text(
    const Advice& advice,
    const Catalogue& catalogue,
    bool explain,
    size_t columns) {
  std::string text = head_text(advice, columns);
  text += "\n" + approaches_table(advice.approaches, columns);
  for (size_t i = 0; i < advice.approaches.size(); ++i) {
    text +=
        approach_text(i + 1, advice.approaches[i], catalogue, explain, columns);
  }
  if (!advice.refused.empty()) {
    text += "\nStronger, but without room here:\n\n";
  }
  for (const Refusal& refusal : advice.refused) {
    text += paragraph(
        "   - ",
        "     ",
        fmt::format(
            "{} at {}: {}",
            refusal.candidate.model,
            refusal.candidate.quantization,
            refusal.reason),
        columns);
  }
  const std::string configuration =
      configuration_text(advice.approaches.front());
  if (!configuration.empty()) {
    text +=
        "\nThe first one as a configuration file (bantam run --config FILE):"
        "\n\n" +
        configuration;
  }
  if (!explain) {
    text += "\n--explain shows the rules and where they come from.\n";
  }
  return text;
}

}  // namespace bantam
