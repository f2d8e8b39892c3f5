// SPDX-License-Identifier: MIT
// A layer of gated delta rule with its projections, in the orders of heads that
// checkpoints have.
#pragma once

#include <string>
#include <vector>

#include "models/decoder_blocks.h"
#include "nn/gated_delta.h"

namespace bantam {

struct DeltaConfig {
  kernels::DeltaShape shape{};
  std::vector<bool> is_linear;  // [layers]
  /// Queries, keys, values and z come from one matrix, key head by key head;
  /// otherwise z from one of its own.
  bool is_qkvz_fused = false;
  /// Beta and alpha come from one matrix, key head by key head.
  bool is_ba_fused = false;
  /// GGUF only: value heads run over the members of a group last, as ggml's
  /// broadcasting wants it; otherwise a group's members are neighbours.
  bool is_tiled = false;
};

/// Shape and layer kinds; throws invalid_file where numbers are missing or
/// contradict each other.
DeltaConfig read_delta_config(
    const Checkpoint& checkpoint,
    const DecoderConfig& config);

/// Which matrices are fused: what the first recurrent layer says.
void find_fused_matrices(const WeightSource& source, DeltaConfig& delta);

/// Are the weights as Hugging Face stores them, with the convolution as
/// [channels, 1, taps] and norms less one? MLX and GGUF files are not.
bool is_raw_delta_checkpoint(
    const WeightSource& source,
    const DeltaConfig& delta);

/// x + out_proj(gated_delta(in_proj of the normed x)).
class GatedDeltaNet {
 public:
  GatedDeltaNet(
      BlockReader& reader,
      const std::string& layer,
      const DeltaConfig& config);

  nn::mx::array forward(
      const nn::mx::array& x,
      nn::DeltaCache& cache,
      const nn::Compute& compute) const;

 private:
  nn::RmsNorm input_layernorm_;
  std::vector<nn::Linear> in_proj_;
  nn::GatedDelta delta_;
  nn::Linear out_proj_;
};

LayerShape delta_layer_shape(const DeltaConfig& config);

/// What GGUF calls the tensors of GatedDeltaNet.
std::vector<GgufName> delta_gguf_names();

}  // namespace bantam
