// SPDX-License-Identifier: MIT
#include "models/rope_scaling.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "kernels/scalar_math.h"

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

// YaRN (Peng et al. 2023): pairs that turn often keep their frequency, slow
// ones are stretched, a linear ramp between. Source: transformers,
// modeling_rope_utils.py, _compute_yarn_parameters.
float scale_by_turns(
    std::vector<float>& frequencies,
    double theta,
    const JsonConfig& scaling) {
  const double factor = required(scaling, "factor");
  const double original = required(scaling, "original_max_position_embeddings");
  const auto pairs = static_cast<double>(frequencies.size());
  // The pair that turns `turns` times over the original context.
  const auto pair_turning = [&](double turns) {
    return pairs *
        kernels::steady_log(original / (turns * 2 * std::numbers::pi)) /
        kernels::steady_log(theta);
  };
  double low = pair_turning(scaling.number("beta_fast").value_or(32));
  double high = pair_turning(scaling.number("beta_slow").value_or(1));
  if (scaling.boolean("truncate").value_or(true)) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, 2 * pairs - 1);
  high = high == low ? high + 0.001 : high;
  for (size_t i = 0; i < frequencies.size(); ++i) {
    const double ramp =
        std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    const double frequency = frequencies[i];
    frequencies[i] =
        static_cast<float>(frequency * (1 - ramp) + frequency / factor * ramp);
  }
  const auto magnitude = [&](double weight) {
    return factor <= 1 ? 1.0 : 0.1 * weight * kernels::steady_log(factor) + 1.0;
  };
  if (const auto given = scaling.number("attention_factor")) {
    return static_cast<float>(*given);
  }
  return static_cast<float>(
      magnitude(scaling.number("mscale").value_or(1)) /
      magnitude(scaling.number("mscale_all_dim").value_or(0)));
}

}  // namespace

std::vector<float> rope_frequencies(double theta, int64_t pairs) {
  std::vector<float> frequencies(pairs);
  for (int64_t i = 0; i < pairs; ++i) {
    frequencies[i] = static_cast<float>(kernels::steady_pow(
        theta, -static_cast<double>(i) / static_cast<double>(pairs)));
  }
  return frequencies;
}

float scale_frequencies(
    std::vector<float>& frequencies,
    double theta,
    const JsonConfig& scaling) {
  // Older files say "type".
  const std::string type =
      scaling.string("rope_type")
          .value_or(scaling.string("type").value_or("default"));
  // "mrope" has three positions per token, which are one for text.
  if (type == "default" || type == "mrope") {
    return 1.0f;
  }
  if (type == "linear") {
    const double factor = required(scaling, "factor");
    for (float& frequency : frequencies) {
      frequency = static_cast<float>(frequency / factor);
    }
    return 1.0f;
  }
  if (type == "llama3") {
    scale_by_wavelength(frequencies, scaling);
    return 1.0f;
  }
  if (type == "yarn") {
    return scale_by_turns(frequencies, theta, scaling);
  }
  fail(
      ErrorCode::unsupported,
      "{}: rope scaling \"{}\" is not supported (known: default, linear, "
      "llama3, yarn)",
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
