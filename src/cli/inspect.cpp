// SPDX-License-Identifier: MIT
// bantam inspect MODEL: what a model is, from its headers.
#include "engine/inspect.h"

#include <cstdio>
#include <memory>

#include "base/size.h"
#include "cli/command.h"

namespace bantam {

namespace {

std::string cell(const Json& value) {
  if (value.is_null()) {
    return "unknown";
  }
  if (value.is_boolean()) {
    return value.get<bool>() ? "yes" : "no";
  }
  if (value.is_array()) {
    std::string joined;
    for (const Json& item : value) {
      joined += (joined.empty() ? "" : " ") + cell(item);
    }
    return joined;
  }
  return value.is_string() ? value.get<std::string>() : to_json_line(value);
}

void print_table(const Json& report) {
  const auto row = [](const char* name, const std::string& value) {
    std::printf("%-18s %s\n", name, value.c_str());
  };
  const auto number = [&](const char* key) {
    return report[key].is_null() ? 0.0 : report[key].get<double>();
  };
  const auto size = [&](const char* key) {
    return report[key].is_null() ? std::string("unknown")
                                 : format_size(report[key].get<int64_t>());
  };
  row("name", cell(report["name"]));
  row("path", cell(report["path"]));
  row("format", cell(report["format"]));
  row("architecture", cell(report["architecture"]));
  row("runs in bantam", cell(report["supported"]));
  row("parameters", fmt::format("{:.1f} M", number("parameters") / 1e6));
  row("quantization", cell(report["quantization"]));
  row("bits per weight", fmt::format("{:.2f}", number("bits_per_weight")));
  row("weights", size("weight_bytes"));
  row("layers", cell(report["layers"]));
  row("context", cell(report["context_tokens"]) + " tokens");
  row("KV cache", size("kv_bytes_per_token") + " per token");
  row("vocabulary", cell(report["vocabulary"]));
  row("chat template", cell(report["chat_template"]));
  row("end tokens", cell(report["end_tokens"]));
  row("licence", cell(report["licence"]));
  for (const Json& type : report["tensor_types"]) {
    row("tensors",
        fmt::format(
            "{:<8} {:>5}  {}",
            type["type"].get<std::string>(),
            type["tensors"].get<int64_t>(),
            format_size(type["bytes"].get<int64_t>())));
  }
  for (const Json& problem : report["problems"]) {
    row("problem", cell(problem));
  }
}

}  // namespace

void add_inspect_command(CLI::App& app, Action& action) {
  auto model = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command =
      app.add_subcommand("inspect", "What a model is, from its headers alone");
  command->add_option("MODEL", *model, "See bantam run --help")->required();
  command->add_flag("--json", *json, "Print one JSON object");
  command->callback([=, &action] {
    action = [=] {
      const Json report = inspect_model(*model);
      if (*json) {
        std::printf("%s\n", to_json_line(report).c_str());
      } else {
        print_table(report);
      }
      return 0;
    };
  });
}

}  // namespace bantam
