// SPDX-License-Identifier: MIT
// The tables hold small codes (iq_grid_codes.inc, written by
// tools/make_iq_grids.py); here they become magnitudes.
#include "kernels/iq_grids.h"

#include <bit>
#include <cstddef>

namespace bantam::kernels {

namespace {

#include "kernels/iq_grid_codes.inc"

// Eight codes of two bits to eight bytes.
template <size_t kCount>
constexpr std::array<uint64_t, kCount> expand_eights(
    const std::array<uint16_t, kCount>& codes) {
  constexpr uint64_t kMagnitudes[4] = {8, 25, 43, 0};
  std::array<uint64_t, kCount> grid{};
  for (size_t n = 0; n < kCount; ++n) {
    for (int i = 0; i < 8; ++i) {
      grid[n] |= kMagnitudes[codes[n] >> (2 * i) & 3] << (8 * i);
    }
  }
  return grid;
}

// Four codes of four bits to four bytes.
template <size_t kCount>
constexpr std::array<uint32_t, kCount> expand_fours(
    const std::array<uint16_t, kCount>& codes,
    const std::array<uint32_t, 8>& magnitudes) {
  std::array<uint32_t, kCount> grid{};
  for (size_t n = 0; n < kCount; ++n) {
    for (int i = 0; i < 4; ++i) {
      grid[n] |= magnitudes[codes[n] >> (4 * i) & 7] << (8 * i);
    }
  }
  return grid;
}

constexpr std::array<std::array<uint8_t, 256>, 2> by_pairs(
    const std::array<uint16_t, 256>& codes) {
  std::array<std::array<uint8_t, 256>, 2> pairs{};
  for (size_t n = 0; n < codes.size(); ++n) {
    for (int i = 0; i < 4; ++i) {
      const int code = codes[n] >> (4 * i) & 7;
      const int four_bits = code | (code == 7 ? 8 : 0);
      pairs[i / 2][n] |= static_cast<uint8_t>(four_bits << (i % 2 * 4));
    }
  }
  return pairs;
}

constexpr std::array<uint64_t, 128> even_sign_bytes() {
  std::array<uint64_t, 128> bytes{};
  for (size_t n = 0; n < bytes.size(); ++n) {
    const size_t signs = n | static_cast<size_t>(std::popcount(n) % 2) << 7;
    for (int i = 0; i < 8; ++i) {
      bytes[n] |= static_cast<uint64_t>(signs >> i & 1 ? 0xFF : 0) << (8 * i);
    }
  }
  return bytes;
}

}  // namespace

constinit const std::array<uint64_t, 256> kIq2XxsGrid =
    expand_eights(kIq2XxsCodes);
constinit const std::array<uint64_t, 512> kIq2XsGrid =
    expand_eights(kIq2XsCodes);
constinit const std::array<uint64_t, 1024> kIq2SGrid =
    expand_eights(kIq2SCodes);
constinit const std::array<uint32_t, 256> kIq3XxsGrid =
    expand_fours(kIq3XxsCodes, {4, 12, 20, 28, 36, 44, 52, 62});
constinit const std::array<std::array<uint8_t, 256>, 2> kIq3XxsPairs =
    by_pairs(kIq3XxsCodes);
constinit const std::array<uint64_t, 128> kEvenSignBytes = even_sign_bytes();
constinit const std::array<uint32_t, 512> kIq3SGrid =
    expand_fours(kIq3SCodes, {1, 3, 5, 7, 9, 11, 13, 15});
constinit const std::array<uint16_t, 2048> kIq1Grid = kIq1Codes;

}  // namespace bantam::kernels
