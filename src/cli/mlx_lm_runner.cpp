// SPDX-License-Identifier: MIT
#include "cli/mlx_lm_runner.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "backends/mlx_lm_help.h"
#include "backends/mlx_lm_history.h"
#include "backends/mlx_lm_setup.h"
#include "base/error.h"
#include "base/size.h"
#include "engine/inspect.h"
#include "engine/run_check.h"
#include "machine/this_machine.h"
#include "weights/checkpoint.h"
#include "weights/locate.h"

namespace bantam {

namespace {

namespace fs = std::filesystem;

// Python with mlx, transformers and what they load, beside the model: measured
// with mlx-lm 0.32.2 on Linux (tools/check_mlx_lm.py prints it).
constexpr int64_t kPythonBytes = int64_t{400} << 20;

// A folder as far as it matters for another program.
struct ForeignModel {
  ModelSummary summary;
  bool thinks = false;
  int64_t kv_bytes_per_token = 0;  // 0: not known
};

std::string text_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>()
                                                   : "";
}

ForeignModel foreign_model(const std::string& name) {
  const std::string path = locate_model(name);
  std::error_code ignored;
  if (!fs::is_directory(path, ignored) ||
      !fs::exists(path + "/config.json", ignored)) {
    fail(
        ErrorCode::invalid_request,
        "{}: mlx-lm reads folders in MLX format, and this is none; make one "
        "with bantam convert {} FOLDER, or let bantam itself answer: "
        "--framework bantam",
        name,
        name);
  }
  ForeignModel model;
  model.summary.name = fs::path(path).filename().string();
  model.summary.path = path;
  model.summary.family =
      text_of(read_json_file(path + "/config.json"), "model_type");
  const Json report = inspect_model(name);
  model.summary.name = text_of(report, "name");
  const auto number = [&](const char* key, auto& value) {
    const auto found = report.find(key);
    if (found != report.end() && found->is_number()) {
      found->get_to(value);
    }
  };
  number("bits_per_weight", model.summary.bits_per_weight);
  number("parameters", model.summary.parameters);
  number("weight_bytes", model.summary.weight_bytes);
  number("context_tokens", model.summary.context_tokens);
  number("kv_bytes_per_token", model.kv_bytes_per_token);
  model.summary.files = Checkpoint(path).files();
  model.thinks = report["thinking"].is_object() &&
      report["thinking"]["supported"].get<bool>();
  return model;
}

// The tokens whose keys and values mlx-lm may come to hold: where it does not
// obey --max-kv-size, all of them; no token is shorter than a byte.
int64_t cached_tokens(
    const ForeignModel& model,
    const RunnerOptions& options,
    const Request& request,
    bool ignores_budget) {
  const int64_t tokens = ignores_budget
      ? static_cast<int64_t>(request.prompt.size()) + request.max_tokens
      : options.settings.max_kv_size;
  return model.summary.context_tokens > 0
      ? std::min(tokens, model.summary.context_tokens)
      : tokens;
}

MlxLmNeeds needs_of(
    const RunnerOptions& options,
    const Request& request,
    const std::string& model_type) {
  return {
      .flags = flags_of(mlx_lm_arguments(options.settings, request)),
      .model_type = model_type};
}

bool ignores_budget(
    const ForeignModel& model,
    const MlxLmEnvironment& environment) {
  const auto version = Version::parse(environment.version);
  return version && ignores_max_kv_size(model.summary.family, *version);
}

std::string budget_warning(
    const ForeignModel& model,
    const MlxLmEnvironment& environment) {
  return fmt::format(
      "mlx-lm {} takes --max-kv-size and ignores it for {} models, which make "
      "their own cache: it grows with the conversation",
      environment.version,
      model.summary.family);
}

// Why the environment cannot do what is needed; "" if it can.
std::string flag_fault(
    const MlxLmEnvironment& environment,
    const MlxLmHelp& help,
    const MlxLmNeeds& needs) {
  if (!help.problem.empty()) {
    return fmt::format(
        "the mlx_lm.generate of {} (mlx-lm {}) does not work: {}; make one "
        "that does: bantam env remove {}, then bantam env create --pin \"{}\"",
        environment.folder,
        environment.version,
        help.problem,
        environment.name,
        working_pin(needs));
  }
  std::vector<std::string> missing;
  for (const std::string& flag : needs.flags) {
    if (!help.has(flag)) {
      missing.push_back(flag);
    }
  }
  if (missing.empty()) {
    return "";
  }
  return fmt::format(
      "the mlx_lm.generate of {} (mlx-lm {}) does not know {}; a pin that "
      "works: --version-pin \"{}\"",
      environment.folder,
      environment.version,
      fmt::join(missing, ", "),
      working_pin(needs));
}

std::string pin_fault(const RunnerOptions& options, const MlxLmNeeds& needs) {
  auto fault = pin_contradiction(options.pin, needs);
  if (!fault) {
    fault = unreadable_pin(options.pin);
  }
  return fault ? fmt::format(
                     "{}: {}; or let bantam itself answer: --framework bantam",
                     options.pin_named,
                     *fault)
               : "";
}

// model_type of config.json in the folder that the settings name; "" if there
// is none.
std::string model_type(const RunConfig& config) {
  for (const std::string& folder :
       {config.text("model.name"), config.text("model.local_path")}) {
    const fs::path path = fs::path(expand_home(folder)) / "config.json";
    std::error_code ignored;
    if (!folder.empty() && fs::is_regular_file(path, ignored)) {
      const Json json = read_json_file(path.string());
      const auto type = json.find("model_type");
      return type != json.end() && type->is_string() ? type->get<std::string>()
                                                     : "";
    }
  }
  return "";
}

// The flags of mlx_lm.generate that these settings take.
MlxLmNeeds needs_of_settings(const RunConfig& config) {
  MlxLmNeeds needs{.flags = {"--max-kv-size"}, .model_type = {}};
  const auto need = [&](bool needed, const char* flag) {
    if (needed) {
      needs.flags.emplace_back(flag);
    }
  };
  need(!config.text("execution.system_prompt").empty(), "--system-prompt");
  need(
      config.boolean("execution.thinking_mode") ||
          !config.text("execution.chat_template_config").empty(),
      "--chat-template-config");
  need(
      !config.text("execution.prefill_response").empty(), "--prefill-response");
  need(!config.texts("sampling.extra_eos_token").empty(), "--extra-eos-token");
  need(config.real("sampling.min_p") > 0, "--min-p");
  need(config.integer("sampling.top_k") > 0, "--top-k");
  needs.model_type = model_type(config);
  return needs;
}

std::string there_are(const std::vector<MlxLmEnvironment>& environments) {
  std::vector<std::string> texts;
  for (const MlxLmEnvironment& environment : environments) {
    texts.push_back(
        environment.state == EnvironmentState::complete
            ? fmt::format("mlx-lm {}", environment.version)
            : fmt::format(
                  "{} ({}: {})",
                  environment.name,
                  environment_state_name(environment.state),
                  environment.problem));
  }
  return texts.empty() ? "none is there"
                       : fmt::format("there: {}", fmt::join(texts, ", "));
}

std::string wanted(const RunnerOptions& options) {
  return options.pin.empty() ? std::string("mlx-lm") : "mlx-lm " + options.pin;
}

std::string create_command(const RunnerOptions& options) {
  return options.pin.empty()
      ? std::string("bantam env create")
      : fmt::format("bantam env create --pin \"{}\"", options.pin);
}

}  // namespace

