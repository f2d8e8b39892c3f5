// SPDX-License-Identifier: MIT
#include "models/quantization_name.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "base/error.h"

namespace bantam {

namespace {

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

// --- GGUF -------------------------------------------------------------------

struct FileType {
  int64_t number;
  std::string_view name;
  TensorType type;  // of most weights
};

// llama.cpp's enum llama_ftype (include/llama.h).
constexpr FileType kFileTypes[] = {
    {0, "F32", TensorType::f32},          {1, "F16", TensorType::f16},
    {2, "Q4_0", TensorType::q4_0},        {3, "Q4_1", TensorType::q4_1},
    {7, "Q8_0", TensorType::q8_0},        {8, "Q5_0", TensorType::q5_0},
    {9, "Q5_1", TensorType::q5_1},        {10, "Q2_K", TensorType::q2_k},
    {11, "Q3_K_S", TensorType::q3_k},     {12, "Q3_K_M", TensorType::q3_k},
    {13, "Q3_K_L", TensorType::q3_k},     {14, "Q4_K_S", TensorType::q4_k},
    {15, "Q4_K_M", TensorType::q4_k},     {16, "Q5_K_S", TensorType::q5_k},
    {17, "Q5_K_M", TensorType::q5_k},     {18, "Q6_K", TensorType::q6_k},
    {19, "IQ2_XXS", TensorType::iq2_xxs}, {20, "IQ2_XS", TensorType::iq2_xs},
    {21, "Q2_K_S", TensorType::q2_k},     {22, "IQ3_XS", TensorType::iq3_xxs},
    {23, "IQ3_XXS", TensorType::iq3_xxs}, {24, "IQ1_S", TensorType::iq1_s},
    {25, "IQ4_NL", TensorType::iq4_nl},   {26, "IQ3_S", TensorType::iq3_s},
    {27, "IQ3_M", TensorType::iq3_s},     {28, "IQ2_S", TensorType::iq2_xs},
    {29, "IQ2_M", TensorType::iq2_s},     {30, "IQ4_XS", TensorType::iq4_xs},
    {31, "IQ1_M", TensorType::iq1_m},     {32, "BF16", TensorType::bf16},
    {36, "TQ1_0", TensorType::tq1_0},     {37, "TQ2_0", TensorType::tq2_0},
    {38, "MXFP4", TensorType::mxfp4},
};

// llama.cpp adds this where it guessed the type.
constexpr int64_t kGuessed = 1024;

// Bytes of each type, without vectors and the two tables over the vocabulary,
// which have types of their own in most mixes.
std::map<TensorType, int64_t> bytes_by_type(const TensorCensus& census) {
  std::map<TensorType, int64_t> body, all;
  for (const CensusModule& module : census.modules) {
    all[module.type] += module.bytes;
    if (module.role != TensorRole::embedding &&
        module.role != TensorRole::lm_head && module.role != TensorRole::norm) {
      body[module.type] += module.bytes;
    }
  }
  return body.empty() ? all : body;
}

std::optional<TensorType> most_of(const std::map<TensorType, int64_t>& bytes) {
  if (bytes.empty()) {
    return std::nullopt;
  }
  return std::ranges::max_element(
             bytes, {}, [](const auto& entry) { return entry.second; })
      ->first;
}

// S, M and L of a K type by what stands beside it, as llama.cpp mixes them
// (src/llama-quant.cpp): M raises attn_v and ffn_down of some layers.
std::string name_of_mix(
    TensorType most,
    const std::map<TensorType, int64_t>& bytes) {
  const std::string name(layout_of(most).name);
  const auto has = [&](TensorType type) { return bytes.contains(type); };
  switch (most) {
    case TensorType::q3_k:
      return name +
          (has(TensorType::q4_k)       ? "_M"
               : has(TensorType::q5_k) ? "_L"
                                       : "_S");
    case TensorType::q4_k:
    case TensorType::q5_k:
      return name + (has(TensorType::q6_k) ? "_M" : "_S");
    default:
      return name;
  }
}

QuantizationName gguf_name(const GgufFile& gguf, const TensorCensus& census) {
  const auto bytes = bytes_by_type(census);
  const auto most = most_of(bytes);
  if (!most) {
    return {"none", {}};
  }
  const std::string mix = name_of_mix(*most, bytes);
  std::optional<int64_t> number;
  try {
    number = gguf.integer("general.file_type");
  } catch (const Error& error) {
    return {mix, {error.what()}};
  }
  if (!number) {
    return {mix, {}};
  }
  const int64_t plain = *number >= kGuessed ? *number - kGuessed : *number;
  for (const FileType& known : kFileTypes) {
    if (known.number != plain) {
      continue;
    }
    // A mix may hold little of the type it is named for, but some.
    if (bytes.contains(known.type)) {
      return {std::string(known.name), {}};
    }
    return {
        mix,
        {fmt::format(
            "general.file_type says {}, but no tensor has that type; most are "
            "{}",
            known.name,
            layout_of(*most).name)}};
  }
  return {
      mix, {fmt::format("general.file_type {} is not a known one", *number)}};
}

// --- folders ----------------------------------------------------------------

// A layer whose v_proj and down_proj get the high bits in mlx-lm's mixed
// recipes (mlx_lm/convert.py, mixed_quant_predicate_builder).
bool is_raised_layer(int64_t layer, int64_t layers) {
  return layer < layers / 8 || layer >= 7 * layers / 8 ||
      (layer - layers / 8) % 3 == 2;
}

bool is_raised(const CensusModule& module, int64_t layers) {
  const auto has = [&](std::string_view piece) {
    return module.path.find(piece) != std::string::npos;
  };
  if (has("lm_head")) {
    return true;
  }
  const bool candidate =
      has("v_proj") || has("v_a_proj") || has("v_b_proj") || has("down_proj");
  return candidate &&
      is_raised_layer(std::max<int64_t>(0, module.layer), layers);
}

// "mixed_3_6" where every module follows the recipe.
std::optional<std::string> recipe_name(
    const std::vector<const CensusModule*>& modules,
    int64_t low,
    int64_t high) {
  int64_t layers = 0;
  for (const CensusModule* module : modules) {
    layers = std::max(layers, module->layer + 1);
  }
  for (const CensusModule* module : modules) {
    if (module->bits != (is_raised(*module, layers) ? high : low)) {
      return std::nullopt;
    }
  }
  return fmt::format("mixed_{}_{}", low, high);
}

// Which roles hold modules of `bits`: "embedding, attention".
std::string roles_of(
    const std::vector<const CensusModule*>& modules,
    int64_t bits) {
  std::set<TensorRole> roles;
  for (const CensusModule* module : modules) {
    if (module->bits == bits) {
      roles.insert(module->role);
    }
  }
  std::string names;
  for (const TensorRole role : roles) {
    names += (names.empty() ? "" : ", ") + std::string(role_name(role));
  }
  return names;
}

std::string mlx_name(const std::vector<const CensusModule*>& modules) {
  // Bytes by mode, bits and group.
  using Format = std::tuple<std::string, int64_t, int64_t>;
  std::map<Format, int64_t> bytes;
  for (const CensusModule* module : modules) {
    bytes[{module->mode, module->bits, module->group}] += module->bytes;
  }
  const auto& [mode, bits, group] =
      std::ranges::max_element(bytes, {}, [](const auto& entry) {
        return entry.second;
      })->first;
  const std::string base = mode == "affine"
      ? fmt::format("MLX {}-bit g{}", bits, group)
      : fmt::format("MLX {} g{}", mode, group);
  std::set<int64_t> all_bits;
  std::vector<const CensusModule*> without_routers;
  for (const CensusModule* module : modules) {
    // Routers of experts are small and kept at 8 bits by mlx-lm's own rule.
    if (module->role != TensorRole::router) {
      all_bits.insert(module->bits);
      without_routers.push_back(module);
    }
  }
  if (all_bits.size() <= 1) {
    return base;
  }
  if (all_bits.size() == 2) {
    const auto recipe =
        recipe_name(without_routers, *all_bits.begin(), *all_bits.rbegin());
    if (recipe) {
      return fmt::format("MLX {} g{}", *recipe, group);
    }
  }
  std::string rest;
  for (const int64_t other : all_bits) {
    if (other != bits) {
      rest += fmt::format(
          "{}{}-bit {}",
          rest.empty() ? "" : "; ",
          other,
          roles_of(without_routers, other));
    }
  }
  return fmt::format("{} ({})", base, rest);
}

// "GPTQ 4-bit g128", "FP8".
std::string foreign_name(const Json& entry) {
  const auto text = [&](const char* key) -> std::string {
    return entry.contains(key) && entry[key].is_string()
        ? entry[key].get<std::string>()
        : "";
  };
  const auto number = [&](std::initializer_list<const char*> keys) -> int64_t {
    for (const char* key : keys) {
      if (entry.contains(key) && entry[key].is_number_integer()) {
        return entry[key].get<int64_t>();
      }
    }
    return 0;
  };
  std::string name = text("quant_method");
  name = name.empty() ? "unknown method" : upper(name);
  const int64_t bits = number({"bits", "w_bit"});
  const int64_t group = number({"group_size", "q_group_size"});
  name += bits > 0 ? fmt::format(" {}-bit", bits) : "";
  name += group > 0 ? fmt::format(" g{}", group) : "";
  return name;
}

QuantizationName folder_name(
    const Checkpoint& checkpoint,
    const TensorCensus& census) {
  std::vector<const CensusModule*> quantized;
  for (const CensusModule& module : census.modules) {
    if (!module.mode.empty()) {
      quantized.push_back(&module);
    }
  }
  if (!quantized.empty()) {
    return {mlx_name(quantized), {}};
  }
  const Json& config = checkpoint.config();
  if (config.is_object() && config.contains("quantization_config") &&
      config["quantization_config"].is_object()) {
    return {foreign_name(config["quantization_config"]), {}};
  }
  const auto most = most_of(bytes_by_type(census));
  return {most ? std::string(layout_of(*most).name) : "none", {}};
}

}  // namespace

QuantizationName quantization_name(
    const Checkpoint& checkpoint,
    const TensorCensus& census) {
  return checkpoint.is_gguf() ? gguf_name(*checkpoint.gguf(), census)
                              : folder_name(checkpoint, census);
}

}  // namespace bantam
