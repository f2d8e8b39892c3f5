// SPDX-License-Identifier: MIT
// bantam serve [MODEL]: answers over HTTP until it is told to stop.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <thread>

#include "base/error.h"
#include "base/size.h"
#include "cli/chosen_model.h"
#include "cli/command.h"
#include "cli/framework.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/retrieval_options.h"
#include "cli/setting_flags.h"
#include "engine/plan_report.h"
#include "machine/this_machine.h"
#include "server/api_server.h"

namespace bantam {

namespace {

constexpr std::chrono::milliseconds kLookAround{50};

// A token is written with 4 bytes or so; what has more than this for each that
// the budget holds can only be refused.
constexpr int64_t kBodyBytesPerToken = 32;
constexpr int64_t kLeastBodyBytes = 1 << 20;
constexpr size_t kBodiesAtOnce = 8;

size_t body_bytes(const RunConfig& config) {
  const int64_t fitting =
      kBodyBytesPerToken * config.integer("sampling.max_kv_size");
  return static_cast<size_t>(config.bytes("server.max_body")
                                 .value_or(std::max(kLeastBodyBytes, fitting)));
}

std::string read_key_file(const std::string& path) {
  std::ifstream file(path);
  std::string key;
  if (!file || !std::getline(file, key)) {
    fail(
        ErrorCode::invalid_request,
        "--api-key-file {}: cannot be read, or is empty",
        path);
  }
  while (!key.empty() && (key.back() == '\r' || key.back() == ' ')) {
    key.pop_back();
  }
  return key;
}

std::string api_key(const RunConfig& config) {
  const std::string& key = config.text("server.api_key");
  const std::string& file = config.text("server.api_key_file");
  if (!key.empty() && !file.empty()) {
    fail(
        ErrorCode::invalid_request,
        "{} and {} exclude each other",
        config.named("server.api_key"),
        config.named("server.api_key_file"));
  }
  return file.empty() ? key : read_key_file(file);
}

ApiServerOptions server_options(const RunConfig& config) {
  ApiServerOptions options;
  options.http.host = config.text("server.host");
  options.http.port = static_cast<int>(config.integer("server.port"));
  options.http.connections =
      static_cast<int>(config.integer("server.connections"));
  const size_t body = body_bytes(config);
  options.http.limits.body_bytes = body;
  options.http.bodies_bytes = kBodiesAtOnce * body;
  options.api_key = api_key(config);
  options.queue = config.integer("server.queue");
  options.limits.request_s = config.real("server.request_timeout");
  options.watch.threshold =
      config.text("environment.memory_pressure_threshold") == "red"
      ? Pressure::red
      : Pressure::yellow;
  // Before a model is loaded for nothing.
  if (options.api_key.empty() && !is_loopback(options.http.host)) {
    fail(
        ErrorCode::invalid_request,
        "--host {}: other machines could use this server; set an API key "
        "(BANTAM_SERVER_API_KEY or --api-key-file)",
        options.http.host);
  }
  return options;
}

// What clients call the model: as the user did, but no path of this machine.
std::string served_name(const std::string& chosen, const ModelSummary& model) {
  std::error_code ignored;
  return std::filesystem::exists(chosen, ignored) ? model.name : chosen;
}

ServedModel served_model(
    const RunConfig& config,
    const std::string& chosen,
    const ModelSummary& model,
    Json plan) {
  return {
      .id = served_name(chosen, model),
      .created_s = static_cast<int64_t>(std::time(nullptr)),
      .context_tokens = model.context_tokens,
      .budget_tokens = model.kv_budget_tokens,
      .vocabulary = model.vocabulary,
      .chat_template = model.chat_template,
      .plan = std::move(plan),
      .sampling = sampling_settings(config),
      .thinking = config.boolean("execution.thinking_mode"),
      .thinking_budget = config.integer("execution.thinking_budget")};
}

// Settings of documents that were meant for this command, without the one that
// they depend on.
void check_document_flags(const RunConfig& config) {
  const auto given = [&](SettingKey<> key) {
    return config.layer(key) == Layer::flag;
  };
  if (!config.boolean("server.documents") &&
      (given("retrieval.index") || given("retrieval.embedding_model") ||
       given("retrieval.results") || given("retrieval.per_file"))) {
    fail(
        ErrorCode::invalid_request,
        "--index, --embedding-model, --results and --per-file need --documents "
        "here: without it the server answers from no documents");
  }
}

std::optional<ServedDocuments> served_documents(const RunConfig& config) {
  if (!config.boolean("server.documents")) {
    return std::nullopt;
  }
  const std::string& model = config.text("retrieval.embedding_model");
  const std::filesystem::path path(model);
  return ServedDocuments{
      .id = path.has_filename() ? path.filename().string()
                                : path.parent_path().filename().string(),
      .embedder = open_encoder(config),
      .index = index_path(config),
      .results = config.integer("retrieval.results"),
      .per_file = config.integer("retrieval.per_file")};
}

void wait_until_stopped(ApiServer& server, const Interrupt& interrupt) {
  while (!interrupt.token().stop_requested()) {
    std::this_thread::sleep_for(kLookAround);
  }
  std::fputs(
      "finishing what has begun; a second signal stops at once\n", stderr);
  server.drain();
  while (!server.is_drained()) {
    std::this_thread::sleep_for(kLookAround);
  }
}

int serve(const CLI::Option& model_argument, const SettingFlags& flags) {
  std::vector<GivenSetting> arguments;
  if (model_argument.count() > 0) {
    arguments.push_back(
        argument("model.name", model_argument.results().front()));
  }
  const RunConfig config = flags.read(std::move(arguments));
  require_own_framework(config, "bantam serve");
  check_framework(config);
  check_document_flags(config);
  const ApiServerOptions options = server_options(config);
  const ChosenModel chosen = choose_model(config);
  EngineOptions engine_settings = engine_options(config);
  engine_settings.model = chosen.name;
  engine_settings.parallel = config.integer("server.parallel");
  if (config.boolean("server.documents")) {
    engine_settings.beside_bytes = encoder_bytes(config);
  }
  engine_settings.prefix_cache_bytes =
      config.bytes("runtime.prefix_cache").value_or(kAutoPrefixCache);
  engine_settings.memory.on_stuck = [](const Result&) {
    std::fputs(
        "bantam: memory pressure, and an evaluation does not return\n", stderr);
    std::_Exit(error_kind(ErrorCode::memory_pressure).exit_code);
  };
  const Interrupt interrupt;
  Json plan = plan_report(engine_settings);
  std::optional<ServedDocuments> documents = served_documents(config);
  std::fprintf(stderr, "loading %s ...\n", chosen.name.c_str());
  Engine engine(engine_settings);
  engine.rest();
  ServedModel model =
      served_model(config, chosen.name, engine.model(), std::move(plan));
  std::fprintf(
      stderr,
      "%s: planned %s, %lld tokens for prompt and answer of a request\n",
      model.id.c_str(),
      format_size(engine.model().planned_bytes).c_str(),
      static_cast<long long>(model.budget_tokens));
  ApiServer server(
      options,
      std::move(model),
      engine,
      make_memory_source(engine_settings.memory.source),
      std::move(documents));
  server.start();
  std::printf("listening on %s\n", server.url().c_str());
  std::fflush(stdout);
  wait_until_stopped(server, interrupt);
  return 0;
}

}  // namespace

void add_serve_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand(
      "serve", "An OpenAI-compatible HTTP server with a status page");
  command->footer(
      "Listens on this machine alone, unless --host and an API key say "
      "otherwise. The\nfirst SIGTERM or Ctrl-C lets answers finish, the second "
      "stops at once.\n\n"
      "  bantam serve smollm2\n"
      "  bantam serve model.gguf --port 9000 --max-kv-size 4096");
  const CLI::Option* model =
      command->add_option("MODEL", CLI::callback_t(), "See bantam run --help");
  auto flags = std::make_shared<SettingFlags>(*command, commands::kServe);
  command->callback(
      [=, &action] { action = [=] { return serve(*model, *flags); }; });
}

}  // namespace bantam
