// SPDX-License-Identifier: MIT
#include "models/rope_scaling.h"

#include <cmath>
#include <numbers>

#include "base/error.h"

namespace bantam {

namespace {

double required(const JsonConfig& scaling, std::string_view key) {
  const std::optional<double> value = scaling.number(key);
  if (!value || !(*value > 0)) {
    fail(
        ErrorCode::invalid_file,
        "{}: \"{}\" is missing or not positive",
        scaling.source(),
        key);
  }
  return *value;
}

// Llama 3.1's rule: short wavelengths stay, long ones are stretched, those
// between are blended. Source: transformers, modeling_rope_utils.py,
// _compute_llama3_parameters.
void scale_by_wavelength(
    std::vector<float>& frequencies,
    const JsonConfig& scaling) {
  const double factor = required(scaling, "factor");
  const double low = required(scaling, "low_freq_factor");
  const double high = required(scaling, "high_freq_factor");
  const double original = required(scaling, "original_max_position_embeddings");
  if (!(high > low)) {
    fail(
        ErrorCode::invalid_file,
        "{}: \"high_freq_factor\" must exceed \"low_freq_factor\"",
        scaling.source());
  }
  for (float& frequency : frequencies) {
    const double wavelength = 2 * std::numbers::pi / frequency;
    if (wavelength > original / low) {
      frequency = static_cast<float>(frequency / factor);
    } else if (wavelength >= original / high) {
      const double smooth = (original / wavelength - low) / (high - low);
      frequency = static_cast<float>(
          (1 - smooth) * frequency / factor + smooth * frequency);
    }
  }
}

}  // namespace

std::vector<float> rope_frequencies(double theta, int64_t pairs) {
  std::vector<float> frequencies(pairs);
  for (int64_t i = 0; i < pairs; ++i) {
    frequencies[i] = static_cast<float>(
        std::pow(theta, -static_cast<double>(i) / static_cast<double>(pairs)));
  }
  return frequencies;
}

void scale_frequencies(
    std::vector<float>& frequencies,
    const JsonConfig& scaling) {
  // Older files say "type".
  const std::string type =
      scaling.string("rope_type")
          .value_or(scaling.string("type").value_or("default"));
  if (type == "default") {
    return;
  }
  if (type == "linear") {
    const double factor = required(scaling, "factor");
    for (float& frequency : frequencies) {
      frequency = static_cast<float>(frequency / factor);
    }
    return;
  }
  if (type == "llama3") {
    scale_by_wavelength(frequencies, scaling);
    return;
  }
  fail(
      ErrorCode::unsupported,
      "{}: rope scaling \"{}\" is not supported (known: default, linear, "
      "llama3)",
      scaling.source(),
      type);
}

void divide_frequencies(
    std::vector<float>& frequencies,
    std::span<const float> factors) {
  for (size_t i = 0; i < frequencies.size(); ++i) {
    frequencies[i] /= factors[i];
  }
}

}  // namespace bantam
