// SPDX-License-Identifier: MIT
// What tokenizer.ggml.token_type says of a token. Internal to text/.
#pragma once

#include <cstddef>
#include <cstdint>

#include "text/tokenizer.h"

namespace bantam {

/// llama.cpp's llama_token_type.
enum GgufTokenType : int32_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6,
};

inline int32_t token_type(const GgufVocabulary& vocabulary, size_t id) {
  return vocabulary.types.empty() ? kNormal : vocabulary.types[id];
}

/// Found in the text as it is spelled, before the model sees it. An empty
/// spelling is a hole that a converter left.
inline bool is_added_token(const GgufVocabulary& vocabulary, size_t id) {
  const int32_t type = token_type(vocabulary, id);
  return !vocabulary.tokens[id].empty() &&
      (type == kControl || type == kUnknown || type == kUserDefined);
}

inline bool is_special_token(const GgufVocabulary& vocabulary, size_t id) {
  return is_added_token(vocabulary, id) &&
      token_type(vocabulary, id) != kUserDefined;
}

}  // namespace bantam
