// SPDX-License-Identifier: MIT
// Tells the answer from the rest of what mlx_lm.generate prints:
//
//   whatever libraries say
//   ==========
//   the answer, token by token
//   ==========
//   Prompt: 36 tokens, 12.345 tokens-per-sec
//   Generation: 8 tokens, 6.789 tokens-per-sec
//   Peak memory: 0.432 GB
//
// An answer may hold such lines itself: only the last ones, right before the
// end, are not part of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bantam {

struct MlxLmStatistics {
  int64_t prompt_tokens = 0;
  double prompt_tps = 0;
  int64_t generated_tokens = 0;
  double generation_tps = 0;
};

class MlxLmOutput {
 public:
  /// Takes the next bytes; returns the part of the answer that is now certain,
  /// whole UTF-8 characters, invalid bytes replaced. Throws unavailable when a
  /// mebibyte has come and no answer has begun.
  std::string push(std::string_view bytes);
  /// At the end of the output: the rest of the answer.
  std::string finish();

  bool begun() const { return begun_; }
  /// After finish(); nullopt if the output did not end with them.
  const std::optional<MlxLmStatistics>& statistics() const {
    return statistics_;
  }
  /// What came before the answer.
  const std::string& preamble() const { return preamble_; }

 private:
  std::string certain_text();
  std::string whole_characters(std::string_view bytes, bool last);

  bool begun_ = false;
  std::string preamble_;
  std::string held_;     // may be the beginning of the end
  std::string cut_off_;  // the beginning of a character
  std::optional<MlxLmStatistics> statistics_;
};

}  // namespace bantam
