// SPDX-License-Identifier: MIT
#include "kernels/logits.h"

#include "kernels/highway.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/logits.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which sets the target.
#include <limits>

#include "kernels/partial-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {
namespace hn = hwy::HWY_NAMESPACE;

// Lighter weights would be subnormal, which takes most processors a hundred
// cycles each, and no sum of others notices them.
constexpr float kLeastExponent = -87.0f;

// Sixteen-fold unrolled by lanes; what is left is done one at a time.
LargestLogit Largest(const float* logits, int64_t n) {
  const DF d;
  VF largest[kParts];
  VF odd[kParts];  // NaN once anything is NaN or +infinity
  for (size_t i = 0; i < kParts; ++i) {
    largest[i] = hn::Set(d, -std::numeric_limits<float>::infinity());
    odd[i] = hn::Zero(d);
  }
  int64_t k = 0;
  for (; k + 16 <= n; k += 16) {
    for (size_t i = 0; i < kParts; ++i) {
      const VF v = hn::LoadU(d, logits + k + i * kLanes);
      largest[i] = hn::Max(largest[i], v);
      // Zero times a finite number; -infinity is made finite first.
      const VF floor = hn::Set(d, std::numeric_limits<float>::lowest());
      const VF finite = hn::IfThenElse(hn::Lt(v, floor), floor, v);
      odd[i] = hn::Add(odd[i], hn::Mul(finite, hn::Zero(d)));
    }
  }
  float top = -std::numeric_limits<float>::infinity();
  bool is_odd = false;
  HWY_ALIGN float lanes[16];
  for (size_t i = 0; i < kParts; ++i) {
    hn::Store(odd[i], d, lanes);
    for (size_t lane = 0; lane < kLanes; ++lane) {
      is_odd |= !(lanes[lane] == 0.0f);
    }
    const float part = max_lane(largest[i]);
    top = part > top ? part : top;
  }
  for (; k < n; ++k) {
    is_odd |= !(logits[k] < std::numeric_limits<float>::infinity());
    top = logits[k] > top ? logits[k] : top;
  }
  if (is_odd || top == -std::numeric_limits<float>::infinity()) {
    return {-1, top};
  }
  int64_t index = 0;
  while (logits[index] != top) {
    ++index;
  }
  return {index, top};
}

int64_t FirstAbove(const float* values, int64_t begin, int64_t n, float than) {
  const DF d;
  const VF least = hn::Set(d, than);
  constexpr int64_t kStep = 4 * static_cast<int64_t>(kLanes);
  int64_t k = begin;
  for (; k + kStep <= n; k += kStep) {
    const auto above = [&](int64_t i) HWY_ATTR {
      return hn::Gt(hn::LoadU(d, values + k + i * kLanes), least);
    };
    const auto any =
        hn::Or(hn::Or(above(0), above(1)), hn::Or(above(2), above(3)));
    if (!hn::AllFalse(d, any)) {
      break;
    }
  }
  while (k < n && !(values[k] > than)) {
    ++k;
  }
  return k;
}

double SumOfWeights(const float* weights, int64_t n) {
  const hn::CappedTag<double, 8> d;
  const hn::Rebind<float, decltype(d)> df;
  constexpr size_t kDoubles = hn::MaxLanes(decltype(d)());
  hn::Vec<decltype(d)> acc[16 / kDoubles];
  for (auto& part : acc) {
    part = hn::Zero(d);
  }
  int64_t k = 0;
  for (; k + 16 <= n; k += 16) {
    for (size_t i = 0; i < 16 / kDoubles; ++i) {
      acc[i] = hn::Add(
          acc[i], hn::PromoteTo(d, hn::LoadU(df, weights + k + i * kDoubles)));
    }
  }
  HWY_ALIGN double lanes[16];
  for (size_t i = 0; i < 16 / kDoubles; ++i) {
    hn::Store(acc[i], d, lanes + i * kDoubles);
  }
  for (int i = 0; k < n; ++k, ++i) {
    lanes[i] += static_cast<double>(weights[k]);
  }
  for (int half = 8; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) {
      lanes[i] += lanes[i + half];
    }
  }
  return lanes[0];
}

float SumAtLeast(const float* weights, int64_t n, float least) {
  const DF d;
  const VF threshold = hn::Set(d, least);
  Lanes16 acc = zero16();
  for_each16(n, [&](int64_t k, size_t count) HWY_ATTR {
    const Lanes16 w = load16_partial(weights + k, count);
    for (size_t i = 0; i < kParts; ++i) {
      acc.part[i] = hn::Add(
          acc.part[i],
          hn::IfThenElseZero(hn::Ge(w.part[i], threshold), w.part[i]));
    }
  });
  return tree16(acc);
}

void Exponentials(
    const float* logits,
    float top,
    float factor,
    int64_t n,
    float* weights) {
  const Lanes16 scale = set16(factor);
  const Lanes16 shift = set16(-top);
  const DF d;
  for_each16(n, [&](int64_t k, size_t count) HWY_ATTR {
    const Lanes16 x =
        mul16(add16(load16_partial(logits + k, count), shift), scale);
    const VF least = hn::Set(d, kLeastExponent);
    Lanes16 inside;
    for (size_t i = 0; i < kParts; ++i) {
      inside.part[i] = hn::Max(x.part[i], least);
    }
    Lanes16 e = exp16(inside);
    for (size_t i = 0; i < kParts; ++i) {
      e.part[i] = hn::IfThenElseZero(hn::Ge(x.part[i], least), e.part[i]);
    }
    store16_partial(e, weights + k, count);
  });
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/targets.h"

namespace bantam::kernels {

namespace {
HWY_EXPORT(Largest);
HWY_EXPORT(FirstAbove);
HWY_EXPORT(SumAtLeast);
HWY_EXPORT(SumOfWeights);
HWY_EXPORT(Exponentials);
}  // namespace

LargestLogit largest_logit(const float* logits, int64_t n) {
  target_name();  // settles the target before the first dispatch
  return HWY_DYNAMIC_DISPATCH(Largest)(logits, n);
}

int64_t first_above(const float* values, int64_t begin, int64_t n, float than) {
  target_name();
  return HWY_DYNAMIC_DISPATCH(FirstAbove)(values, begin, n, than);
}

float sum_at_least(const float* weights, int64_t n, float least) {
  target_name();
  return HWY_DYNAMIC_DISPATCH(SumAtLeast)(weights, n, least);
}

void exponentials(
    const float* logits,
    float top,
    float factor,
    int64_t n,
    float* weights) {
  target_name();
  HWY_DYNAMIC_DISPATCH(Exponentials)(logits, top, factor, n, weights);
}

double sum_of_weights(const float* weights, int64_t n) {
  target_name();
  return HWY_DYNAMIC_DISPATCH(SumOfWeights)(weights, n);
}

}  // namespace bantam::kernels
#endif  // HWY_ONCE
