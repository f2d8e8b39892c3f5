// SPDX-License-Identifier: MIT
// Session: to a file and back, with the cache.
#include <mlx/version.h>

#include <algorithm>
#include <utility>

#include "bantam/session.h"
#include "base/error.h"
#include "base/sealed_file.h"
#include "engine/engine_impl.h"
#include "engine/session_record.h"
#include "nn/eval.h"
#include "weights/model_hash.h"

namespace bantam {

namespace {

// What the bytes of a cache depend on besides the model and its tokens.
Json cache_settings(const EngineOptions& options, const RunShape& run) {
  return {
      {"max_kv_size", run.kv_budget_tokens},
      {"kv_bits", run.kv_bits},
      {"kernels", options.kernels == KernelChoice::mlx ? "mlx" : "native"},
      {"device", options.device == DeviceChoice::gpu ? "gpu" : "cpu"}};
}

Json program() {
  return {{"bantam", BANTAM_VERSION}, {"mlx", mlx::core::version()}};
}

void check_settings(
    const Json& then,
    const Json& now,
    const std::string& path) {
  for (const auto& [key, value] : now.items()) {
    const Json saved = then.is_object() ? then.value(key, Json()) : Json();
    if (saved != value) {
      fail(
          ErrorCode::invalid_request,
          "{}: was saved with {} {}, but this session has {}; start bantam "
          "with that setting to take it up",
          path,
          key,
          to_json_line(saved),
          to_json_line(value));
    }
  }
}

}  // namespace

void Session::save(const std::string& path) {
  Engine::Impl& engine = *engine_.impl_;
  Sequence& sequence = engine.sequences.first();
  SessionRecord record{
      .model_sha256 = model_sha256(engine.summary.files),
      .model_name = engine.summary.name,
      .settings = cache_settings(engine.options, engine.run),
      .program = program(),
      .system_prompt = options_.system_prompt,
      .summary = summary_,
      .thinking = request_.thinking};
  for (const Exchange& exchange : exchanges_) {
    record.exchanges.emplace_back(exchange.user, exchange.assistant);
  }
  record.ids = reusable_ids();
  const auto position = static_cast<int64_t>(record.ids.size());
  const int64_t bytes = position > 0 ? sequence.cache.used_bytes(position) : 0;
  SealedFileWriter file(path, record_text(record), bytes);
  if (position > 0) {
    sequence.cache.each_used(position, [&](std::byte* from, int64_t count) {
      file.add({from, static_cast<size_t>(count)});
    });
  }
  file.finish();
}

// Moves the cache to where the next prompt can take it up; its tokens.
std::vector<int32_t> Session::reusable_ids() {
  Engine::Impl& engine = *engine_.impl_;
  Sequence& sequence = engine.sequences.first();
  if (exchanges_.empty() || !sequence.timeline.is_native()) {
    return {};
  }
  // Two possible next messages: what their prompts share is certain.
  std::vector<std::string> notes;
  const auto ids = [&](const char* message) {
    return engine.chat_prompt.encode(request_for(message), notes).ids;
  };
  std::vector<int32_t> certain = ids(".");
  const std::vector<int32_t> other = ids(",");
  certain.erase(std::ranges::mismatch(certain, other).in1, certain.end());
  if (certain.size() < 2 ||
      static_cast<int64_t>(certain.size()) > sequence.cache.budget_tokens()) {
    return {};
  }
  nn::settle(engine.compute);
  sequence.timeline.start(certain, {});
  const auto tokens = sequence.timeline.tokens();
  return {tokens.begin(), tokens.end()};
}

// Returns why the cache was left out; "" if it was not.
std::string Session::load_cache(SealedFile& file, const SessionRecord& record) {
  Engine::Impl& engine = *engine_.impl_;
  Sequence& sequence = engine.sequences.first();
  const auto position = static_cast<int64_t>(record.ids.size());
  if (position == 0) {
    return "";
  }
  if (record.program != program()) {
    return "another version of bantam computed it";
  }
  const bool known = std::ranges::all_of(
      record.ids, [&](int32_t id) { return id < engine.shape.vocabulary; });
  if (!sequence.timeline.is_native() || !known ||
      position > sequence.cache.budget_tokens() ||
      file.payload_bytes() != sequence.cache.used_bytes(position)) {
    return "it is not of this model's shape";
  }
  if (!file.payload_is_sound()) {
    return "it is damaged";
  }
  nn::settle(engine.compute);
  sequence.timeline.forget();
  try {
    sequence.cache.each_used(position, [&](std::byte* to, int64_t count) {
      file.read({to, static_cast<size_t>(count)});
    });
  } catch (const Error&) {
    sequence.timeline.forget();
    return "it cannot be read";
  }
  sequence.cache.move_to(position);
  sequence.timeline.take_over(record.ids);
  return "";
}

std::vector<std::string> Session::load(const std::string& path) {
  Engine::Impl& engine = *engine_.impl_;
  std::unique_ptr<SealedFile> file;
  SessionRecord record;
  try {
    file = std::make_unique<SealedFile>(path);
    record = parse_session_record(file->header(), path);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::invalid_file) {
      throw;
    }
    return {fmt::format("{}; it is ignored", error.what())};
  }
  if (record.model_sha256 != model_sha256(engine.summary.files)) {
    fail(
        ErrorCode::invalid_request,
        "{}: belongs to another model ({}); this is {}",
        path,
        record.model_name,
        engine.summary.name);
  }
  check_settings(
      record.settings, cache_settings(engine.options, engine.run), path);
  std::vector<std::string> notes;
  const std::string without = load_cache(*file, record);
  if (!without.empty()) {
    notes.push_back(
        fmt::format(
            "{}: the cache in it is left out, because {}; the next message "
            "reads the conversation again",
            path,
            without));
  }
  exchanges_.clear();
  for (auto& [user, assistant] : record.exchanges) {
    exchanges_.push_back({std::move(user), std::move(assistant)});
  }
  options_.system_prompt = record.system_prompt;
  summary_ = record.summary;
  request_.thinking = record.thinking;
  context_tokens_ = static_cast<int64_t>(record.ids.size());
  const auto limit = static_cast<size_t>(options_.history_limit);
  if (exchanges_.size() > limit) {
    notes.push_back(
        fmt::format(
            "{}: holds {} exchanges; the oldest are dropped, since the limit "
            "is {}",
            path,
            exchanges_.size(),
            limit));
    exchanges_.erase(
        exchanges_.begin(),
        exchanges_.end() - static_cast<std::ptrdiff_t>(limit));
  }
  return notes;
}

}  // namespace bantam
