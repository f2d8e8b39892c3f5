// SPDX-License-Identifier: MIT
// bantam bench MODEL: speed and memory at several lengths of context.
#include <algorithm>
#include <cstdio>
#include <memory>

#include "bantam/engine.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/json.h"
#include "base/size.h"
#include "cli/bench_report.h"
#include "cli/chosen_model.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/setting_flags.h"
#include "engine/inspect.h"
#include "kernels/bandwidth.h"
#include "kernels/targets.h"
#include "kernels/thread_pool.h"

namespace bantam {

namespace {

constexpr double kBusSeconds = 1.5;

struct BenchOptions {
  std::vector<int64_t> contexts{0, 512, 2048};
  int64_t tokens = 64;
  int rounds = 3;
  bool csv = false;
  std::string svg;
};

void check_options(const BenchOptions& options, const ModelShape& shape) {
  const auto at_least = [](const char* flag, int64_t value, int64_t least) {
    if (value < least) {
      fail(
          ErrorCode::invalid_request,
          "{} is {}, but must be at least {}",
          flag,
          value,
          least);
    }
  };
  at_least("--tokens", options.tokens, 1);
  at_least("--rounds", options.rounds, 1);
  for (const int64_t context : options.contexts) {
    at_least("--context", context, 0);
    if (shape.context_tokens > 0 &&
        context > shape.context_tokens - options.tokens - 1) {
      fail(
          ErrorCode::invalid_request,
          "--context {} and --tokens {}: the model's context holds {} tokens",
          context,
          options.tokens,
          shape.context_tokens);
    }
  }
}

// An engine of its own for each context, so that plan and peak are those of a
// run of this length. Called with ascending contexts: the peak of a process
// only grows.
BenchPoint measure(
    const BenchOptions& options,
    EngineOptions engine_options,
    int64_t context,
    std::stop_token stop) {
  engine_options.max_kv_size =
      std::max(int64_t{5}, context + options.tokens + 1);
  engine_options.prefill_chunk =
      std::min(engine_options.prefill_chunk, std::max<int64_t>(context, 1));
  Engine engine(engine_options);
  BenchPoint point{.context_tokens = context};
  for (int round = 0; round < options.rounds; ++round) {
    const TokenTimes times = engine.time_tokens(context, options.tokens, stop);
    switch (times.finish_reason) {
      case FinishReason::cancelled:
        fail(ErrorCode::cancelled, "interrupted");
      case FinishReason::memory:
        fail(ErrorCode::memory_pressure, "{}", times.memory.stop_reason);
      case FinishReason::swap:
        fail(ErrorCode::swap, "{}", times.memory.stop_reason);
      default:
        break;
    }
    if (context > 0) {
      point.prefill_tps.push_back(
          static_cast<double>(context) / times.prefill_s);
    }
    point.decode_tps.push_back(
        static_cast<double>(options.tokens) / times.decode_s);
    point.planned_bytes = times.memory.planned_bytes;
    point.peak_bytes = times.memory.peak_bytes;
    for (const std::string& note : times.notes) {
      std::fprintf(stderr, "note: %s\n", note.c_str());
    }
  }
  return point;
}

// What a token reads at the middle of the measured stretch.
int64_t read_bytes(
    const ModelSizes& sizes,
    const BenchOptions& options,
    int64_t context,
    int kv_bits) {
  return sizes.bytes_per_token +
      sizes.shape.kv_bytes(context + options.tokens / 2, kv_bits) +
      sizes.shape.state_bytes();
}

int bench(
    BenchOptions options,
    const CLI::Option& model,
    const SettingFlags& flags) {
  std::vector<GivenSetting> arguments;
  if (model.count() > 0) {
    arguments.push_back(argument("model.name", model.results().front()));
  }
  const RunConfig config = flags.read(std::move(arguments));
  EngineOptions engine = engine_options(config);
  engine.model = choose_model(config).name;
  const ModelSizes sizes = model_sizes(engine.model);
  check_options(options, sizes.shape);
  std::ranges::sort(options.contexts);
  const auto twice = std::ranges::unique(options.contexts);
  options.contexts.erase(twice.begin(), twice.end());

  Interrupt interrupt;
  BenchReport report{
      .model = sizes.name,
      .quantization = sizes.quantization,
      .kv_bits = engine.kv_bits,
      .rounds = options.rounds,
      .tokens = options.tokens};
  for (const int64_t context : options.contexts) {
    report.points.push_back(
        measure(options, engine, context, interrupt.token()));
    report.points.back().read_bytes =
        read_bytes(sizes, options, context, engine.kv_bits);
  }
  report.kernels = engine.kernels == KernelChoice::mlx
      ? "mlx"
      : std::string(kernels::target_name());
  // Last, because its buffer would be in every peak.
  kernels::ThreadPool pool(engine.threads);
  report.threads = pool.threads();
  report.bus_bytes_per_s = kernels::read_bandwidth(pool, kBusSeconds);

  if (!options.svg.empty()) {
    write_file_atomically(options.svg, bench_svg(report));
  }
  if (config.boolean("output.json")) {
    std::printf("%s\n", to_json_line(bench_json(report)).c_str());
  } else if (options.csv) {
    std::fputs(bench_csv(report).c_str(), stdout);
  } else {
    std::fputs(bench_text(report).c_str(), stdout);
  }
  return 0;
}

}  // namespace

void add_bench_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand(
      "bench", "Speed and memory at several lengths of context");
  command->footer(
      "For each context: reading it, then decoding after it; medians over the "
      "rounds. The\nmemory bus is measured in the same run; decoding reads "
      "all active weights and the\ncache for each token, so its share of the "
      "bus says how much faster it could be.\n\n"
      "  bantam bench smollm2\n"
      "  bantam bench model.gguf --context 0,4096 --kv-bits 8 --svg speed.svg");
  const CLI::Option* model =
      command->add_option("MODEL", CLI::callback_t(), "See bantam run --help");
  auto options = std::make_shared<BenchOptions>();
  command
      ->add_option(
          "--context", options->contexts, "Tokens before those measured")
      ->delimiter(',')
      ->type_name("INT,...")
      ->capture_default_str();
  command->add_option("--tokens", options->tokens, "Tokens to decode")
      ->capture_default_str();
  command->add_option("--rounds", options->rounds, "Measurements of each")
      ->capture_default_str();
  command->add_flag("--csv", options->csv, "Print comma-separated values");
  command->add_option(
      "--svg", options->svg, "Plot tokens per second against context");
  auto flags = std::make_shared<SettingFlags>(*command, commands::kBench);
  command->callback([=, &action] {
    action = [=] { return bench(*options, *model, *flags); };
  });
}

}  // namespace bantam
