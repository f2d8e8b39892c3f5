// SPDX-License-Identifier: MIT
// bantam convert IN OUT: a GGUF file as a folder in MLX format, without loss.
#include "engine/convert.h"

#include <unistd.h>

#include <cstdio>
#include <memory>

#include "base/size.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/progress_line.h"

namespace bantam {

namespace {

int convert(const ConvertOptions& options, bool json) {
  Interrupt interrupt;
  ProgressLine line(!json && ::isatty(STDERR_FILENO) != 0);
  const Json report = convert_to_folder(
      options,
      [&](int64_t done, int64_t total) {
        line.show(
            fmt::format("{} of {}", format_size(done), format_size(total)));
      },
      interrupt.token());
  line.clear();
  if (json) {
    std::printf("%s\n", to_json_line(report).c_str());
  } else {
    std::printf(
        "%s: %lld tensors, %s, the same values as in %s\n",
        options.folder.c_str(),
        report["tensors"].get<long long>(),
        format_size(report["output_bytes"].get<int64_t>()).c_str(),
        report["input"].get<std::string>().c_str());
  }
  return 0;
}

}  // namespace

void add_convert_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<ConvertOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand(
      "convert", "A GGUF file as a folder in MLX format, without loss");
  command->footer(
      "F32, F16, BF16, Q4_0, Q4_1 and Q8_0 have an exact equivalent in MLX's\n"
      "formats; a file with another type is refused before anything is\n"
      "written.\n\n"
      "  bantam convert smollm2 smollm2-mlx");
  command->add_option("IN", options->model, "A .gguf file, or smollm2")
      ->required();
  command
      ->add_option("OUT", options->folder, "A folder that does not exist yet")
      ->required();
  command->add_flag("--json", *json, "Print one JSON object");
  command->callback(
      [=, &action] { action = [=] { return convert(*options, *json); }; });
}

}  // namespace bantam
