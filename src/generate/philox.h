// SPDX-License-Identifier: MIT
// Philox4x32-10, a counter-based generator: the n-th number of a seed needs no
// state, so a run can be replayed from any token.
// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1,
// 2, 3", SC 2011.
#pragma once

#include <array>
#include <cstdint>

namespace bantam {

inline std::array<uint32_t, 4> philox4x32(
    std::array<uint32_t, 4> counter,
    std::array<uint32_t, 2> key) {
  constexpr uint32_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
  constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{kMultiplier0} * counter[0];
    const uint64_t p1 = uint64_t{kMultiplier1} * counter[2];
    counter = {
        static_cast<uint32_t>(p1 >> 32) ^ counter[1] ^ key[0],
        static_cast<uint32_t>(p1),
        static_cast<uint32_t>(p0 >> 32) ^ counter[3] ^ key[1],
        static_cast<uint32_t>(p0)};
    key = {key[0] + kWeyl0, key[1] + kWeyl1};
  }
  return counter;
}

/// The `index`-th uniform number of `seed`, in [0, 1), 53 bits.
inline double uniform(uint64_t seed, uint64_t index) {
  const auto words = philox4x32(
      {static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32), 0, 0},
      {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  const uint64_t bits = uint64_t{words[0]} << 32 | words[1];
  return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

}  // namespace bantam
