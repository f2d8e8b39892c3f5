// SPDX-License-Identifier: MIT
#include "cli/framework.h"

#include <filesystem>

#include "backends/mlx_lm_history.h"
#include "base/error.h"
#include "cli/version.h"
#include "weights/locate.h"

namespace bantam {

namespace {

void check_own_version(const RunConfig& config) {
  const std::string& pin = config.text("runtime.version_pin");
  if (VersionPin::parse(pin)->contains(*Version::parse(kVersion))) {
    return;
  }
  fail(
      ErrorCode::invalid_request,
      "{}: this is bantam {}, but {} is asked for; build a bantam of that "
      "range, or pin the one that is here: --version-pin \"{}\"",
      config.named("runtime.version_pin"),
      kVersion,
      pin,
      compatible_pin());
}

// model_type of config.json in the folder that the settings name; "" if there
// is none.
std::string model_type(const RunConfig& config) {
  for (const std::string& folder :
       {config.text("model.name"), config.text("model.local_path")}) {
    const std::filesystem::path path =
        std::filesystem::path(expand_home(folder)) / "config.json";
    std::error_code ignored;
    if (!folder.empty() && std::filesystem::is_regular_file(path, ignored)) {
      const Json json = read_json_file(path.string());
      const auto type = json.find("model_type");
      return type != json.end() && type->is_string() ? type->get<std::string>()
                                                     : "";
    }
  }
  return "";
}

// The flags of mlx_lm.generate that these settings take.
MlxLmNeeds needs_of(const RunConfig& config) {
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
  need(config.text("sampling.kv_bits") != "16", "--kv-bits");
  needs.model_type = model_type(config);
  return needs;
}

}  // namespace

void check_framework(const RunConfig& config) {
  const std::string& framework = config.text("runtime.framework");
  if (framework == "bantam") {
    check_own_version(config);
    return;
  }
  const std::string& pin = config.text("runtime.version_pin");
  if (const auto contradiction = pin_contradiction(pin, needs_of(config))) {
    fail(
        ErrorCode::invalid_request,
        "{}: {}; or let bantam itself answer: --framework bantam",
        config.named("runtime.version_pin"),
        *contradiction);
  }
  fail(
      ErrorCode::unavailable,
      "{}: this build cannot run {} yet; let bantam itself answer: --framework "
      "bantam",
      config.named("runtime.framework"),
      framework);
}

}  // namespace bantam
