// SPDX-License-Identifier: MIT
// The bytes that each token of a vocabulary adds to a text: half a character
// where decode() would have to show U+FFFD.
#pragma once

#include <string>

#include "text/tokenizer.h"

namespace bantam {

/// Immutable; the tokenizer must outlive it. Any thread.
class TokenBytes {
 public:
  explicit TokenBytes(const Tokenizer& tokenizer);

  /// A special token's are its spelling. "" for an id that is not used.
  std::string operator()(TokenId id) const;

 private:
  enum class Spelling {
    byte_level,  // stand-ins of bytes: "Ġthe"
    metaspace,   // "▁the", and "<0x0A>" for a byte
    plain,
  };

  const Tokenizer& tokenizer_;
  Spelling spelling_;
};

}  // namespace bantam
