// SPDX-License-Identifier: MIT
#include "retrieval/text_encoder.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/sha256.h"
#include "kernels/elementwise.h"
#include "kernels/encoder.h"
#include "kernels/matmul.h"
#include "kernels/packed_matmul.h"
#include "kernels/thread_pool.h"
#include "retrieval/encoder_batch.h"
#include "retrieval/encoder_files.h"
#include "text/tokenizer.h"
#include "weights/checkpoint.h"

namespace bantam {

namespace {

using kernels::PackedMatrix;
using kernels::WeightMatrix;

struct Norm {
  std::vector<float> weight, bias;
};

struct Layer {
  PackedMatrix qkv, attention_output, intermediate, output;
  Norm attention_norm, output_norm;
};

// Adds the rows of `path` (weight and bias) to `to`, from `first` on.
void pack(
    const Checkpoint& checkpoint,
    const std::string& path,
    int64_t first,
    int64_t rows,
    float factor,
    PackedMatrix& to) {
  const WeightMatrix weight = checkpoint.matrix(path, rows, to.cols());
  const std::vector<float> bias = checkpoint.vector(path + ".bias", rows);
  std::vector<float> row(static_cast<size_t>(to.cols()));
  for (int64_t r = 0; r < rows; ++r) {
    kernels::dequantize_row(weight, r, row.data());
    to.set_row(first + r, row.data(), bias[static_cast<size_t>(r)], factor);
  }
}

PackedMatrix packed(
    const Checkpoint& checkpoint,
    const std::string& path,
    int64_t rows,
    int64_t cols) {
  PackedMatrix matrix(rows, cols);
  pack(checkpoint, path, 0, rows, 1.0f, matrix);
  return matrix;
}

Norm read_norm(
    const Checkpoint& checkpoint,
    const std::string& path,
    int64_t size) {
  return {
      checkpoint.vector(path + ".weight", size),
      checkpoint.vector(path + ".bias", size)};
}

Layer read_layer(
    const Checkpoint& checkpoint,
    const std::string& path,
    const EncoderConfig& config) {
  const int64_t hidden = config.hidden;
  const std::string self = path + "attention.self.";
  const float scale = 1.0f /
      std::sqrt(static_cast<float>(hidden) / static_cast<float>(config.heads));
  Layer layer;
  layer.qkv = PackedMatrix(3 * hidden, hidden);
  pack(checkpoint, self + "query", 0, hidden, scale, layer.qkv);
  pack(checkpoint, self + "key", hidden, hidden, 1.0f, layer.qkv);
  pack(checkpoint, self + "value", 2 * hidden, hidden, 1.0f, layer.qkv);
  layer.attention_output =
      packed(checkpoint, path + "attention.output.dense", hidden, hidden);
  layer.attention_norm =
      read_norm(checkpoint, path + "attention.output.LayerNorm", hidden);
  layer.intermediate = packed(
      checkpoint, path + "intermediate.dense", config.intermediate, hidden);
  layer.output =
      packed(checkpoint, path + "output.dense", hidden, config.intermediate);
  layer.output_norm = read_norm(checkpoint, path + "output.LayerNorm", hidden);
  return layer;
}

// The weights' bytes name the model, and how they are read: a vector of one
// encoder says nothing to another.
std::string fingerprint_of(const Checkpoint& checkpoint) {
  Sha256 digest;
  for (const Tensor* tensor : checkpoint.tensors()) {
    digest.add(tensor->name);
    // Beginning and end tell models apart; all of it would take a second.
    const auto bytes = tensor->bytes;
    const size_t part = std::min<size_t>(bytes.size(), 4096);
    digest.add(bytes.first(part));
    digest.add(bytes.last(part));
  }
  return digest.hex().substr(0, 16);
}

}  // namespace

struct TextEncoder::State {
  State(const std::string& folder, int threads)
      : config(read_encoder_config(folder)),
        checkpoint(folder),
        tokenizer(checkpoint.make_tokenizer()),
        pool(threads),
        batch(config) {
    read_weights();
  }

