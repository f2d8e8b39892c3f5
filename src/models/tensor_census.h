// SPDX-License-Identifier: MIT
// What a checkpoint's tensors are, by their names and headers alone, whatever
// the architecture: values, bytes and bits of each module, and its role.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weights/checkpoint.h"

namespace bantam {

enum class TensorRole : uint8_t {
  embedding,
  lm_head,
  attention,
  recurrent,  // linear attention, state-space layers
  mlp,
  experts,  // routed ones: only some are read for a token
  router,
  norm,
  vision,      // and audio
  prediction,  // multi-token prediction heads
  other,
};
inline constexpr size_t kTensorRoles = 11;
std::string_view role_name(TensorRole role);

/// One weight: a tensor, or a quantized matrix with its scales and biases.
struct CensusModule {
  std::string path;  // without ".weight"
  TensorRole role = TensorRole::other;
  TensorType type = TensorType::f32;  // of the stored weight
  int64_t values = 0;                 // parameters, not stored words
  int64_t bytes = 0;                  // with scales and biases
  int64_t layer = -1;                 // -1: none
  // MLX affine and its kin; 0 where the type says all.
  int64_t bits = 0;
  int64_t group = 0;
  std::string mode;

  double bits_per_weight() const {
    return values == 0
        ? 0
        : 8.0 * static_cast<double>(bytes) / static_cast<double>(values);
  }
};

struct RoleTotal {
  int64_t values = 0;
  int64_t bytes = 0;
};

struct TensorCensus {
  std::vector<CensusModule> modules;
  std::array<RoleTotal, kTensorRoles> totals;  // by role
  /// Lines about what could not be counted exactly.
  std::vector<std::string> doubts;

  int64_t values() const;
  int64_t bytes() const;
  const RoleTotal& of(TensorRole role) const {
    return totals[static_cast<size_t>(role)];
  }
};

/// Never throws for what the tensors are; `checkpoint` has been read.
TensorCensus take_census(const Checkpoint& checkpoint);

}  // namespace bantam
