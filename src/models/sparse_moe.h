// SPDX-License-Identifier: MIT
// The mixture of experts that several families share, in the layouts that
// checkpoints have for it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/decoder_blocks.h"
#include "nn/experts.h"

namespace bantam {

struct MoeConfig {
  int64_t num_experts = 0;  // 0: the model is dense
  int64_t num_experts_per_tok = 0;
  int64_t moe_intermediate_size = 0;
  int64_t shared_expert_intermediate_size = 0;  // 0: no shared expert
  bool norm_topk_prob = true;
  std::vector<bool> is_sparse;  // [layers]

  bool sparse(int64_t layer) const {
    return num_experts > 0 && is_sparse[layer];
  }
};

/// Throws invalid_file where numbers are missing or contradict each other.
/// `every_layer`: the family ignores "decoder_sparse_step" and
/// "mlp_only_layers".
MoeConfig read_moe_config(
    const Checkpoint& checkpoint,
    const DecoderConfig& config,
    bool every_layer);

/// x + the mixture of the normed x. Replaces GatedMlp in sparse layers.
class SparseMoe {
 public:
  SparseMoe(
      BlockReader& reader,
      const std::string& layer,
      const MoeConfig& moe);
  /// Of a family that reads its experts in its own way.
  SparseMoe(BlockReader& reader, const MoeConfig& moe, nn::Experts experts);

  nn::mx::array forward(const nn::mx::array& x, const nn::Compute& compute)
      const {
    return nn::experts_add(x, experts_, compute);
  }
  /// Of the experts that are chosen, a shared one aside.
  int64_t expert_bytes() const { return experts_.bytes(); }

 private:
  nn::Experts experts_;
};

/// What GGUF calls the tensors of SparseMoe.
std::vector<GgufName> moe_gguf_names();

}  // namespace bantam
