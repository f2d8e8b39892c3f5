// SPDX-License-Identifier: MIT
// The sentences of an answer, and which of them name a source.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bantam {

/// A sentence of the answer, with the sources that it names.
struct Claim {
  size_t begin = 0;  // of the sentence and what stands before it
  size_t end = 0;    // past its sources: "... [1][2]"
  std::vector<int> sources;
  std::vector<int> unknown;  // numbers of no source
  /// It says nothing that needs a source: too short, a heading, code.
  bool needs_source = true;

  bool supported() const { return !needs_source || !sources.empty(); }
};

/// Cuts all of `text` into claims; with `source_count` sources there were.
std::vector<Claim> split_claims(std::string_view text, int source_count);

/// What is put behind a claim: "" if it names a source.
std::string_view claim_mark(const Claim& claim);

/// Passes an answer on as it comes, sentence by sentence, each one that names
/// no source marked.
class ClaimMarker {
 public:
  explicit ClaimMarker(int source_count) : source_count_(source_count) {}
  /// The text that became certain.
  std::string push(std::string_view piece);
  std::string finish();

 private:
  std::string take(bool all);

  int source_count_;
  std::string text_;  // not passed on yet
};

}  // namespace bantam
