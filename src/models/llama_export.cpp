// SPDX-License-Identifier: MIT
// A llama-family GGUF file as a folder in MLX format. Reads the metadata
// itself: what it writes must say the same, key by key.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <unordered_set>

#include "base/error.h"
#include "models/config_reader.h"
#include "models/families.h"
#include "models/rope_scaling.h"

namespace bantam {

namespace {

// A module of a layer: how the folder and the file call it.
struct ModuleNames {
  std::string_view folder, gguf;
};

constexpr ModuleNames kEmbedTokens{"model.embed_tokens", "token_embd"};
constexpr ModuleNames kNorm{"model.norm", "output_norm"};
constexpr ModuleNames kLmHead{"lm_head", "output"};
constexpr ModuleNames kQueries{"self_attn.q_proj", "attn_q"};
constexpr ModuleNames kKeys{"self_attn.k_proj", "attn_k"};
constexpr std::array kNorms{
    ModuleNames{"input_layernorm", "attn_norm"},
    ModuleNames{"post_attention_layernorm", "ffn_norm"}};
constexpr std::array kAttention{
    kQueries,
    kKeys,
    ModuleNames{"self_attn.v_proj", "attn_v"},
    ModuleNames{"self_attn.o_proj", "attn_output"}};
constexpr std::array kMlp{
    ModuleNames{"mlp.gate_proj", "ffn_gate"},
    ModuleNames{"mlp.up_proj", "ffn_up"},
    ModuleNames{"mlp.down_proj", "ffn_down"}};

constexpr std::string_view kRopeTable = "rope_freqs.weight";

// The shortest decimal that reads back as the same float: 1e-05 instead of
// 9.999999747378752e-06.
double shortest(double stored) {
  const std::string text = fmt::format("{}", static_cast<float>(stored));
  return std::strtod(text.c_str(), nullptr);
}

class LlamaExport {
 public:
  explicit LlamaExport(const Checkpoint& checkpoint)
      : checkpoint_(checkpoint),
        gguf_(*checkpoint.gguf()),
        prefix_(architecture_of(checkpoint) + "."),
        layers_(required("block_count")),
        heads_(required("attention.head_count")),
        kv_heads_(optional("attention.head_count_kv", heads_)) {}

  FolderExport make() {
    add_weight(kEmbedTokens.gguf, kEmbedTokens.folder);
    for (int64_t i = 0; i < layers_; ++i) {
      add_layer(i);
    }
    add_weight(kNorm.gguf, kNorm.folder);
    if (!is_tied()) {
      add_weight(kLmHead.gguf, kLmHead.folder);
    }
    check_all_have_a_place();
    result_.config = config_json();
    return std::move(result_);
  }

 private:
  int64_t required(const char* key) const {
    const std::string name = prefix_ + key;
    return positive(gguf_.integer(name), name, gguf_.path());
  }
  int64_t optional(const char* key, int64_t otherwise) const {
    const std::string name = prefix_ + key;
    return positive(
        gguf_.integer(name).value_or(otherwise), name, gguf_.path());
  }

  bool is_tied() const { return checkpoint_.find("output.weight") == nullptr; }
  // config.json turns biases on for all of a block's projections or for none.
  bool has_bias(std::string_view first_of_block) const {
    return checkpoint_.find(fmt::format("blk.0.{}.bias", first_of_block)) !=
        nullptr;
  }

  void add(
      const std::string& name,
      std::string_view path,
      std::string_view part,
      int64_t paired_heads) {
    const Tensor& tensor = checkpoint_.at(name);
    placed_.insert(&tensor);
    result_.tensors.push_back(
        {.tensor = &tensor,
         .path = std::string(path),
         .part = std::string(part),
         .paired_heads = paired_heads});
  }
  void add_weight(
      std::string_view gguf,
      std::string_view path,
      int64_t paired_heads = 0) {
    add(fmt::format("{}.weight", gguf), path, "weight", paired_heads);
  }

  void add_layer(int64_t i) {
    const auto add_module =
        [&](const ModuleNames& names, bool biased, int64_t paired_heads) {
          const std::string gguf = fmt::format("blk.{}.{}", i, names.gguf);
          const std::string path =
              fmt::format("model.layers.{}.{}", i, names.folder);
          add_weight(gguf, path, paired_heads);
          if (biased) {
            add(gguf + ".bias", path, "bias", paired_heads);
          }
        };
    for (const ModuleNames& names : kNorms) {
      add_module(names, false, 0);
    }
    for (const ModuleNames& names : kAttention) {
      const int64_t paired_heads = names.gguf == kQueries.gguf ? heads_
          : names.gguf == kKeys.gguf                           ? kv_heads_
                                                               : 0;
      add_module(names, has_bias(kQueries.gguf), paired_heads);
    }
    for (const ModuleNames& names : kMlp) {
      add_module(names, has_bias(kMlp.front().gguf), 0);
    }
  }

