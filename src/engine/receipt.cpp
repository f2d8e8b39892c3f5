// SPDX-License-Identifier: MIT
#include "engine/receipt.h"

#include <mlx/version.h>

#include "base/error.h"
#include "base/sha256.h"
#include "engine/receipt_settings.h"
#include "kernels/targets.h"
#include "machine/this_machine.h"
#include "weights/checkpoint.h"
#include "weights/locate.h"
#include "weights/model_hash.h"

namespace bantam {

namespace {

constexpr int kFormat = 1;

Json environment_json(const std::vector<std::string>& model_files) {
  const MachineProfile machine = this_machine();
  return {
      {"bantam", BANTAM_VERSION},
      {"mlx", mlx::core::version()},
      {"kernels", kernels::target_name()},
      {"system", machine.system},
      {"processor", machine.processor},
      {"model_sha256", model_sha256(model_files)}};
}

Json memory_json(const MemoryUse& memory) {
  Json pressure = Json::array();
  for (const PressureEvent& event : memory.pressure) {
    pressure.push_back({{"t_s", event.t_s}, {"level", event.level}});
  }
  return {
      {"planned_bytes", memory.planned_bytes},
      {"peak_bytes", memory.peak_bytes},
      {"budget_bytes", memory.budget_bytes},
      {"kv_budget_tokens", memory.kv_budget_tokens},
      {"kv_dropped_tokens", memory.kv_dropped_tokens},
      {"pressure_max", memory.pressure_max},
      {"pressure", pressure},
      {"swap_growth_bytes",
       memory.swap_growth_bytes ? Json(*memory.swap_growth_bytes) : Json()},
      {"stop_reason",
       memory.stop_reason.empty() ? Json() : Json(memory.stop_reason)}};
}

const Json& member(
    const Json& object,
    const char* key,
    const std::string& source) {
  const auto found = object.find(key);
  if (found == object.end()) {
    fail(
        ErrorCode::invalid_request,
        "{}: it has no \"{}\", so it is not a whole receipt",
        source,
        key);
  }
  return *found;
}

std::vector<int32_t> token_list(const Json& list, const std::string& source) {
  try {
    return list.get<std::vector<int32_t>>();
  } catch (const Json::exception&) {
    fail(
        ErrorCode::invalid_request,
        "{}: a list of token ids is damaged",
        source);
  }
}

struct EnvironmentKey {
  const char* key;
  const char* name;
  bool can_change_bits;
};

// The order of summation is fixed (kernels/matmul.h), so another processor or
// instruction set must give the same bits; they are named for the day when
// they do not.
constexpr EnvironmentKey kEnvironment[] = {
    {"model_sha256", "model", true},
    {"bantam", "bantam", true},
    {"mlx", "MLX", true},
    {"system", "system", true},
    {"kernels", "kernels", false},
    {"processor", "processor", false},
};

}  // namespace

Json make_receipt(
    const EngineOptions& options,
    const Request& request,
    const Result& result,
    const ModelSummary& model) {
  return {
      {"format", kFormat},
      {"environment", environment_json(model.files)},
      {"model",
       {{"name", model.name},
        {"path", model.path},
        {"family", model.family},
        {"bits_per_weight", model.bits_per_weight}}},
      {"settings", settings_json(options, request)},
      {"prompt_ids", result.prompt_ids},
      {"token_ids", result.token_ids},
      {"finish_reason", finish_reason_name(result.finish_reason)},
      {"text_sha256", sha256_of(result.text)},
      {"memory", memory_json(result.memory)},
      {"notes", result.notes}};
}

Receipt read_receipt(const std::string& path) {
  Json json;
  try {
    json = read_json_file(path);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::invalid_file) {
      throw Error(ErrorCode::invalid_request, error.what());
    }
    throw;
  }
  if (!json.is_object() || json.value("format", Json()) != kFormat) {
    fail(
        ErrorCode::invalid_request,
        "{}: not a receipt of a format that this bantam knows ({})",
        path,
        kFormat);
  }
  Receipt receipt;
  receipt.environment = member(json, "environment", path);
  read_settings(
      member(json, "settings", path), path, receipt.options, receipt.request);
  receipt.prompt_ids = token_list(member(json, "prompt_ids", path), path);
  receipt.token_ids = token_list(member(json, "token_ids", path), path);
  const Json& digest = member(json, "text_sha256", path);
  receipt.text_sha256 = digest.is_string() ? digest.get<std::string>() : "";
  return receipt;
}

std::vector<EnvironmentChange> environment_changes(const Receipt& receipt) {
  const Checkpoint checkpoint(locate_model(receipt.options.model));
  Json now = environment_json(checkpoint.files());
  if (receipt.options.kernels == KernelChoice::portable) {
    now["kernels"] = "portable";  // which the engine will choose
  }
  std::vector<EnvironmentChange> changes;
  for (const EnvironmentKey& entry : kEnvironment) {
    const Json then = receipt.environment.is_object()
        ? receipt.environment.value(entry.key, Json())
        : Json();
    if (then != now[entry.key]) {
      const auto text = [](const Json& value) {
        return value.is_string() ? value.get<std::string>()
                                 : std::string("not known");
      };
      changes.push_back(
          {entry.name,
           fmt::format(
               "{}: {} then, {} now",
               entry.name,
               text(then),
               text(now[entry.key])),
           entry.can_change_bits});
    }
  }
  return changes;
}

}  // namespace bantam