RunnerOptions runner_options(const RunConfig& config) {
  RunnerOptions options;
  options.environments =
      environments_folder(config.text("runtime.environments"));
  options.pin = config.text("runtime.version_pin");
  options.pin_named = config.named("runtime.version_pin");
  options.settings.max_kv_size = config.integer("sampling.max_kv_size");
  if (config.layer("runtime.prefill_chunk") != Layer::defaults) {
    options.settings.prefill_step_size =
        config.integer("runtime.prefill_chunk");
  }
  options.silence_s =
      static_cast<double>(config.integer("runtime.runner_silence"));
  if (!config.text("output.receipt").empty()) {
    fail(
        ErrorCode::invalid_request,
        "{}: mlx-lm does not tell the tokens that a receipt replays; leave it "
        "out, or let bantam itself answer: --framework bantam",
        config.named("output.receipt"));
  }
  if (config.text("sampling.kv_bits") != "16") {
    fail(
        ErrorCode::invalid_request,
        "{}: mlx-lm cannot quantize a cache with a budget (--max-kv-size); "
        "leave it out, or let bantam itself answer: --framework bantam",
        config.named("sampling.kv_bits"));
  }
  const auto decided_by_mlx_lm = [&](bool given, const std::string& named) {
    if (given) {
      options.notes.push_back(
          named + " has no effect: mlx-lm decides that itself");
    }
  };
  decided_by_mlx_lm(
      config.integer("runtime.threads") != 0, config.named("runtime.threads"));
  decided_by_mlx_lm(
      config.layer("runtime.device") != Layer::defaults,
      config.named("runtime.device"));
  decided_by_mlx_lm(
      config.text("runtime.kernels") != "native",
      config.named("runtime.kernels"));
  return options;
}

void check_runner_pin(const RunConfig& config) {
  const auto contradiction = pin_contradiction(
      config.text("runtime.version_pin"), needs_of_settings(config));
  if (contradiction) {
    fail(
        ErrorCode::invalid_request,
        "{}: {}; or let bantam itself answer: --framework bantam",
        config.named("runtime.version_pin"),
        *contradiction);
  }
}

