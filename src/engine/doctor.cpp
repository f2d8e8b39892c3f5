// SPDX-License-Identifier: MIT
#include "engine/doctor.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/size.h"
#include "engine/inspect.h"
#include "engine/mlx_check.h"
#include "engine/run_check.h"
#include "kernels/bandwidth.h"
#include "machine/power_mode.h"
#include "machine/this_machine.h"
#include "models/registry.h"
#include "weights/checkpoint.h"
#include "weights/locate.h"
#include "weights/model_hash.h"

namespace bantam {

namespace fs = std::filesystem;

namespace {

class Doctor {
 public:
  explicit Doctor(const DoctorOptions& options)
      : options_(options),
        machine_(this_machine()),
        source_(make_memory_source(options.engine.memory.source)),
        sample_(source_->sample_with_apps()) {}

  Diagnosis diagnose() {
    look_at_machine();
    look_at_memory();
    look_at_power();
    look_at_runner();
    look_at_model();
    measure_bandwidth();
    result_.would_start = std::ranges::none_of(
        result_.findings,
        [](const Finding& finding) { return finding.health == Health::red; });
    return std::move(result_);
  }

 private:
  void add(
      std::string id,
      Health health,
      std::string text,
      std::string advice = "") {
    result_.findings.push_back(
        {std::move(id), health, std::move(text), std::move(advice)});
  }

  void look_at_machine() {
    add("platform",
        Health::green,
        fmt::format(
            "{}, {}{}",
            machine_.system,
            machine_.processor.empty() ? "an unnamed processor"
                                       : machine_.processor,
            machine_.physical_cores > 0
                ? fmt::format(", {} cores", machine_.physical_cores)
                : ""));
    if (!machine_.ram_bytes) {
      add("ram", Health::yellow, "how much memory there is cannot be read");
    } else {
      const bool small = *machine_.ram_bytes < 4 * kGiB;
      add("ram",
          small ? Health::yellow : Health::green,
          format_size(*machine_.ram_bytes) +
              (machine_.limited_by.empty()
                   ? ""
                   : fmt::format(" (limit of {})", machine_.limited_by)),
          small ? "choose a small model: bantam advise" : "");
    }
    if (const auto& gpu = machine_.gpu_working_set) {
      add("gpu",
          Health::green,
          fmt::format(
              "the GPU may hold {}{} ({})",
              gpu->approximate ? "about " : "",
              format_size(gpu->bytes),
              gpu->source));
    } else {
      add("gpu", Health::green, "no shared-memory GPU: the CPU computes");
    }
  }

  void look_at_memory() {
    look_at_pressure();
    look_at_swap();
    if (!sample_.apps) {
      add("apps", Health::yellow, "running applications cannot be seen");
    } else if (sample_.apps->empty()) {
      add("apps", Health::green, "no heavy application runs");
    } else {
      std::string names;
      for (const AppMemory& app : *sample_.apps) {
        names += (names.empty() ? "" : ", ") + app.name +
            (app.bytes ? " (" + format_size(*app.bytes) + ")" : "");
      }
      add("apps", Health::yellow, "running: " + names, "close them");
    }
  }

  void look_at_pressure() {
    const std::string available = sample_.available_bytes
        ? format_size(*sample_.available_bytes) + " available"
        : "available memory is not known";
    switch (sample_.pressure) {
      case Pressure::green:
        add("memory", Health::green, available + ", no pressure");
        break;
      case Pressure::yellow:
        add("memory",
            Health::yellow,
            available + ", under pressure",
            "close applications, or wait");
        break;
      case Pressure::red:
        add("memory",
            Health::red,
            available + ", under heavy pressure",
            "close applications, or restart");
        break;
      default:
        add("memory",
            Health::yellow,
            available + ", pressure is not known",
            "the guard watches available memory and swap instead");
    }
  }

  void look_at_swap() {
    if (!sample_.swap_used_bytes) {
      add("swap", Health::yellow, "use of swap cannot be read");
      return;
    }
    const int64_t used = *sample_.swap_used_bytes;
    // Old swap is harmless while it does not grow; much of it says that the
    // machine was short of memory lately.
    const bool much = used > kGiB;
    add("swap",
        much ? Health::yellow : Health::green,
        format_size(used) + " in use",
        much ? "a restart empties it; growth during a run stops the run" : "");
  }

