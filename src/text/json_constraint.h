// SPDX-License-Identifier: MIT
// Constrained decoding: which tokens may come next, so that the answer becomes
// a JSON text that satisfies a schema.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "text/byte_automaton.h"
#include "text/json_schema.h"
#include "text/tokenizer.h"

namespace bantam {

/// A vocabulary in the order of its tokens' bytes, so that tokens that begin
/// alike are looked at together. Immutable.
class SortedVocabulary {
 public:
  /// The first `size` ids; special tokens are left out.
  SortedVocabulary(const Tokenizer& tokenizer, int64_t size);

  struct Entry {
    TokenId id;
    uint32_t begin;   // of its bytes
    uint32_t shared;  // bytes that it has in common with the entry before
  };
  const std::vector<Entry>& entries() const { return entries_; }
  std::string_view bytes(const Entry& entry) const {
    return std::string_view(bytes_).substr(
        entry.begin, (&entry)[1].begin - entry.begin);
  }
  std::string_view bytes_of(TokenId id) const;
  int64_t size() const { return static_cast<int64_t>(place_.size()); }

 private:
  std::string bytes_;           // of all entries, one after the other
  std::vector<Entry> entries_;  // and one that marks the end
  std::vector<int32_t> place_;  // of an id in entries_; -1: none
};

/// One bit for each token: may it come next?
class TokenMask {
 public:
  explicit TokenMask(int64_t size) : bits_((size + 63) / 64) {}
  void allow(TokenId id) { bits_[id / 64] |= uint64_t{1} << (id % 64); }
  bool allows(TokenId id) const { return bits_[id / 64] >> (id % 64) & 1; }
  bool is_empty() const;

 private:
  std::vector<uint64_t> bits_;
};

/// The grammar of one schema over one vocabulary. Masks are remembered, also
/// from one answer to the next. Belongs to one thread.
class JsonConstraint {
 public:
  /// `schema`: "{}" allows any JSON value. Throws invalid_request.
  JsonConstraint(
      const std::string& schema,
      std::shared_ptr<const SortedVocabulary> vocabulary);

  /// Begins an answer, or begins it again.
  void restart();
  /// The tokens that may come next. Good until the next call.
  const TokenMask& allowed();
  /// Throws internal for a token that is not allowed.
  void accept(TokenId token);
  /// Is the text complete, so that the answer may end?
  bool may_end() const { return automaton_->accepts(state_); }
  /// Must it end, because nothing may follow?
  bool must_end() const { return !automaton_->goes_on(state_); }

 private:
  TokenMask make_mask();

  std::shared_ptr<const SortedVocabulary> vocabulary_;
  std::unique_ptr<const CompiledSchema> compiled_;
  std::unique_ptr<ByteAutomaton> automaton_;
  ByteAutomaton::State state_ = 0;
  std::map<ByteAutomaton::State, TokenMask> masks_;
};

}  // namespace bantam
