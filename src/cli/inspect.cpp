// SPDX-License-Identifier: MIT
// bantam inspect MODEL...: what models are, from their headers, side by side.
#include "engine/inspect.h"

#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/error.h"
#include "base/size.h"
#include "cli/command.h"
#include "cli/page.h"
#include "cli/table.h"

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

std::string size_cell(const Json& value) {
  return value.is_null() ? "unknown" : format_size(value.get<int64_t>());
}

std::string count_cell(int64_t parameters) {
  const auto value = static_cast<double>(parameters);
  return parameters >= 1'000'000'000 ? fmt::format("{:.2f} B", value / 1e9)
      : parameters >= 1'000'000      ? fmt::format("{:.1f} M", value / 1e6)
      : parameters >= 1'000          ? fmt::format("{:.1f} K", value / 1e3)
                                     : fmt::format("{}", parameters);
}

std::string parameters_cell(const Json& report) {
  const auto all = report["parameters"].get<int64_t>();
  const auto active = report["active_parameters"].get<int64_t>();
  std::string text = count_cell(all);
  if (active != all) {
    text += fmt::format(", {} active", count_cell(active));
  }
  return text;
}

std::string bits_cell(const Json& value) {
  return value.is_null() ? "unknown"
                         : fmt::format("{:.2f}", value.get<double>());
}

std::string layers_cell(const Json& report) {
  std::string text = cell(report["layers"]);
  std::string kinds;
  for (const auto& [kind, count] : report["layer_kinds"].items()) {
    if (count.is_number() && count != 0) {
      std::string name = kind;
      std::replace(name.begin(), name.end(), '_', ' ');
      if (count == report["layers"]) {
        return text + ", all " + name;
      }
      kinds += fmt::format(
          "{}{} {}", kinds.empty() ? "" : ", ", count.get<int64_t>(), name);
    }
  }
  return kinds.empty() ? text : text + ": " + kinds;
}

std::string band_cell(const Json& report) {
  const Json& band = report["size_band"];
  // In gigabytes, as files are spoken of.
  const auto bound = [&](const char* key) {
    const auto bytes = band[key].get<int64_t>();
    return bytes < 1'000'000'000
        ? format_size(bytes)
        : fmt::format("{:.3g} GB", static_cast<double>(bytes) / 1e9);
  };
  if (band["low_bytes"] > band["high_bytes"]) {
    return fmt::format(
        "{}, too large: {} with 3 bits a weight takes {}, and {} have room for "
        "{}",
        size_cell(report["file_bytes"]),
        report["size_class"].get<std::string>(),
        bound("low_bytes"),
        format_size(band["ram_bytes"].get<int64_t>()),
        bound("high_bytes"));
  }
  return fmt::format(
      "{}, {} the band of {} to {} for {} on {}",
      size_cell(report["file_bytes"]),
      band["verdict"].get<std::string>(),
      bound("low_bytes"),
      bound("high_bytes"),
      report["size_class"].get<std::string>(),
      format_size(band["ram_bytes"].get<int64_t>()));
}

std::string licence_cell(const Json& report) {
  if (report["licence"].is_null()) {
    return "unknown: look it up before using the model commercially";
  }
  const auto use = report["commercial_use"].get<std::string>();
  std::string text = report["licence"].get<std::string>();
  text += use == "allowed"   ? ", commercial use allowed"
      : use == "forbidden"   ? ", no commercial use"
      : use == "conditional" ? ", commercial use under conditions"
                             : ", commercial use unknown: read it";
  if (!report["licence_conditions"].is_null()) {
    text += ": " + report["licence_conditions"].get<std::string>();
  }
  return text;
}

std::string thinking_cell(const Json& report) {
  const Json& thinking = report["thinking"];
  if (thinking.is_null()) {
    return "unknown";
  }
  if (!thinking["supported"].get<bool>()) {
    return "no";
  }
  return thinking["switch"].is_null()
      ? "yes, always"
      : "yes, by " + thinking["switch"].get<std::string>();
}

// One value for each row of the table.
std::vector<std::string> column(const Json& report) {
  const bool experts = report["experts"] != 0;
  return {
      cell(report["name"]),
      cell(report["path"]),
      cell(report["format"]),
      cell(report["architecture"]),
      cell(report["supported"]),
      parameters_cell(report),
      cell(report["quantization"]),
      bits_cell(report["bits_per_weight"]),
      size_cell(report["weight_bytes"]),
      band_cell(report),
      size_cell(report["bytes_per_token"]),
      layers_cell(report),
      experts ? fmt::format(
                    "{} of {}",
                    cell(report["active_experts"]),
                    cell(report["experts"]))
              : "none",
      cell(report["context_tokens"]) + " tokens",
      size_cell(report["kv_bytes_per_token"]) + " per token",
      cell(report["vocabulary"]),
      cell(report["chat_template"]),
      thinking_cell(report),
      cell(report["tool_calls"]),
      cell(report["end_tokens"]),
      licence_cell(report)};
}