  void look_at_power() {
    const auto mode = power_mode();
    if (!mode) {
      return;
    }
    add("power",
        mode->saving || mode->on_battery ? Health::yellow : Health::green,
        mode->text,
        mode->saving           ? "turn power saving off"
            : mode->on_battery ? "plug the machine in"
                               : "");
  }

  void look_at_runner() {
    for (const Finding& finding : options_.runner) {
      result_.findings.push_back(finding);
    }
    if (!options_.foreign) {
      result_.findings.push_back(mlx_finding());
    }
  }

  // Its files, licence, template, and whether it fits.
  void look_at_model() {
    std::string path;
    Json report;
    try {
      path = locate_model(options_.engine.model);
      report = inspect_model(
          options_.engine.model,
          {.ram_bytes = machine_.ram_bytes.value_or(16 * kGiB)});
    } catch (const Error& error) {
      add("model", Health::red, error.what(), "fetch it, or name another one");
      look_at_disk(".", "here");
      return;
    }
    model_ = report;
    look_at_files(path, report);
    look_at_licence(report);
    look_at_template(report);
    look_at_disk(fs::absolute(path).parent_path(), "beside the model");
    look_at_plan(path);
  }

  // Opening a checkpoint has compared every tensor's place with its file's
  // size, and an index with its files.
  void look_at_files(const std::string& path, const Json& report) {
    const Json& problems = report["problems"];
    if (problems.empty()) {
      add("model",
          Health::green,
          fmt::format(
              "{}: complete, {} of {}, {} bits per weight",
              report["name"].get<std::string>(),
              format_size(report["file_bytes"].get<int64_t>()),
              report["quantization"].get<std::string>(),
              fmt::format("{:.2f}", report["bits_per_weight"].get<double>())));
    } else if (options_.foreign) {
      add("model",
          Health::yellow,
          "bantam could not run it: " + problems[0].get<std::string>(),
          "mlx-lm may");
    } else {
      add("model",
          Health::red,
          problems[0].get<std::string>(),
          "bantam inspect " + options_.engine.model);
    }
    look_at_hashes(path);
  }

  // The Hugging Face cache names a file by its SHA-256 where it is large.
  // Reading tens of gigabytes is left to the one who asks (--verify); a file
  // that was hashed before costs nothing.
  void look_at_hashes(const std::string& path) {
    std::error_code ignored;
    if (!fs::is_directory(path, ignored)) {
      return;
    }
    int64_t verified = 0;
    int64_t named = 0;
    std::string damaged;
    for (const auto& entry : fs::directory_iterator(path, ignored)) {
      const std::string name =
          fs::read_symlink(entry.path(), ignored).filename().string();
      constexpr size_t kHexDigits = 64;
      if (name.size() != kHexDigits) {
        continue;
      }
      ++named;
      const std::string file = entry.path().string();
      const auto digest = options_.verify ? std::optional(model_sha256({file}))
                                          : known_model_sha256({file});
      verified += digest == name;
      if (digest && digest != name) {
        damaged = file;
      }
    }
    if (!damaged.empty()) {
      add("hashes",
          Health::red,
          damaged + " is not what its name in the cache says",
          "delete it and fetch it again");
    } else if (named > 0) {
      add("hashes",
          Health::green,
          fmt::format(
              "{} of {} large files have the hash they are named by{}",
              verified,
              named,
              verified < named ? "; the others were not read" : ""),
          verified < named ? "bantam doctor --verify reads them" : "");
    }
  }

  void look_at_licence(const Json& report) {
    const auto use = report["commercial_use"].get<std::string>();
    const std::string id = report["licence"].is_null()
        ? "not named in the files"
        : report["licence"].get<std::string>();
    const std::string conditions = report["licence_conditions"].is_null()
        ? ""
        : ": " + report["licence_conditions"].get<std::string>();
    if (use == "allowed") {
      add("licence",
          Health::green,
          id + ", commercial use allowed" + conditions);
    } else if (use == "forbidden") {
      add("licence",
          Health::yellow,
          id + ", no commercial use",
          "choose another model for work");
    } else {
      add("licence",
          Health::yellow,
          id + conditions,
          "read it before commercial use");
    }
  }

