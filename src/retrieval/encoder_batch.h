// SPDX-License-Identifier: MIT
// Room for the activations of a batch of texts, one after the other without
// padding. Internal to retrieval/.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "retrieval/text_encoder.h"

namespace bantam {

struct EncoderBatch {
  /// Tokens in work at a time. The products are as fast with 256 as with 768
  /// (measured on 2 cores), so the activations stay small.
  static constexpr int64_t kTokens = 768;

  static int64_t tokens_of(const EncoderConfig& config) {
    return std::max(kTokens, config.max_tokens);
  }
  static int64_t bytes(const EncoderConfig& config) {
    return 4 * tokens_of(config) * (6 * config.hidden + config.intermediate);
  }

  explicit EncoderBatch(const EncoderConfig& config)
      : hidden(size(config, config.hidden)),
        mixed(size(config, config.hidden)),
        attended(size(config, config.hidden)),
        qkv(size(config, 3 * config.hidden)),
        inner(size(config, config.intermediate)) {}

  std::vector<float> hidden;    // [tokens, hidden]
  std::vector<float> mixed;     // [tokens, hidden]
  std::vector<float> attended;  // [tokens, hidden]
  std::vector<float> qkv;       // [tokens, 3 * hidden]
  std::vector<float> inner;     // [tokens, intermediate]

 private:
  static size_t size(const EncoderConfig& config, int64_t width) {
    return static_cast<size_t>(tokens_of(config) * width);
  }
};

}  // namespace bantam
