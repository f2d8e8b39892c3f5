// SPDX-License-Identifier: MIT
#include "retrieval/encoder_files.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "base/json.h"
#include "base/program_folder.h"
#include "kernels/encoder.h"
#include "kernels/packed_matmul.h"
#include "kernels/thread_pool.h"
#include "retrieval/encoder_batch.h"

namespace bantam {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kBuiltIn = "minilm";
constexpr const char* kBuiltInVariable = "BANTAM_MINILM";

std::string join(const std::string& folder, const char* name) {
  return (fs::path(folder) / name).string();
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool is_file(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

// A whole number of config.json within [least, most].
int64_t number(
    const Json& config,
    const std::string& path,
    const char* key,
    int64_t least,
    int64_t most) {
  const auto found = config.find(key);
  if (found == config.end() || !found->is_number_integer() ||
      found->get<int64_t>() < least || found->get<int64_t>() > most) {
    fail(
        ErrorCode::invalid_file,
        "{}: {} is not a number from {} to {}",
        path,
        key,
        least,
        most);
  }
  return found->get<int64_t>();
}

// An entry that must have this value where it is given at all.
void require(
    const Json& config,
    const std::string& path,
    const char* key,
    const Json& value) {
  const auto found = config.find(key);
  if (found != config.end() && *found != value) {
    fail(
        ErrorCode::unsupported,
        "{}: {} is {}; bantam computes {} alone",
        path,
        key,
        to_json_line(*found),
        to_json_line(value));
  }
}

void check_pooling(const std::string& folder) {
  const std::string path = join(folder, "1_Pooling/config.json");
  if (!is_file(path)) {
    return;
  }
  const Json pooling = read_json_file(path);
  require(pooling, path, "pooling_mode_mean_tokens", true);
  require(pooling, path, "pooling_mode_cls_token", false);
  require(pooling, path, "pooling_mode_max_tokens", false);
}

}  // namespace

std::string locate_text_encoder(const std::string& model) {
  if (model != kBuiltIn) {
    if (!is_folder(model)) {
      fail(
          ErrorCode::not_found,
          "{}: no such folder; an embedding model is a folder of "
          "sentence-transformers with config.json and model.safetensors, or "
          "minilm",
          model);
    }
    return model;
  }
  const char* variable = std::getenv(kBuiltInVariable);
  if (variable != nullptr && *variable != '\0') {
    if (!is_folder(variable)) {
      fail(
          ErrorCode::not_found,
          "{}: no such folder, though ${} names it",
          variable,
          kBuiltInVariable);
    }
    return variable;
  }
  for (const char* up : {"", "..", "../.."}) {
    const fs::path path =
        (program_folder() / up / "models" / "minilm").lexically_normal();
    if (is_folder(path)) {
      return path.string();
    }
  }
  fail(
      ErrorCode::not_found,
      "minilm: the embedding model is not there (looked beside the program for "
      "models/minilm); run 'python3 scripts/fetch.py embedder' in bantam's "
      "folder, or set ${} to the folder of all-MiniLM-L6-v2",
      kBuiltInVariable);
}

EncoderConfig read_encoder_config(const std::string& folder) {
  const std::string path = join(folder, "config.json");
  const Json config = read_json_file(path);
  if (!config.is_object() || config.value("model_type", Json()) != "bert") {
    fail(
        ErrorCode::unsupported,
        "{}: model_type is {}; bantam embeds with BERT encoders",
        path,
        config.is_object() ? to_json_line(config.value("model_type", Json()))
                           : "missing");
  }
  require(config, path, "hidden_act", "gelu");
  require(config, path, "position_embedding_type", "absolute");
  check_pooling(folder);
  EncoderConfig out;
  out.vocabulary = number(config, path, "vocab_size", 1, 10'000'000);
  out.hidden = number(config, path, "hidden_size", 16, 8192);
  out.intermediate = number(config, path, "intermediate_size", 1, 65536);
  out.layers = number(config, path, "num_hidden_layers", 1, 256);
  out.heads = number(config, path, "num_attention_heads", 1, 256);
  out.positions = number(config, path, "max_position_embeddings", 3, 65536);
  if (out.hidden % (16 * out.heads) != 0) {
    fail(
        ErrorCode::unsupported,
        "{}: {} heads share {} values; a head of a multiple of 16 values is "
        "what bantam computes",
        path,
        out.heads,
        out.hidden);
  }
  const Json eps = config.value("layer_norm_eps", Json(1e-12));
  if (!eps.is_number() || !(eps.get<double>() >= 0)) {
    fail(ErrorCode::invalid_file, "{}: layer_norm_eps is no number", path);
  }
  out.norm_eps = eps.get<float>();
  const std::string limits = join(folder, "sentence_bert_config.json");
  out.max_tokens = is_file(limits)
      ? number(
            read_json_file(limits), limits, "max_seq_length", 3, out.positions)
      : out.positions;
  return out;
}

EncoderPlan plan_of(const EncoderConfig& config, int threads) {
  using kernels::PackedMatrix;
  constexpr int64_t kVocabularyBytesPerToken = 176;  // as memory/plan.cpp
  EncoderPlan plan;
  plan.mapped_bytes =
      4 * config.hidden * (config.vocabulary + config.positions + 2);
  plan.packed_bytes = config.layers *
      (PackedMatrix::bytes(3 * config.hidden, config.hidden) +
       PackedMatrix::bytes(config.hidden, config.hidden) +
       PackedMatrix::bytes(config.intermediate, config.hidden) +
       PackedMatrix::bytes(config.hidden, config.intermediate));
  plan.workspace_bytes = EncoderBatch::bytes(config) +
      threads *
          kernels::encoder_attention_scratch(
              {config.heads, config.hidden / config.heads}, config.max_tokens);
  plan.vocabulary_bytes = kVocabularyBytesPerToken * config.vocabulary;
  return plan;
}

EncoderPlan plan_text_encoder(const std::string& model, int threads) {
  return plan_of(
      read_encoder_config(locate_text_encoder(model)),
      threads > 0 ? threads : kernels::physical_cores());
}

}  // namespace bantam