  void look_at_template(const Json& report) {
    const bool has_template = report["chat_template"].get<bool>();
    const bool has_ends =
        report["end_tokens"].is_array() && !report["end_tokens"].empty();
    std::string text = has_template ? "a chat template" : "no chat template";
    text += has_ends
        ? fmt::format(", {} end tokens", report["end_tokens"].size())
        : ", no end token";
    add("template",
        has_template && has_ends ? Health::green : Health::yellow,
        text,
        !has_template   ? "prompts are read as plain text"
            : !has_ends ? "answers end at --max-tokens alone; give --stop"
                        : "");
  }

  void look_at_disk(const fs::path& folder, const std::string& where) {
    std::error_code error;
    const fs::space_info space = fs::space(folder, error);
    if (error) {
      return;
    }
    const auto free = static_cast<int64_t>(space.available);
    const bool little = free < 2 * kGiB;
    add("disk",
        little ? Health::yellow : Health::green,
        format_size(free) + " free " + where,
        little ? "make room: swap and receipts need some" : "");
  }

  void look_at_plan(const std::string& path) {
    if (options_.foreign) {
      look_at_size();
      return;
    }
    try {
      const Checkpoint checkpoint(path);
      const ClearedRun run =
          check_run(options_.engine, describe(checkpoint), sample_);
      std::string text = fmt::format(
          "{} of a budget of {} ({})",
          format_size(run.plan.total_bytes()),
          format_size(run.budget.bytes),
          run.budget.because);
      add("plan",
          run.warnings.empty() ? Health::green : Health::yellow,
          run.warnings.empty() ? text : text + "; " + run.warnings.front());
    } catch (const Error& error) {
      add("plan",
          Health::red,
          error.what(),
          "bantam plan " + options_.engine.model + ", bantam advise");
    }
  }

  // Another program's needs are not planned; its weights it must hold.
  void look_at_size() {
    const auto bytes = model_["weight_bytes"].get<int64_t>();
    try {
      const ClearedSize run = check_size(
          options_.engine.memory, bytes, "the weights take", sample_);
      add("plan",
          run.warnings.empty() ? Health::green : Health::yellow,
          fmt::format(
              "weights of {} in a budget of {} ({}){}",
              format_size(bytes),
              format_size(run.budget.bytes),
              run.budget.because,
              run.warnings.empty() ? "" : "; " + run.warnings.front()));
    } catch (const Error& error) {
      add("plan", Health::red, error.what(), "bantam advise");
    }
  }

  void measure_bandwidth() {
    if (options_.probe_seconds <= 0) {
      return;
    }
    // Only where there is room: the probe must not make what it warns of.
    constexpr int64_t kBuffer = int64_t{256} << 20;
    if (sample_.available_bytes && *sample_.available_bytes < 4 * kBuffer) {
      add("bandwidth",
          Health::yellow,
          "not measured: too little memory is available");
      return;
    }
    kernels::ThreadPool pool(
        options_.engine.threads > 0 ? options_.engine.threads
                                    : kernels::physical_cores());
    result_.bandwidth =
        kernels::read_bandwidth(pool, options_.probe_seconds, kBuffer);
    std::string text = fmt::format(
        "{:.1f} GB/s with {} threads",
        *result_.bandwidth / 1e9,
        pool.threads());
    Health health = Health::green;
    if (!model_.is_null() && model_["bytes_per_token"].get<int64_t>() > 0) {
      result_.tokens_per_second = *result_.bandwidth /
          static_cast<double>(model_["bytes_per_token"].get<int64_t>());
      text += fmt::format(
          ": at most {:.3g} tokens/s with this model",
          *result_.tokens_per_second);
      constexpr double kReadingSpeed = 5;
      if (*result_.tokens_per_second < kReadingSpeed) {
        health = Health::yellow;
      }
    }
    add("bandwidth",
        health,
        text,
        health == Health::green ? "" : "slower than reading: bantam advise");
  }

  const DoctorOptions& options_;
  const MachineProfile machine_;
  const std::unique_ptr<MemorySource> source_;
  const MemorySample sample_;
  Json model_;  // as inspect_model(); null if it is not there
  Diagnosis result_;
};

}  // namespace

std::string_view health_name(Health health) {
  switch (health) {
    case Health::green:
      return "green";
    case Health::yellow:
      return "yellow";
    default:
      return "red";
  }
}

Diagnosis diagnose(const DoctorOptions& options) {
  return Doctor(options).diagnose();
}

}  // namespace bantam