  void read_weights();
  void forward(
      std::span<const std::vector<TokenId>> texts,
      std::span<float> out);
  void embed_tokens(std::span<const std::vector<TokenId>> texts);
  void run_layer(const Layer& layer, std::span<const int64_t> starts);
  std::vector<TokenId> ids_of(const std::string& text) const;

  EncoderConfig config;
  Checkpoint checkpoint;
  std::unique_ptr<Tokenizer> tokenizer;
  std::string fingerprint;
  std::string prefix;         // of the tensors' names
  WeightMatrix words;         // [vocabulary, hidden]
  std::vector<float> places;  // [positions, hidden], the type's row added
  Norm embedding_norm;
  std::vector<Layer> layers;
  kernels::ThreadPool pool;
  EncoderBatch batch;
};

void TextEncoder::State::read_weights() {
  prefix = checkpoint.find("bert.embeddings.word_embeddings.weight") != nullptr
      ? "bert."
      : "";
  const std::string at = prefix + "embeddings.";
  const int64_t hidden = config.hidden;
  words = checkpoint.matrix(at + "word_embeddings", config.vocabulary, hidden);
  if (tokenizer->vocabulary_size() > config.vocabulary) {
    fail(
        ErrorCode::invalid_file,
        "{}: the tokenizer has {} tokens, the embedding {} rows",
        checkpoint.path(),
        tokenizer->vocabulary_size(),
        config.vocabulary);
  }
  const WeightMatrix positions =
      checkpoint.matrix(at + "position_embeddings", config.positions, hidden);
  const std::vector<float> types =
      checkpoint.values(checkpoint.at(at + "token_type_embeddings.weight"));
  if (static_cast<int64_t>(types.size()) < hidden) {
    fail(
        ErrorCode::invalid_file,
        "{}: {}token_type_embeddings.weight has no row of {} values",
        checkpoint.path(),
        at,
        hidden);
  }
  places.resize(static_cast<size_t>(config.max_tokens * hidden));
  for (int64_t p = 0; p < config.max_tokens; ++p) {
    float* row = places.data() + p * hidden;
    kernels::dequantize_row(positions, p, row);
    kernels::add_scaled(types.data(), 1.0f, hidden, row);
  }
  embedding_norm = read_norm(checkpoint, at + "LayerNorm", hidden);
  for (int64_t i = 0; i < config.layers; ++i) {
    layers.push_back(read_layer(
        checkpoint, fmt::format("{}encoder.layer.{}.", prefix, i), config));
  }
  fingerprint = fingerprint_of(checkpoint);
  // What was packed is not needed twice.
  const MappedPages pages(checkpoint.mapped_files());
  for (const Tensor* tensor : checkpoint.tensors()) {
    if (tensor->bytes.data() != words.data) {
      pages.release(tensor->bytes);
    }
  }
}

std::vector<TokenId> TextEncoder::State::ids_of(const std::string& text) const {
  std::vector<TokenId> ids = tokenizer->encode(text);
  const auto most = static_cast<size_t>(config.max_tokens);
  if (ids.size() > most) {  // the last one is [SEP] and stays
    ids[most - 1] = ids.back();
    ids.resize(most);
  }
  if (ids.empty()) {
    fail(
        ErrorCode::invalid_file,
        "{}: its tokenizer makes no token of an empty text; a BERT tokenizer "
        "adds [CLS] and [SEP]",
        checkpoint.path());
  }
  return ids;
}

void TextEncoder::State::embed_tokens(
    std::span<const std::vector<TokenId>> texts) {
  const int64_t hidden = config.hidden;
  float* word = batch.hidden.data();
  float* place = batch.mixed.data();
  int64_t tokens = 0;
  for (const std::vector<TokenId>& ids : texts) {
    std::copy_n(
        places.data(),
        static_cast<int64_t>(ids.size()) * hidden,
        place + tokens * hidden);
    for (const TokenId id : ids) {
      kernels::dequantize_row(words, id, word + tokens * hidden);
      ++tokens;
    }
  }
  kernels::add_layer_norm(
      place,
      embedding_norm.weight.data(),
      embedding_norm.bias.data(),
      config.norm_eps,
      tokens,
      hidden,
      word,
      pool);
}

void TextEncoder::State::run_layer(
    const Layer& layer,
    std::span<const int64_t> starts) {
  const int64_t tokens = starts.back();
  const int64_t hidden = config.hidden;
  const auto product = [&](const PackedMatrix& w,
                           const std::vector<float>& x,
                           float* y) {
    kernels::packed_matmul(w, x.data(), w.cols(), tokens, y, w.rows(), pool);
  };
  const auto add_norm = [&](const Norm& norm) {
    kernels::add_layer_norm(
        batch.mixed.data(),
        norm.weight.data(),
        norm.bias.data(),
        config.norm_eps,
        tokens,
        hidden,
        batch.hidden.data(),
        pool);
  };
  product(layer.qkv, batch.hidden, batch.qkv.data());
  kernels::encoder_attention(
      {config.heads, hidden / config.heads},
      batch.qkv.data(),
      starts,
      batch.attended.data(),
      pool);
  product(layer.attention_output, batch.attended, batch.mixed.data());
  add_norm(layer.attention_norm);
  product(layer.intermediate, batch.hidden, batch.inner.data());
  kernels::gelu(batch.inner.data(), tokens * config.intermediate, pool);
  product(layer.output, batch.inner, batch.mixed.data());
  add_norm(layer.output_norm);
}

// out: [texts, hidden]; all texts fit the batch.
void TextEncoder::State::forward(
    std::span<const std::vector<TokenId>> texts,
    std::span<float> out) {
  std::vector<int64_t> starts = {0};
  for (const std::vector<TokenId>& ids : texts) {
    starts.push_back(starts.back() + static_cast<int64_t>(ids.size()));
  }
  embed_tokens(texts);
  for (const Layer& layer : layers) {
    run_layer(layer, starts);
  }
  const auto hidden = static_cast<size_t>(config.hidden);
  for (size_t s = 0; s < texts.size(); ++s) {
    const std::span<float> mean = out.subspan(s * hidden, hidden);
    std::vector<double> sum(hidden);
    for (int64_t t = starts[s]; t < starts[s + 1]; ++t) {
      for (size_t i = 0; i < hidden; ++i) {
        sum[i] += batch.hidden[static_cast<size_t>(t) * hidden + i];
      }
    }
    // The mean's factor falls out when the length is made 1.
    double squares = 0;
    for (const double value : sum) {
      squares += value * value;
    }
    const double inverse = squares > 0 ? 1.0 / std::sqrt(squares) : 0.0;
    for (size_t i = 0; i < hidden; ++i) {
      mean[i] = static_cast<float>(sum[i] * inverse);
    }
  }
}

TextEncoder::TextEncoder(const std::string& model, int threads)
    : state_(std::make_unique<State>(locate_text_encoder(model), threads)) {}

TextEncoder::~TextEncoder() = default;

const EncoderConfig& TextEncoder::config() const {
  return state_->config;
}

const std::string& TextEncoder::fingerprint() const {
  return state_->fingerprint;
}

int64_t TextEncoder::count_tokens(std::string_view text) const {
  const auto ids = state_->tokenizer->encode(text, {.add_special = false});
  return static_cast<int64_t>(ids.size());
}

std::vector<float> TextEncoder::embed(std::span<const std::string> texts) {
  std::vector<std::vector<TokenId>> ids;
  ids.reserve(texts.size());
  for (const std::string& text : texts) {
    ids.push_back(state_->ids_of(text));
  }
  const int64_t room = EncoderBatch::tokens_of(state_->config);
  const auto hidden = static_cast<size_t>(dimension());
  std::vector<float> out(texts.size() * hidden);
  for (size_t first = 0; first < ids.size();) {
    size_t end = first;
    int64_t tokens = 0;
    while (end < ids.size() &&
           tokens + static_cast<int64_t>(ids[end].size()) <= room) {
      tokens += static_cast<int64_t>(ids[end].size());
      ++end;
    }
    state_->forward(
        std::span(ids).subspan(first, end - first),
        std::span(out).subspan(first * hidden));
    first = end;
  }
  return out;
}

EncoderPlan TextEncoder::plan() const {
  return plan_of(state_->config, state_->pool.threads());
}

}  // namespace bantam
