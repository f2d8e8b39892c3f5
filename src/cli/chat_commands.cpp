// SPDX-License-Identifier: MIT
#include "cli/chat_commands.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/size.h"
#include "base/suggest.h"
#include "cli/chat_output.h"

namespace bantam {

namespace {

struct Context {
  const std::string& argument;
  Session& session;
  const ModelSummary& model;
  const ChatTotals& totals;
  CommandOutput& output;

  void say(std::string line) const { output.lines.push_back(std::move(line)); }
  const std::string& file() const {
    if (argument.empty()) {
      fail(
          ErrorCode::invalid_request,
          "{} needs the name of a file",
          output.command);
    }
    return argument;
  }
};

void reset(const Context& context) {
  context.session.reset();
  context.say("The conversation starts over; the system prompt stays.");
}

void save(const Context& context) {
  context.session.save(context.file());
  const size_t count = context.session.exchanges().size();
  context.say(
      fmt::format(
          "Saved {} exchange{} to {}.",
          count,
          count == 1 ? "" : "s",
          context.argument));
}

void load(const Context& context) {
  const std::vector<std::string> notes = context.session.load(context.file());
  for (const std::string& note : notes) {
    context.say("Note: " + note + ".");
  }
  const size_t count = context.session.exchanges().size();
  context.say(
      fmt::format(
          "The conversation has {} exchange{}.", count, count == 1 ? "" : "s"));
  context.output.fields["notes"] = notes;
  context.output.fields["exchanges"] = count;
}

void system_prompt(const Context& context) {
  if (!context.argument.empty()) {
    context.session.set_system_prompt(
        context.argument == "-" ? "" : context.argument);
  }
  const std::string& text = context.session.system_prompt();
  context.say(
      text.empty() ? "There is no system prompt." : "System prompt: " + text);
  context.output.fields["system_prompt"] = text;
}

void thinking(const Context& context) {
  const std::string& word = context.argument;
  if (word != "" && word != "on" && word != "off") {
    fail(ErrorCode::invalid_request, "/thinking takes on or off");
  }
  const bool on = word.empty() ? !context.session.thinking() : word == "on";
  context.session.set_thinking(on);
  context.say(on ? "Thinking is on." : "Thinking is off.");
  context.output.fields["thinking"] = on;
}

void stats(const Context& context) {
  const SessionUse use = context.session.use();
  const ChatTotals& totals = context.totals;
  const MemoryUse& memory = totals.memory;
  context.say(
      fmt::format(
          "model      {} ({})", context.model.name, context.model.family));
  context.say(
      fmt::format(
          "context    {} of {} tokens", use.context_tokens, use.budget_tokens));
  context.say(
      fmt::format(
          "exchanges  {} kept, limit {}, {} dropped so far",
          use.exchanges,
          use.history_limit,
          totals.dropped_exchanges));
  context.say(
      fmt::format(
          "tokens     {} in {} prompts, of which {} were in the cache; {} "
          "generated",
          totals.prompt_tokens,
          totals.exchanges,
          totals.cached_tokens,
          totals.completion_tokens));
  if (memory.planned_bytes > 0) {
    context.say(
        fmt::format(
            "memory     peak {} of {} planned, budget {}; pressure at most {}",
            format_size(memory.peak_bytes),
            format_size(memory.planned_bytes),
            format_size(memory.budget_bytes),
            memory.pressure_max));
  }
  context.say(
      fmt::format("thinking   {}", context.session.thinking() ? "on" : "off"));
  if (!context.session.summary().empty()) {
    context.say("summary    " + context.session.summary());
  }
  context.output.fields = use_json(use);
  context.output.fields.update(
      {{"total_exchanges", totals.exchanges},
       {"dropped_exchanges", totals.dropped_exchanges},
       {"prompt_tokens", totals.prompt_tokens},
       {"cached_tokens", totals.cached_tokens},
       {"completion_tokens", totals.completion_tokens},
       {"peak_bytes", memory.peak_bytes},
       {"planned_bytes", memory.planned_bytes},
       {"thinking", context.session.thinking()},
       {"summary", context.session.summary()}});
}

void help(const Context& context);

struct ChatCommand {
  const char* name;
  const char* argument;
  const char* help;
  void (*act)(const Context&);
};

constexpr std::array<ChatCommand, 7> kCommands{{
    {"/reset", "", "start over; the system prompt stays", reset},
    {"/save", "FILE", "write the conversation and its cache", save},
    {"/load", "FILE", "take a saved conversation up", load},
    {"/system",
     "[TEXT]",
     "show or set the system prompt; - takes it away",
     system_prompt},
    {"/thinking", "[on|off]", "reasoning before the answer", thinking},
    {"/stats", "", "tokens, exchanges and memory so far", stats},
    {"/help", "", "this list", help},
}};

void help(const Context& context) {
  for (const ChatCommand& command : kCommands) {
    context.say(
        fmt::format(
            "{:<20}{}",
            fmt::format("{} {}", command.name, command.argument),
            command.help));
  }
  context.say("A message that begins with a slash is written with two.");
  context.say(
      "Ctrl-C stops an answer, Ctrl-D leaves, Alt-Enter begins a new line.");
}

}  // namespace

bool is_chat_command(std::string_view line) {
  return line.starts_with('/') && !line.starts_with("//");
}

std::string chat_message(const std::string& line) {
  return line.starts_with("//") ? line.substr(1) : line;
}

CommandOutput run_chat_command(
    const std::string& line,
    Session& session,
    const ModelSummary& model,
    const ChatTotals& totals) {
  const size_t end = std::min(line.find_first_of(" \t\n"), line.size());
  const size_t rest =
      std::min(line.find_first_not_of(" \t\n", end), line.size());
  CommandOutput output{.command = line.substr(0, end)};
  std::string argument = line.substr(rest);
  argument.erase(argument.find_last_not_of(" \t\n") + 1);
  std::vector<std::string> names;
  for (const ChatCommand& command : kCommands) {
    if (output.command == command.name) {
      command.act({argument, session, model, totals, output});
      return output;
    }
    names.emplace_back(command.name);
  }
  const std::string near = nearest(output.command, names);
  fail(
      ErrorCode::invalid_request,
      "unknown command {}{}; /help lists them",
      output.command,
      near.empty() ? "" : "; did you mean " + near + "?");
}

}  // namespace bantam
