// SPDX-License-Identifier: MIT
// Texts to vectors of length 1 by a BERT encoder (all-MiniLM-L6-v2), as
// sentence-transformers does it: WordPiece, at most `max_tokens` of a text,
// the mean over its tokens. Alike to 1e-4 with the reference; the same bits for
// any number of threads and whatever other texts are in the batch.
// Devlin et al. 2018, "BERT"; Reimers and Gurevych 2019, "Sentence-BERT".
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "retrieval/embedder.h"

namespace bantam {

/// The numbers of config.json, 1_Pooling and sentence_bert_config.json.
struct EncoderConfig {
  int64_t vocabulary = 0;
  int64_t hidden = 0;
  int64_t intermediate = 0;
  int64_t layers = 0;
  int64_t heads = 0;
  int64_t positions = 0;
  int64_t max_tokens = 0;  // of a text; the rest is cut off
  float norm_eps = 0;
};

/// What an encoder takes in memory, by arithmetic alone.
struct EncoderPlan {
  int64_t mapped_bytes = 0;     // rows of the embedding, the tokenizer's file
  int64_t packed_bytes = 0;     // weights, rearranged for the kernels
  int64_t workspace_bytes = 0;  // activations and scratch
  int64_t vocabulary_bytes = 0;

  int64_t total_bytes() const {
    return mapped_bytes + packed_bytes + workspace_bytes + vocabulary_bytes;
  }
};

class TextEncoder final : public Embedder {
 public:
  /// `model`: "minilm" or a folder of sentence-transformers. `threads` 0: the
  /// physical cores. Throws not_found, invalid_file or unsupported.
  explicit TextEncoder(const std::string& model, int threads = 0);
  ~TextEncoder() override;
  TextEncoder(const TextEncoder&) = delete;
  TextEncoder& operator=(const TextEncoder&) = delete;

  const EncoderConfig& config() const;
  EncoderPlan plan() const;

  int64_t dimension() const override { return config().hidden; }
  const std::string& fingerprint() const override;
  int64_t text_tokens() const override { return config().max_tokens - 2; }
  int64_t count_tokens(std::string_view text) const override;
  std::vector<float> embed(std::span<const std::string> texts) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Of the same without opening the weights. Throws as TextEncoder.
EncoderPlan plan_text_encoder(const std::string& model, int threads = 0);

/// "minilm" ($BANTAM_MINILM, or the folder beside the program that `make` put
/// there) or a folder, to a folder. Throws not_found.
std::string locate_text_encoder(const std::string& model);

}  // namespace bantam
