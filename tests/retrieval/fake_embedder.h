// SPDX-License-Identifier: MIT
// Vectors without a model: which of a few words a text has.
#pragma once

#include <array>
#include <cmath>

#include "retrieval/embedder.h"

namespace bantam {

class FakeEmbedder final : public Embedder {
 public:
  explicit FakeEmbedder(std::string name = "fake") : name_(std::move(name)) {}

  int64_t dimension() const override { return 4; }
  const std::string& fingerprint() const override { return name_; }
  int64_t text_tokens() const override { return 254; }
  int64_t count_tokens(std::string_view text) const override {
    int64_t tokens = 0;
    bool inside = false;
    for (const char c : text) {
      const bool space = c == ' ' || c == '\n';
      tokens += !space && !inside ? 1 : 0;
      inside = !space;
    }
    return tokens;
  }
  std::vector<float> embed(std::span<const std::string> texts) override {
    constexpr std::array kWords = {"apple", "river", "engine"};
    std::vector<float> out;
    for (const std::string& text : texts) {
      float squares = 0.01f;
      std::array<float, 4> vector = {0, 0, 0, 0.1f};
      for (size_t i = 0; i < kWords.size(); ++i) {
        vector[i] = text.find(kWords[i]) != text.npos ? 1.0f : 0.0f;
        squares += vector[i];
      }
      for (const float value : vector) {
        out.push_back(value / std::sqrt(squares));
      }
    }
    embedded += texts.size();
    return out;
  }

  size_t embedded = 0;

 private:
  std::string name_;
};

}  // namespace bantam
