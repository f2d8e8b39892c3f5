// SPDX-License-Identifier: MIT
// The built-in catalogue (data/catalogue.json): shapes of models, what each
// quantization costs, what machines and a cloud GPU are
// like, and the rules of advice.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "memory/model_shape.h"

namespace bantam {

/// One way to quantize, and the share of the model's abilities that it keeps.
struct CatalogueQuantization {
  std::string name;    // "MLX 3-bit g64"
  std::string suffix;  // of repositories: "3bit"
  int64_t bits = 0;
  int64_t group = 0;
  double kept = 1;
  std::string source;

  /// Scales and biases of 16 bits included.
  double bits_per_weight() const {
    return static_cast<double>(bits) + 32.0 / static_cast<double>(group);
  }
};

/// A model's numbers, as its config.json has them.
struct CatalogueModel {
  std::string name, repository, licence, source;
  bool thinking = false;
  int64_t layers = 0;
  int64_t full_attention_interval = 1;  // every n-th layer keeps all tokens
  int64_t hidden = 0;
  int64_t intermediate = 0;  // 0: experts instead
  int64_t experts = 0, active_experts = 0;
  int64_t moe_intermediate = 0, shared_intermediate = 0;
  int64_t heads = 0, kv_heads = 0, head_dim = 0;
  bool gated_attention = false;
  int64_t linear_key_heads = 0, linear_value_heads = 0;
  int64_t linear_head_dim = 0, conv_kernel = 0;
  int64_t vocabulary = 0;
  bool tied = false;
  int64_t context_tokens = 0;

  /// Of the text model; norms and other vectors are left out.
  int64_t parameters() const;
  /// Those that a token's pass reads, the input embedding left out.
  int64_t active_parameters() const;

  ModelShape shape(const CatalogueQuantization& quantization) const;
};

struct CatalogueMachine {
  std::string name, source;
  int64_t up_to_ram_bytes = 0;
  double bytes_per_second = 0;
};

struct CatalogueCloud {
  std::string gpu, source;
  double bytes_per_second = 0;
  double dollars_per_hour = 0;
  double batch = 0;       // answers at a time
  double efficiency = 0;  // share of the bandwidth that is reached
};

/// What advice follows, with its reason: `advise --explain` shows them.
struct AdviceRule {
  std::string id, text, source;
};

struct Catalogue {
  std::vector<CatalogueQuantization> quantizations;
  std::vector<CatalogueModel> models;
  std::vector<CatalogueMachine> machines;  // by rising memory
  CatalogueCloud cloud;
  std::vector<AdviceRule> rules;

  /// Throws internal if there is none of this id: advice is written here.
  const AdviceRule& rule(std::string_view id) const;
};

/// Throws invalid_file for a catalogue that lacks a number, or has one that
/// is not positive.
Catalogue read_catalogue(std::string_view json, std::string_view source);

/// What is compiled in.
const Catalogue& built_in_catalogue();

/// The text of data/catalogue.json.
std::string_view catalogue_text();

}  // namespace bantam