Runner open_runner(
    const RunnerOptions& options,
    const EngineOptions& engine,
    const Request& request,
    const std::function<void(const std::string&)>& say,
    std::stop_token stop) {
  const ForeignModel model = foreign_model(engine.model);
  RunnerOptions own = options;
  own.settings.model = fs::absolute(model.summary.path).string();
  own.settings.model_thinks = model.thinks;
  const MlxLmNeeds needs = needs_of(own, request, model.summary.family);
  if (const std::string fault = pin_fault(own, needs); !fault.empty()) {
    fail(ErrorCode::invalid_request, "{}", fault);
  }
  const auto environments = list_environments(own.environments);
  auto environment = choose_environment(environments, own.pin);
  if (!environment) {
    say(fmt::format(
        "no environment has {} ({}): making one in {}",
        wanted(own),
        there_are(environments),
        own.environments));
    environment = make_environment(
                      {.environments = own.environments,
                       .pin = own.pin,
                       .lock_file = {},
                       .python = {}},
                      say,
                      stop)
                      .environment;
  }
  const MlxLmHelp help = mlx_lm_help(*environment, false, stop);
  if (const std::string fault = flag_fault(*environment, help, needs);
      !fault.empty()) {
    fail(ErrorCode::unavailable, "{}", fault);
  }

  MlxLmOptions mlx_lm{
      .program = environment->generate_program(),
      .settings = own.settings,
      .silence_s = own.silence_s,
      .rules = engine.memory,
      .notes = own.notes};
  const bool ignored = ignores_budget(model, *environment);
  if (ignored) {
    mlx_lm.notes.push_back(budget_warning(model, *environment));
  }
  mlx_lm.planned_bytes = model.summary.weight_bytes + kPythonBytes +
      model.kv_bytes_per_token * cached_tokens(model, own, request, ignored);
  mlx_lm.before.push_back(
      make_memory_source(engine.memory.source)->sample_with_apps());
  ClearedSize cleared = check_size(
      engine.memory,
      mlx_lm.planned_bytes,
      "mlx-lm with " + model.summary.name + " takes about",
      mlx_lm.before.back());
  mlx_lm.budget_bytes = cleared.budget.bytes;
  mlx_lm.unknown_accepted = cleared.unknown_accepted;
  std::ranges::move(cleared.warnings, std::back_inserter(mlx_lm.notes));
  return {
      std::make_shared<MlxLm>(std::move(mlx_lm)), model.summary, *environment};
}

std::vector<Finding> runner_findings(
    const RunnerOptions& options,
    const EngineOptions& engine,
    const Request& request) {
  std::vector<Finding> findings;
  RunnerOptions own = options;
  std::optional<ForeignModel> model;
  try {
    model = foreign_model(engine.model);
    own.settings.model = model->summary.path;
    own.settings.model_thinks = model->thinks;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found) {  // the row "model" says that
      findings.push_back({"runner", Health::red, error.what(), ""});
    }
  }
  const MlxLmNeeds needs =
      needs_of(own, request, model ? model->summary.family : "");
  if (const std::string fault = pin_fault(own, needs); !fault.empty()) {
    findings.push_back(
        {"pins",
         Health::red,
         fault,
         "--version-pin \"" + working_pin(needs) + "\""});
    return findings;
  }
  const auto environments = list_environments(own.environments);
  const auto environment = choose_environment(environments, own.pin);
  if (!environment) {
    findings.push_back(
        {"pins",
         Health::yellow,
         fmt::format(
             "no environment has {} ({}); a run makes one in {}",
             wanted(own),
             there_are(environments),
             own.environments),
         create_command(own)});
    return findings;
  }
  findings.push_back(
      {"pins",
       Health::green,
       fmt::format(
           "mlx-lm {} in {}, {} packages locked",
           environment->version,
           environment->folder,
           environment->packages),
       ""});
  const MlxLmHelp help = mlx_lm_help(*environment, true);
  const std::string fault = flag_fault(*environment, help, needs);
  findings.push_back(
      {"flags",
       fault.empty() ? Health::green : Health::red,
       fault.empty() ? fmt::format(
                           "mlx_lm.generate --help lists all {} flags that a "
                           "run uses",
                           needs.flags.size())
                     : fault,
       fault.empty() ? "" : "bantam env list"});
  if (model && ignores_budget(*model, *environment)) {
    findings.push_back(
        {"cache",
         Health::yellow,
         budget_warning(*model, *environment),
         "keep --max-tokens and prompts short, or --framework bantam"});
  }
  return findings;
}

}  // namespace bantam
