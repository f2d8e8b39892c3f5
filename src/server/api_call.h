// SPDX-License-Identifier: MIT
// A request to the API once its body is understood: the same for every dialect.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bantam/request.h"
#include "server/json_fields.h"
#include "server/served_model.h"
#include "text/tool_calls.h"

namespace bantam {

struct ApiCall {
  std::vector<Request> requests;  // one for each choice
  bool stream = false;
  bool include_usage = false;  // in a stream
  bool logprobs = false;
  /// Of the answer; nullopt: as many as fit.
  std::optional<int64_t> max_tokens;
  /// Of prompt and answer together; nullopt: the server's budget.
  std::optional<int64_t> max_kv_size;
  /// The tools that may be called; form is set if there are any.
  ToolSchemas tools;
  std::optional<ToolCallForm> form;
  bool must_call = false;
  bool one_call = false;  // parallel_tool_calls is false
  /// Fields that were accepted and change nothing.
  std::vector<std::string> ignored;
};

/// Checks "model": the served one, or left out. Throws ApiError 404.
void read_model(JsonFields& fields, const ServedModel& model);

/// temperature, top_p, penalties, logit_bias, seed, and what bantam adds:
/// top_k, min_p, repetition_penalty.
SamplingSettings read_sampling(JsonFields& fields, const ServedModel& model);

/// "stop" (or another key): a string or a list of strings.
std::vector<std::string> read_stop(JsonFields& fields, std::string_view key);

/// max_kv_size, within the server's budget.
std::optional<int64_t> read_max_kv_size(
    JsonFields& fields,
    const ServedModel& model);

/// What a client asked about reasoning: "none" to "high", as the template's
/// switch takes it.
void read_reasoning_effort(
    const std::optional<std::string>& effort,
    const std::string& field,
    const ServedModel& model,
    Request& request);

/// A text, json_object or json_schema format: its schema goes to `request`.
/// `format` has the keys type, schema (within json_schema, or beside type).
void read_format(
    const Json& format,
    const std::string& path,
    const ServedModel& model,
    Request& request);

/// `request` n times, each with a seed of its own.
std::vector<Request> choices_of(const Request& request, int64_t n);

/// Knowing how long the prompt is (nullopt: not known), sets max_tokens of each
/// request. Throws ApiError 400 with the numbers if it does not fit.
void fit_to_budget(
    ApiCall& call,
    std::optional<int64_t> prompt_tokens,
    const ServedModel& model,
    const std::string& max_tokens_field);

}  // namespace bantam
