// SPDX-License-Identifier: MIT
#include "engine/inspect.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/error.h"
#include "engine/chat_prompt.h"
#include "models/registry.h"
#include "weights/checkpoint.h"
#include "weights/locate.h"

namespace bantam {

namespace {

// Bytes and tensors per type, the largest share first.
Json tensor_types(const Checkpoint& checkpoint) {
  std::map<std::string_view, std::pair<int64_t, int64_t>> totals;
  for (const Tensor* tensor : checkpoint.tensors()) {
    auto& [count, bytes] = totals[layout_of(tensor->type).name];
    ++count;
    bytes += static_cast<int64_t>(tensor->bytes.size());
  }
  std::vector<Json> rows;
  for (const auto& [name, total] : totals) {
    rows.push_back(
        {{"type", name}, {"tensors", total.first}, {"bytes", total.second}});
  }
  std::sort(rows.begin(), rows.end(), [](const Json& a, const Json& b) {
    return a["bytes"].get<int64_t>() > b["bytes"].get<int64_t>();
  });
  return rows;
}

// The usual name: "MLX 4-bit g64", "MLX mxfp4" or the type that holds most
// bytes.
Json quantization_name(const Checkpoint& checkpoint) {
  const Json& config = checkpoint.config();
  if (config.is_object() && config.contains("quantization") &&
      config["quantization"].is_object()) {
    const Json& q = config["quantization"];
    const auto number = [&](const char* key) {
      return q.contains(key) && q[key].is_number_integer()
          ? q[key].get<int64_t>()
          : 0;
    };
    if (q.contains("mode") && q["mode"].is_string() && q["mode"] != "affine") {
      return fmt::format("MLX {}", q["mode"].get<std::string>());
    }
    return fmt::format("MLX {}-bit g{}", number("bits"), number("group_size"));
  }
  const Json types = tensor_types(checkpoint);
  return types.empty() ? Json() : types[0]["type"];
}

Json licence(const Checkpoint& checkpoint) {
  if (checkpoint.is_gguf()) {
    if (const auto text = checkpoint.gguf()->string("general.license")) {
      return *text;
    }
  }
  return nullptr;
}

Json end_token_spellings(const Checkpoint& checkpoint) {
  const auto tokenizer = checkpoint.make_tokenizer();
  Json spellings = Json::array();
  for (const TokenId id : end_tokens_of(checkpoint, *tokenizer)) {
    spellings.push_back(tokenizer->spelling(id));
  }
  return spellings;
}

// Runs `look`; what it finds wrong becomes a line of "problems".
template <typename F>
void attempt(Json& problems, const F& look) {
  try {
    look();
  } catch (const Error& error) {
    problems.push_back(error.what());
  }
}

void add_shape(const ModelShape& shape, Json& report) {
  report["family"] = shape.family;
  report["parameters"] = shape.parameters;
  report["bits_per_weight"] = 8.0 * static_cast<double>(shape.weight_bytes) /
      static_cast<double>(shape.parameters);
  report["layers"] = shape.layers.size();
  report["context_tokens"] = shape.context_tokens;
  report["vocabulary"] = shape.vocabulary;
  report["kv_bytes_per_token"] = shape.kv_bytes_per_token();
}

}  // namespace

Json inspect_model(const std::string& model) {
  const Checkpoint checkpoint(locate_model(model));
  Json problems = Json::array();
  Json report{
      {"name", checkpoint.name()},
      {"path", checkpoint.path()},
      {"format", checkpoint.is_gguf() ? "GGUF" : "safetensors"},
      {"architecture", nullptr},
      {"supported", false},
      {"family", nullptr},
      {"parameters", nullptr},
      {"bits_per_weight", nullptr},
      {"quantization", quantization_name(checkpoint)},
      {"weight_bytes", checkpoint.weight_bytes()},
      {"layers", nullptr},
      {"context_tokens", nullptr},
      {"vocabulary", nullptr},
      {"kv_bytes_per_token", nullptr},
      {"chat_template", false},
      {"end_tokens", nullptr},
      {"licence", licence(checkpoint)},
      {"tensor_types", tensor_types(checkpoint)}};
  attempt(problems, [&] {
    report["architecture"] = architecture_of(checkpoint);
    add_shape(describe(checkpoint), report);
  });
  attempt(problems, [&] {
    report["end_tokens"] = end_token_spellings(checkpoint);
  });
  attempt(problems, [&] {
    report["chat_template"] = make_chat_template(checkpoint).has_value();
  });
  report["supported"] = problems.empty();
  report["problems"] = problems;
  return report;
}

}  // namespace bantam
