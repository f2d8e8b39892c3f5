// SPDX-License-Identifier: MIT
// The points that GGUF's look-up formats pick from: facts of the formats.
#pragma once

#include <array>
#include <cstdint>

namespace bantam::kernels {

// Eight magnitudes in the bytes of an entry, lowest first.
extern const std::array<uint64_t, 256> kIq2XxsGrid;
extern const std::array<uint64_t, 512> kIq2XsGrid;
extern const std::array<uint64_t, 1024> kIq2SGrid;

// Four magnitudes.
extern const std::array<uint32_t, 256> kIq3XxsGrid;
extern const std::array<uint32_t, 512> kIq3SGrid;

// kIq3XxsGrid by two coordinates: of the magnitudes 0 and 1 of each point, then
// of 2 and 3, four bits each, the first the lower. Bits 0 to 2 number the
// magnitudes 4, 12, .. 52, 62; bit 3 is set for the last.
extern const std::array<std::array<uint8_t, 256>, 2> kIq3XxsPairs;

// By seven stored sign bits: all ones in each byte whose sign is negative. The
// eighth bit makes their number even.
extern const std::array<uint64_t, 128> kEvenSignBytes;

// Eight times two bits, lowest first: 0, 1, 2 for -1, 0, 1.
extern const std::array<uint16_t, 2048> kIq1Grid;

}  // namespace bantam::kernels
