// SPDX-License-Identifier: MIT
#include "server/api_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "text/json_schema.h"
#include "text/template_traits.h"

namespace bantam {

namespace {

constexpr size_t kMostStops = 16;
constexpr std::string_view kHarmonyFinal = "<|channel|>final<|message|>";

std::vector<std::pair<int32_t, float>> read_logit_bias(
    JsonFields& fields,
    const ServedModel& model) {
  std::vector<std::pair<int32_t, float>> biases;
  const Json* map = fields.object("logit_bias");
  if (map == nullptr) {
    return biases;
  }
  for (const auto& [key, value] : map->items()) {
    int32_t id = 0;
    const char* end = key.data() + key.size();
    const auto [stop, error] = std::from_chars(key.data(), end, id);
    if (error != std::errc{} || stop != end || id < 0 ||
        id >= model.vocabulary) {
      fields.refuse(
          "logit_bias",
          fmt::format(
              "'logit_bias' has the key \"{}\", which is no token id below {}",
              key,
              model.vocabulary));
    }
    const double bias = value.is_number() ? value.get<double>() : NAN;
    if (!(bias >= -100 && bias <= 100)) {
      fields.refuse(
          "logit_bias",
          fmt::format(
              "'logit_bias' of token {} must be a number from -100 to 100",
              id));
    }
    biases.emplace_back(id, static_cast<float>(bias));
  }
  return biases;
}

void compile_schema(const Json& schema, const std::string& path) {
  try {
    compile_json_schema(schema);
  } catch (const Error& error) {
    throw bad_field(
        path, fmt::format("'{}' cannot be honoured: {}", path, error.what()))
        .with_code("unsupported_schema");
  }
}

}  // namespace

void read_model(JsonFields& fields, const ServedModel& model) {
  const std::optional<std::string> name = fields.text("model");
  if (name && *name != model.id) {
    throw ApiError(
        404,
        fmt::format(
            "the model '{}' is not served here; this server has '{}'",
            *name,
            model.id))
        .about("model")
        .with_code("model_not_found");
  }
}

SamplingSettings read_sampling(JsonFields& fields, const ServedModel& model) {
  SamplingSettings sampling = model.sampling;
  const auto take = [](auto& setting, const auto& value) {
    if (value) {
      setting = static_cast<std::decay_t<decltype(setting)>>(*value);
    }
  };
  take(sampling.temperature, fields.number("temperature", 0, 2));
  take(sampling.top_p, fields.number("top_p", 0, 1));
  take(sampling.top_k, fields.integer("top_k", 0, 1'000'000'000));
  take(sampling.min_p, fields.number("min_p", 0, 1));
  take(
      sampling.repetition_penalty,
      fields.number("repetition_penalty", 0.01, 100));
  take(sampling.presence_penalty, fields.number("presence_penalty", -2, 2));
  take(sampling.frequency_penalty, fields.number("frequency_penalty", -2, 2));
  take(sampling.seed, fields.integer("seed"));
  if (fields.has("logit_bias")) {
    sampling.logit_bias = read_logit_bias(fields, model);
  }
  return sampling;
}

std::vector<std::string> read_stop(JsonFields& fields, std::string_view key) {
  const Json* given = fields.find(key);
  if (given == nullptr) {
    return {};
  }
  std::vector<std::string> stops;
  const Json list = given->is_array() ? *given : Json::array({*given});
  for (const Json& stop : list) {
    if (!stop.is_string() || stop.get_ref<const std::string&>().empty()) {
      fields.refuse(
          key,
          fmt::format(
              "'{}' must be a string or a list of strings, none of them empty",
              fields.name(key)));
    }
    stops.push_back(stop.get<std::string>());
  }
  if (stops.size() > kMostStops) {
    fields.refuse(
        key,
        fmt::format(
            "'{}' has {} strings, but at most {} are taken",
            fields.name(key),
            stops.size(),
            kMostStops));
  }
  return stops;
}

std::optional<int64_t> read_max_kv_size(
    JsonFields& fields,
    const ServedModel& model) {
  const std::optional<int64_t> size = fields.integer("max_kv_size", 5);
  if (size && *size > model.budget_tokens) {
    fields.refuse(
        "max_kv_size",
        fmt::format(
            "'max_kv_size' is {}, but the server's memory plan has room for {} "
            "tokens; start it with a larger --max-kv-size",
            *size,
            model.budget_tokens));
  }
  return size;
}

void read_reasoning_effort(
    const std::optional<std::string>& effort,
    const std::string& field,
    const ServedModel& model,
    Request& request) {
  request.thinking = model.thinking;
  request.thinking_budget = model.thinking_budget;
  if (!effort) {
    return;
  }
  constexpr std::string_view kKnown[] = {
      "none", "minimal", "low", "medium", "high", "xhigh"};
  if (std::find(std::begin(kKnown), std::end(kKnown), *effort) ==
      std::end(kKnown)) {
    throw bad_field(
        field,
        fmt::format(
            "'{}' is \"{}\", but must be none, minimal, low, medium, high or "
            "xhigh",
            field,
            *effort));
  }
  const bool thinks = *effort != "none" && *effort != "minimal";
  const std::string name = template_traits(model.chat_template).thinking_switch;
  if (name == "reasoning_effort") {
    // Channels cannot be turned off; they know low, medium and high.
    const bool channels =
        tool_call_form(model.chat_template) == ToolCallForm::harmony;
    const std::string word = !channels || *effort == "low" ? *effort
        : !thinks                                          ? "low"
        : *effort == "xhigh"                               ? "high"
                                                           : *effort;
    request.template_variables = to_json_line(Json{{name, word}});
  } else if (!name.empty()) {
    request.thinking = thinks;
  } else if (thinks) {
    throw bad_field(
        field,
        fmt::format(
            "'{}' is \"{}\", but this model's template has no switch for "
            "reasoning",
            field,
            *effort));
  }
}

void read_format(
    const Json& format,
    const std::string& path,
    const ServedModel& model,
    Request& request) {
  JsonFields fields(format, path + ".");
  const std::string type = fields.required_text("type");
  if (type == "text") {
    return;
  }
  if (type == "json_object") {
    request.json_schema = R"({"type":"object"})";
  } else if (type == "json_schema") {
    const Json* inner = fields.object("json_schema");
    const std::string inner_path = inner ? path + ".json_schema" : path;
    JsonFields schema_fields(inner ? *inner : format, inner_path + ".");
    const Json* schema = schema_fields.object("schema");
    if (schema == nullptr) {
      schema_fields.refuse(
          "schema",
          fmt::format("'{}' is required", schema_fields.name("schema")));
    }
    compile_schema(*schema, inner_path + ".schema");
    request.json_schema = to_json_line(*schema);
  } else {
    fields.refuse(
        "type",
        fmt::format(
            "'{}' is \"{}\", but must be text, json_object or json_schema",
            fields.name("type"),
            type));
  }
  // Such a model writes which channel it writes to before it writes the JSON.
  if (tool_call_form(model.chat_template) == ToolCallForm::harmony) {
    request.answer_prefix = kHarmonyFinal;
  }
}

std::vector<Request> choices_of(const Request& request, int64_t n) {
  std::vector<Request> choices;
  for (int64_t i = 0; i < n; ++i) {
    choices.push_back(request);
    choices.back().sampling.seed += static_cast<uint64_t>(i);
  }
  return choices;
}

void fit_to_budget(
    ApiCall& call,
    std::optional<int64_t> prompt_tokens,
    const ServedModel& model,
    const std::string& max_tokens_field) {
  const int64_t most = std::min(
      {call.max_kv_size.value_or(model.budget_tokens),
       model.budget_tokens,
       model.context_tokens});
  const int64_t prompt = prompt_tokens.value_or(0);
  if (prompt >= most) {
    throw ApiError(
        400,
        fmt::format(
            "the prompt has {} tokens, but the budget for prompt and answer "
            "together is {} tokens; shorten it, or start the server with a "
            "larger --max-kv-size",
            prompt,
            most))
        .about("messages")
        .with_code("context_length_exceeded");
  }
  if (call.max_tokens && *call.max_tokens > most - prompt) {
    throw ApiError(
        400,
        fmt::format(
            "the prompt has {} tokens and '{}' asks for {} more, {} together, "
            "but the budget is {} tokens; ask for at most {}, or leave '{}' "
            "out",
            prompt,
            max_tokens_field,
            *call.max_tokens,
            prompt + *call.max_tokens,
            most,
            most - prompt,
            max_tokens_field))
        .about(max_tokens_field)
        .with_code("context_length_exceeded");
  }
  for (Request& request : call.requests) {
    request.max_tokens = call.max_tokens.value_or(most - prompt);
  }
}

}  // namespace bantam
