// SPDX-License-Identifier: MIT
// A model in one quantization: how strong it is and how fast on a machine.
#pragma once

#include <cstdint>
#include <string>

#include "advise/catalogue.h"
#include "memory/model_shape.h"

namespace bantam {

/// A model in one quantization, from the catalogue or a checkpoint.
struct Candidate {
  std::string model;         // "Qwen3.6-27B"
  std::string quantization;  // "MLX 3-bit g64"
  std::string reference;     // what `bantam run` takes
  ModelShape shape;
  int64_t active_parameters = 0;
  int64_t bytes_per_token = 0;  // of weights
  double kept = 1;              // share of abilities after quantization
  bool thinking = false;
  std::string source;

  bool has_experts() const { return active_parameters < shape.parameters / 2; }
  /// log2 of the effective size in half billions, times `kept`; at least 0.
  double strength() const;
};

Candidate catalogue_candidate(
    const CatalogueModel& model,
    const CatalogueQuantization& quantization);

/// Bytes that are read for a token of the answer with `kv_tokens` in the cache:
/// weights, keys and values; a recurrent state is written too.
int64_t bytes_of_token(const Candidate& candidate, int64_t kv_tokens);

/// Share of a memory bandwidth that decoding reaches.
double reached_share(double bytes_per_second);

/// Tokens per second of answers with `kv_tokens` in the cache, at a memory
/// bandwidth in bytes per second.
double decode_speed(
    const Candidate& candidate,
    int64_t kv_tokens,
    double bytes_per_second);

/// Tokens per second of reading a prompt on a GPU of such a machine.
double prefill_speed(const Candidate& candidate, double bytes_per_second);

/// Share of abilities that a file of so many bits per weight keeps, between
/// the catalogue's quantizations.
double kept_at(const Catalogue& catalogue, double bits_per_weight);

}  // namespace bantam
