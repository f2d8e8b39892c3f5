// SPDX-License-Identifier: MIT
#include "memory/size_band.h"

#include <cmath>

namespace bantam {

namespace {

// Below about three bits per weight models answer visibly worse: Llama 3 8B,
// mean divergence 0.18 at 3.3 bits and 0.33 at 2.9 (llama.cpp, README of
// llama-perplexity).
constexpr double kLeastBits = 3.0;
// Of the memory: what is left holds the system, the cache and one application
// on 16 GiB (12 GB is also what the GPU may use of 16 GiB by default).
constexpr double kMostOfRam = 0.70;

// To whole gigabytes, as people speak of files, where that is precise enough.
int64_t rounded(double bytes) {
  constexpr double kGigabyte = 1e9;
  const bool coarse = bytes >= 5 * kGigabyte;
  return static_cast<int64_t>(
      coarse ? std::round(bytes / kGigabyte) * kGigabyte : bytes);
}

}  // namespace

std::string_view verdict_name(SizeVerdict verdict) {
  switch (verdict) {
    case SizeVerdict::below:
      return "below";
    case SizeVerdict::inside:
      return "inside";
    default:
      return "above";
  }
}

SizeVerdict SizeBand::verdict(int64_t bytes) const {
  if (bytes > high_bytes) {
    return SizeVerdict::above;
  }
  return bytes < low_bytes ? SizeVerdict::below : SizeVerdict::inside;
}

SizeBand size_band(int64_t parameters, int64_t ram_bytes) {
  return {
      .low_bytes = rounded(static_cast<double>(parameters) * kLeastBits / 8),
      .high_bytes = rounded(static_cast<double>(ram_bytes) * kMostOfRam)};
}

}  // namespace bantam
