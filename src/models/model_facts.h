// SPDX-License-Identifier: MIT
// The few numbers that every configuration has under well-known keys, read
// without knowing the architecture: for models that bantam cannot run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "models/tensor_census.h"
#include "weights/checkpoint.h"

namespace bantam {

struct ModelFacts {
  std::optional<int64_t> layers, context_tokens, vocabulary, hidden;
  std::optional<int64_t> kv_heads, head_dim;
  /// Layers with keys and values for every token; the others of a hybrid or
  /// sliding model. Add up to `layers` where all three are known.
  std::optional<int64_t> full_layers, sliding_layers, recurrent_layers;
  int64_t experts = 0;  // 0: dense
  int64_t active_experts = 0;

  /// Keys and values of a token at 16 bits, in the layers that keep them all.
  std::optional<int64_t> kv_bytes_per_token() const;
};

/// Never throws for what the configuration holds: what is missing or of the
/// wrong type is nullopt.
ModelFacts read_facts(const Checkpoint& checkpoint, const TensorCensus& census);

/// Parameters that a token's pass uses: all but the experts not chosen.
int64_t active_parameters(const TensorCensus& census, const ModelFacts& facts);

/// Bytes that a token's pass reads: without experts not chosen, and without
/// the input embedding where the output head has a table of its own.
int64_t bytes_per_token(const TensorCensus& census, const ModelFacts& facts);

/// "27B", "35B-A3B", "135M".
std::string size_class(int64_t parameters, int64_t active);

}  // namespace bantam