  void check_all_have_a_place() const {
    for (const Tensor* tensor : checkpoint_.tensors()) {
      if (placed_.contains(tensor)) {
        continue;
      }
      // rope_scaling() says what this table says.
      if (tensor->name != kRopeTable) {
        fail(
            ErrorCode::unsupported,
            "{}: tensor '{}': it has no place in an MLX folder of this family",
            tensor->file,
            tensor->name);
      }
    }
  }

  // All dimensions of a head are rotated, or config.json cannot say it.
  int64_t head_dim(int64_t hidden) const {
    const int64_t head_dim = optional("attention.key_length", hidden / heads_);
    const int64_t rotated = optional("rope.dimension_count", head_dim);
    const Tensor& q = checkpoint_.at("blk.0.attn_q.weight");
    if (rotated != head_dim || head_dim % 2 != 0 || q.shape.empty() ||
        q.shape.front() != heads_ * head_dim) {
      fail(
          ErrorCode::unsupported,
          "{}: {} of {} dimensions of a head are rotated; an MLX folder of "
          "this family can only say that all are, in pairs",
          gguf_.path(),
          rotated,
          head_dim);
    }
    return head_dim;
  }

  // Converters bake Llama 3's formula into a table of divisors; config.json
  // wants the formula. Its low and high factors have been 1 and 4 in every
  // release, the largest divisor is its factor, and the original context is a
  // power of two: the one that gives the table back.
  Json formula_of_table(int64_t head_dim, double theta) const {
    const std::vector<float> table =
        checkpoint_.vector(std::string(kRopeTable), head_dim / 2);
    const float factor = *std::ranges::max_element(table);
    for (int64_t context = 16; context <= int64_t{1} << 20; context *= 2) {
      Json formula{
          {"rope_type", "llama3"},
          {"factor", shortest(factor)},
          {"low_freq_factor", 1.0},
          {"high_freq_factor", 4.0},
          {"original_max_position_embeddings", context}};
      const std::vector<float> plain = rope_frequencies(theta, head_dim / 2);
      std::vector<float> scaled = plain;
      scale_frequencies(scaled, theta, JsonConfig(formula, gguf_.path()));
      bool same = true;
      for (size_t i = 0; i < table.size(); ++i) {
        // Both were rounded to float32 once or twice.
        const float divisor = plain[i] / scaled[i];
        same = same && std::fabs(divisor - table[i]) <= 1e-6f * table[i];
      }
      if (same) {
        return formula;
      }
    }
    fail(
        ErrorCode::unsupported,
        "{}: tensor '{}': config.json describes stretched rotary frequencies "
        "by a formula, and none that is known gives this table",
        gguf_.path(),
        kRopeTable);
  }

  Json rope_scaling(int64_t head_dim, double theta) const {
    if (checkpoint_.find(kRopeTable) != nullptr) {
      return formula_of_table(head_dim, theta);
    }
    const std::string scaling =
        gguf_.string(prefix_ + "rope.scaling.type").value_or("none");
    if (scaling == "none") {
      return nullptr;
    }
    if (scaling != "linear") {
      fail(
          ErrorCode::unsupported,
          "{}: rope scaling \"{}\" cannot be converted (known: none, linear)",
          gguf_.path(),
          scaling);
    }
    const double factor =
        gguf_.number(prefix_ + "rope.scaling.factor").value_or(1.0);
    return {
        {"rope_type", "linear"},
        {"type", "linear"},
        {"factor", shortest(factor)}};
  }

  Json config_json() const {
    const int64_t hidden = required("embedding_length");
    const int64_t dim = head_dim(hidden);
    const auto number = [&](const char* key, double otherwise) {
      return shortest(gguf_.number(prefix_ + key).value_or(otherwise));
    };
    const double theta = number("rope.freq_base", 10000.0);
    return {
        {"architectures", {"LlamaForCausalLM"}},
        {"model_type", "llama"},
        {"attention_bias", has_bias(kQueries.gguf)},
        {"head_dim", dim},
        {"hidden_act", "silu"},
        {"hidden_size", hidden},
        {"intermediate_size", required("feed_forward_length")},
        {"max_position_embeddings", required("context_length")},
        {"mlp_bias", has_bias(kMlp.front().gguf)},
        {"num_attention_heads", heads_},
        {"num_hidden_layers", layers_},
        {"num_key_value_heads", kv_heads_},
        {"rms_norm_eps", number("attention.layer_norm_rms_epsilon", 1e-5)},
        {"rope_scaling", rope_scaling(dim, theta)},
        {"rope_theta", theta},
        {"tie_word_embeddings", is_tied()},
        {"vocab_size", checkpoint_.at("token_embd.weight").shape.front()}};
  }

  const Checkpoint& checkpoint_;
  const GgufFile& gguf_;
  const std::string prefix_;
  const int64_t layers_, heads_, kv_heads_;
  FolderExport result_;
  std::unordered_set<const Tensor*> placed_;
};

}  // namespace

FolderExport export_llama(const Checkpoint& checkpoint) {
  return LlamaExport(checkpoint).make();
}

}  // namespace bantam