const std::vector<std::string> kRowNames{
    "name",           "path",       "format",         "architecture",
    "runs in bantam", "parameters", "quantization",   "bits per weight",
    "weights",        "file",       "read per token", "layers",
    "experts",        "context",    "KV cache",       "vocabulary",
    "chat template",  "thinking",   "tool calls",     "end tokens",
    "licence"};

void print_details(const Json& report, bool named) {
  if (named) {
    // Names repeat: many a folder is called "model".
    std::printf(
        "\n%s (%s)\n",
        report["name"].get<std::string>().c_str(),
        report["path"].get<std::string>().c_str());
  }
  for (const Json& row : report["bits_by_class"]) {
    std::printf(
        "%-15s  %-12s %8s  %10s  %s bits per weight\n",
        "class",
        row["class"].get<std::string>().c_str(),
        count_cell(row["parameters"].get<int64_t>()).c_str(),
        size_cell(row["bytes"]).c_str(),
        bits_cell(row["bits_per_weight"]).c_str());
  }
  for (const Json& type : report["tensor_types"]) {
    std::printf(
        "%-15s  %-8s %5lld  %s\n",
        "tensors",
        type["type"].get<std::string>().c_str(),
        static_cast<long long>(type["tensors"].get<int64_t>()),
        size_cell(type["bytes"]).c_str());
  }
  const auto lines = [&](const char* key, const char* title) {
    for (const Json& line : report[key]) {
      const std::string text = paragraph(
          fmt::format("{:<15}  ", title),
          std::string(17, ' '),
          line.get<std::string>(),
          page_columns());
      std::fputs(text.c_str(), stdout);
    }
  };
  lines("notes", "note");
  lines("unsupported", "unsupported");
}

// As many models side by side as a page has room for, then the others.
void print_tables(const std::vector<Json>& reports) {
  constexpr size_t kNames = 17, kModel = 20;  // columns that they need
  const size_t page = page_columns();
  const size_t at_once = page == kUnbroken
      ? reports.size()
      : std::max<size_t>(1, (page - kNames) / kModel);
  for (size_t first = 0; first < reports.size(); first += at_once) {
    std::vector<std::vector<std::string>> columns{kRowNames};
    for (size_t i = first; i < std::min(first + at_once, reports.size()); ++i) {
      columns.push_back(column(reports[i]));
    }
    std::fputs(first == 0 ? "" : "\n", stdout);
    std::fputs(columns_text(columns, page).c_str(), stdout);
  }
}

void print_reports(const std::vector<Json>& reports) {
  print_tables(reports);
  for (const Json& report : reports) {
    print_details(report, reports.size() > 1);
  }
}

// One model that cannot be read is an error; of several, the others are shown.
int inspect_all(
    const std::vector<std::string>& models,
    const InspectOptions& options,
    bool json) {
  std::vector<Json> reports;
  Json all = Json::array();
  int code = 0;
  for (const std::string& model : models) {
    try {
      reports.push_back(inspect_model(model, options));
      all.push_back(reports.back());
    } catch (const Error& error) {
      if (models.size() == 1) {
        throw;
      }
      std::fprintf(stderr, "bantam: %s\n", error.what());
      all.push_back({{"path", model}, {"error", error.what()}});
      code = error_kind(error.code()).exit_code;
    }
  }
  if (!json) {
    print_reports(reports);
  } else if (models.size() == 1) {
    std::printf("%s\n", to_json_line(reports[0]).c_str());
  } else {
    std::printf("%s\n", to_json_line({{"models", all}}).c_str());
  }
  return code;
}

}  // namespace

void add_inspect_command(CLI::App& app, Action& action) {
  auto models = std::make_shared<std::vector<std::string>>();
  auto options = std::make_shared<InspectOptions>();
  auto ram = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command =
      app.add_subcommand("inspect", "What a model is, from its headers alone");
  command->footer(
      "With --json, one model gives its object, several give\n"
      "{\"models\": [...]}. Of several, one that cannot be read does not hide "
      "the others;\nthe exit code is then 3.");
  command
      ->add_option(
          "MODEL", *models, "Models to lay side by side; see bantam run --help")
      ->required();
  command->add_option(
      "--ram", *ram, "Judge the file's size for this much memory (16GiB)");
  command->add_flag("--json", *json, "Print one JSON object");
  command->callback([=, &action] {
    action = [=] {
      if (!ram->empty()) {
        const auto bytes = parse_size(*ram);
        if (!bytes || *bytes <= 0) {
          fail(
              ErrorCode::invalid_request,
              "--ram {}: expected a size such as 16GiB",
              *ram);
        }
        options->ram_bytes = *bytes;
      }
      return inspect_all(*models, *options, *json);
    };
  });
}

}  // namespace bantam
