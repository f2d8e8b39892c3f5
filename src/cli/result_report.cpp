// SPDX-License-Identifier: MIT
#include "cli/result_report.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "base/error.h"
#include "base/size.h"
#include "weights/model_hash.h"

namespace bantam {

namespace {

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

// Hashing takes a second a gigabyte, so a model that no receipt has hashed yet
// has no digest here unless it is small.
Json known_sha256(const ModelSummary& model) {
  constexpr int64_t kSmall = int64_t{256} << 20;
  if (model.files.empty()) {
    return nullptr;
  }
  try {
    return model.weight_bytes <= kSmall
        ? Json(model_sha256(model.files))
        : or_null(known_model_sha256(model.files));
  } catch (const Error&) {
    return nullptr;  // The file went away; the answer is there all the same.
  }
}

// Another backend that was stopped may not have said how many there were.
Json counted_tokens(const Result& result) {
  const bool unknown = result.token_ids.empty() && !result.reported_tokens &&
      !result.text.empty();
  return unknown ? Json() : Json(result.completion_tokens());
}

double per_second(int64_t tokens, double seconds) {
  return seconds > 0 ? static_cast<double>(tokens) / seconds : 0;
}

// Tokens after the first are what decoding takes its time for.
double decode_tps(const Result& result) {
  return per_second(
      std::max<int64_t>(0, result.completion_tokens() - 1),
      result.timing.decode_s);
}

Json experts_json(const ExpertUse& experts) {
  return {
      {"hit_rate", experts.hit_rate()},
      {"choices", experts.choices},
      {"visits", experts.visits},
      {"misses", experts.misses},
      {"used_bytes", experts.bytes},
      {"read_bytes", experts.missed_bytes},
      {"resident_bytes", experts.resident_bytes},
      {"total_bytes", experts.total_bytes}};
}

}  // namespace

Json result_json(
    const Result& result,
    const ModelSummary& model,
    const Json& applied) {
  const Timing& timing = result.timing;
  const MemoryUse& memory = result.memory;
  return {
      {"text", result.text},
      {"reasoning", result.reasoning},
      {"token_ids", result.token_ids},
      {"finish_reason", finish_reason_name(result.finish_reason)},
      {"usage",
       {{"prompt_tokens", result.prompt_tokens},
        {"completion_tokens", counted_tokens(result)},
        {"cached_tokens", result.cached_tokens},
        {"reasoning_tokens", result.reasoning_tokens}}},
      {"timing",
       {{"load_s", timing.load_s},
        {"prefill_s", timing.prefill_s},
        {"decode_s", timing.decode_s},
        {"prefill_tps",
         per_second(
             result.prompt_tokens - result.cached_tokens, timing.prefill_s)},
        {"decode_tps", decode_tps(result)},
        {"first_token_s", timing.load_s + timing.first_token_s}}},
      {"memory",
       {{"planned_bytes", memory.planned_bytes},
        {"peak_bytes", memory.peak_bytes},
        {"budget_bytes", memory.budget_bytes},
        {"kv_budget_tokens", memory.kv_budget_tokens},
        {"kv_dropped_tokens", memory.kv_dropped_tokens},
        {"pressure_max", memory.pressure_max},
        {"swap_growth_bytes", or_null(memory.swap_growth_bytes)},
        {"stop_reason",
         memory.stop_reason.empty() ? Json() : Json(memory.stop_reason)},
        {"stop_latency_s", or_null(memory.stop_latency_s)}}},
      {"experts", result.experts ? experts_json(*result.experts) : Json()},
      {"applied", applied},
      {"model",
       {{"name", model.name},
        {"sha256", known_sha256(model)},
        {"family", model.family},
        {"bits_per_weight", model.bits_per_weight}}},
      {"notes", result.notes}};
}

void print_statistics(const Result& result) {
  const Timing& timing = result.timing;
  std::fprintf(
      stderr,
      "prompt %lld tokens, %.1f tok/s | answer %lld tokens, %.1f tok/s | "
      "first token %.2f s | memory %s of %s planned | KV %lld of %lld tokens",
      static_cast<long long>(result.prompt_tokens),
      per_second(result.prompt_tokens - result.cached_tokens, timing.prefill_s),
      static_cast<long long>(result.completion_tokens()),
      decode_tps(result),
      timing.load_s + timing.first_token_s,
      format_size(result.memory.peak_bytes).c_str(),
      format_size(result.memory.planned_bytes).c_str(),
      static_cast<long long>(std::min(
          result.prompt_tokens + result.completion_tokens(),
          result.memory.kv_budget_tokens)),
      static_cast<long long>(result.memory.kv_budget_tokens));
  if (result.memory.kv_dropped_tokens > 0) {
    std::fprintf(
        stderr,
        ", %lld dropped",
        static_cast<long long>(result.memory.kv_dropped_tokens));
  }
  if (result.experts) {
    std::fprintf(
        stderr,
        " | experts: %.1f %% were in memory, %s read",
        100 * result.experts->hit_rate(),
        format_size(result.experts->missed_bytes).c_str());
  }
  std::fputc('\n', stderr);
}

int exit_code_of(const Result& result) {
  switch (result.finish_reason) {
    case FinishReason::cancelled:
      return error_kind(ErrorCode::cancelled).exit_code;
    case FinishReason::memory:
      return error_kind(ErrorCode::memory_pressure).exit_code;
    case FinishReason::swap:
      return error_kind(ErrorCode::swap).exit_code;
    default:
      return 0;
  }
}

}  // namespace bantam
