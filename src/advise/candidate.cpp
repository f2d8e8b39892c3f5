// SPDX-License-Identifier: MIT
#include "advise/candidate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace bantam {

namespace {

// Share of the memory bandwidth that decoding reaches; the rule
// "bandwidth-is-speed" in data/catalogue.json has the measurements.
constexpr double kWideBus = 500e9;
constexpr double kReached = 0.80;
constexpr double kReachedOnWideBus = 0.65;

// 27 billion parameters are read at 20 tokens/s by an M4 with 120 GB/s
// (turboquant-mlx, pull request 98). Arithmetic grows with the number of GPU
// cores, and so, roughly, does the bandwidth.
constexpr double kPrefillParametersPerByte = 20 * 26.9e9 / 120e9;

}  // namespace

double Candidate::strength() const {
  const double effective = std::sqrt(
      static_cast<double>(shape.parameters) *
      static_cast<double>(active_parameters));
  // In units of half a billion, so that small models have a strength too.
  return std::max(0.0, std::log2(effective / 0.5e9)) * kept;
}

Candidate catalogue_candidate(
    const CatalogueModel& model,
    const CatalogueQuantization& quantization) {
  Candidate candidate{
      .model = model.name,
      .quantization = quantization.name,
      .reference = fmt::format(
          "mlx-community/{}-{}", model.repository, quantization.suffix),
      .shape = model.shape(quantization),
      .active_parameters =
          model.experts > 0 ? model.active_parameters() : model.parameters(),
      .kept = quantization.kept,
      .thinking = model.thinking,
      .source = model.source};
  candidate.bytes_per_token = static_cast<int64_t>(
      static_cast<double>(model.active_parameters()) *
      quantization.bits_per_weight() / 8);
  return candidate;
}

int64_t bytes_of_token(const Candidate& candidate, int64_t kv_tokens) {
  return candidate.bytes_per_token +
      kv_tokens * candidate.shape.kv_bytes_per_token() +
      2 * candidate.shape.state_bytes();
}

double reached_share(double bytes_per_second) {
  return bytes_per_second > kWideBus ? kReachedOnWideBus : kReached;
}

double decode_speed(
    const Candidate& candidate,
    int64_t kv_tokens,
    double bytes_per_second) {
  const int64_t bytes = bytes_of_token(candidate, kv_tokens);
  return bytes <= 0 ? 0
                    : reached_share(bytes_per_second) * bytes_per_second /
          static_cast<double>(bytes);
}

double prefill_speed(const Candidate& candidate, double bytes_per_second) {
  return candidate.active_parameters <= 0 ? 0
                                          : kPrefillParametersPerByte *
          bytes_per_second / static_cast<double>(candidate.active_parameters);
}

double kept_at(const Catalogue& catalogue, double bits_per_weight) {
  const CatalogueQuantization* below = nullptr;
  for (const CatalogueQuantization& next : catalogue.quantizations) {
    if (bits_per_weight <= next.bits_per_weight()) {
      if (below == nullptr) {
        return next.kept * bits_per_weight / next.bits_per_weight();
      }
      const double part = (bits_per_weight - below->bits_per_weight()) /
          (next.bits_per_weight() - below->bits_per_weight());
      return below->kept + part * (next.kept - below->kept);
    }
    below = &next;
  }
  return 1;
}

}  // namespace bantam
