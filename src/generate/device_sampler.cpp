// SPDX-License-Identifier: MIT
#include "generate/device_sampler.h"

namespace bantam {

namespace mx = nn::mx;

bool can_sample_on_device(const SamplingSettings& settings) {
  return settings.top_k == 0 && settings.top_p >= 1 && settings.min_p <= 0 &&
      settings.repetition_penalty == 1 && settings.presence_penalty == 0 &&
      settings.frequency_penalty == 0 && settings.logit_bias.empty();
}

mx::array sample_on_device(
    const mx::array& logits,
    const SamplingSettings& settings,
    uint64_t draw,
    const nn::Compute& compute) {
  const mx::Stream& s = compute.stream;
  const mx::array scores = mx::astype(logits, mx::float32, s);
  const auto choose = [&] {
    if (settings.temperature <= 0) {
      return mx::argmax(scores, -1, false, s);
    }
    const auto inverse = static_cast<float>(1 / settings.temperature);
    // Consecutive draws get keys far apart (Weyl's sequence).
    constexpr uint64_t kStep = 0x9E3779B97F4A7C15;
    return mx::random::categorical(
        mx::multiply(scores, mx::array(inverse), s),
        -1,
        mx::random::key(settings.seed + draw * kStep),
        s);
  };
  const mx::array token = mx::astype(choose(), mx::int32, s);
  const mx::array largest = mx::max(scores, -1, false, s);
  return mx::where(mx::isfinite(largest, s), token, mx::array(-1), s);
}

}  // namespace bantam
