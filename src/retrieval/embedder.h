// SPDX-License-Identifier: MIT
// Anything that turns texts into vectors of length 1.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bantam {

/// Used by one thread at a time.
class Embedder {
 public:
  virtual ~Embedder() = default;

  virtual int64_t dimension() const = 0;
  /// Names the model: vectors of different fingerprints do not compare.
  virtual const std::string& fingerprint() const = 0;
  /// Tokens of a text that its vector depends on; the rest is cut off.
  virtual int64_t text_tokens() const = 0;
  /// How many tokens `text`, which must be UTF-8, has.
  virtual int64_t count_tokens(std::string_view text) const = 0;
  /// [texts, dimension]. Throws invalid_request for invalid UTF-8.
  virtual std::vector<float> embed(std::span<const std::string> texts) = 0;
};

}  // namespace bantam
