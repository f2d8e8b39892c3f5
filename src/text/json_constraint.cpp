// SPDX-License-Identifier: MIT
#include "text/json_constraint.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "text/token_bytes.h"

namespace bantam {

namespace {

// States remembered before they are dropped: some tens of megabytes.
constexpr size_t kMostStates = 20'000;
constexpr size_t kMostMasks = 128;

uint32_t common_prefix(std::string_view a, std::string_view b) {
  const size_t least = std::min(a.size(), b.size());
  size_t length = 0;
  while (length < least && a[length] == b[length]) {
    ++length;
  }
  return static_cast<uint32_t>(length);
}

}  // namespace

SortedVocabulary::SortedVocabulary(const Tokenizer& tokenizer, int64_t size)
    : place_(size, -1) {
  const TokenBytes bytes_of(tokenizer);
  const int64_t known = std::min(size, tokenizer.vocabulary_size());
  std::vector<std::pair<std::string, TokenId>> tokens;
  tokens.reserve(known);
  for (TokenId id = 0; id < known; ++id) {
    std::string bytes = tokenizer.is_special(id) ? "" : bytes_of(id);
    if (!bytes.empty()) {
      tokens.emplace_back(std::move(bytes), id);
    }
  }
  std::sort(tokens.begin(), tokens.end());
  entries_.reserve(tokens.size() + 1);
  std::string_view before;
  for (const auto& [bytes, id] : tokens) {
    place_[id] = static_cast<int32_t>(entries_.size());
    entries_.push_back(
        {id,
         static_cast<uint32_t>(bytes_.size()),
         common_prefix(before, bytes)});
    bytes_ += bytes;
    before = bytes;
  }
  entries_.push_back({-1, static_cast<uint32_t>(bytes_.size()), 0});
}

std::string_view SortedVocabulary::bytes_of(TokenId id) const {
  return place_[id] < 0 ? std::string_view() : bytes(entries_[place_[id]]);
}

bool TokenMask::is_empty() const {
  return std::all_of(
      bits_.begin(), bits_.end(), [](uint64_t word) { return word == 0; });
}

JsonConstraint::JsonConstraint(
    const std::string& schema,
    std::shared_ptr<const SortedVocabulary> vocabulary)
    : vocabulary_(std::move(vocabulary)),
      compiled_(
          std::make_unique<CompiledSchema>(compile_json_schema(parse_json(
              schema,
              "the JSON schema",
              ErrorCode::invalid_request)))),
      automaton_(
          std::make_unique<ByteAutomaton>(
              compiled_->grammar,
              compiled_->start)),
      state_(automaton_->start()) {}

void JsonConstraint::restart() {
  if (automaton_->size() > kMostStates) {
    automaton_->forget(automaton_->start());
    masks_.clear();
  }
  state_ = automaton_->start();
}

const TokenMask& JsonConstraint::allowed() {
  if (automaton_->size() > kMostStates || masks_.size() >= kMostMasks) {
    state_ = automaton_->forget(state_);
    masks_.clear();
  }
  const auto known = masks_.find(state_);
  if (known != masks_.end()) {
    return known->second;
  }
  return masks_.emplace(state_, make_mask()).first->second;
}

// Tokens come in the order of their bytes. states[n] is the state after the
// first n bytes of the current one; what it shares with the one before is not
// read again.
TokenMask JsonConstraint::make_mask() {
  TokenMask mask(vocabulary_->size());
  std::vector<ByteAutomaton::State> states{state_};
  const auto& entries = vocabulary_->entries();
  for (size_t i = 0; i + 1 < entries.size(); ++i) {
    const std::string_view bytes = vocabulary_->bytes(entries[i]);
    // A shared prefix longer than what could be read is a dead end.
    if (entries[i].shared >= states.size()) {
      continue;
    }
    states.resize(entries[i].shared + 1);
    while (states.size() <= bytes.size()) {
      const auto byte = static_cast<uint8_t>(bytes[states.size() - 1]);
      const ByteAutomaton::State next = automaton_->step(states.back(), byte);
      if (next == ByteAutomaton::kDead) {
        break;
      }
      states.push_back(next);
    }
    if (states.size() > bytes.size()) {
      mask.allow(entries[i].id);
    }
  }
  return mask;
}

void JsonConstraint::accept(TokenId token) {
  for (const char c : vocabulary_->bytes_of(token)) {
    state_ = automaton_->step(state_, static_cast<uint8_t>(c));
    if (state_ == ByteAutomaton::kDead) {
      fail(ErrorCode::internal, "token {} does not fit the JSON schema", token);
    }
  }
}

}  // namespace bantam
