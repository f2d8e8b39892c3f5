// SPDX-License-Identifier: MIT
// RMS norms, gates and softmax.
#include "kernels/elementwise.h"

#include "kernels/highway.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/elementwise.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which sets the target.
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/partial-inl.h"
#include "kernels/scalar_math.h"
#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {
namespace hn = hwy::HWY_NAMESPACE;

void RmsNormToken(
    const float* x,
    const float* weight,
    float eps,
    int64_t cols,
    float* y) {
  Lanes16 acc = zero16();
  for_each16(cols, [&](int64_t k, size_t count) HWY_ATTR {
    const Lanes16 v = load16_partial(x + k, count);
    acc = first16(count, fused16(v, v, acc), acc);
  });
  const float mean = tree16(acc) / static_cast<float>(cols);
  const Lanes16 inverse = set16(1.0f / std::sqrt(mean + eps));
  for_each16(cols, [&](int64_t k, size_t count) HWY_ATTR {
    const Lanes16 scaled = mul16(load16_partial(x + k, count), inverse);
    store16_partial(
        mul16(scaled, load16_partial(weight + k, count)), y + k, count);
  });
}

void SwigluToken(const float* gate, const float* up, int64_t cols, float* out) {
  const DF d;
  for_each16(cols, [&](int64_t k, size_t count) HWY_ATTR {
    const Lanes16 g = load16_partial(gate + k, count);
    const Lanes16 u = load16_partial(up + k, count);
    Lanes16 result;
    for (size_t i = 0; i < kParts; ++i) {
      const VF e = exp_lanes(hn::Neg(g.part[i]));
      const VF silu = hn::Div(g.part[i], hn::Add(hn::Set(d, 1.0f), e));
      result.part[i] = hn::Mul(silu, u.part[i]);
    }
    store16_partial(result, out + k, count);
  });
}

// (up + 1) * (gate / (1 + e^(-alpha gate))), both clamped. A NaN stays one.
void ClampedSwigluToken(
    const float* gate,
    const float* up,
    int64_t cols,
    const ClampedSwiglu& form,
    float* out) {
  const DF d;
  const VF limit = hn::Set(d, form.limit);
  const VF alpha = hn::Set(d, -form.alpha);
  const VF one = hn::Set(d, 1.0f);
  const auto at_most = [&](VF x) HWY_ATTR {
    return hn::IfThenElse(hn::Gt(x, limit), limit, x);
  };
  for_each16(cols, [&](int64_t k, size_t count) HWY_ATTR {
    const Lanes16 g = load16_partial(gate + k, count);
    const Lanes16 u = load16_partial(up + k, count);
    Lanes16 result;
    for (size_t i = 0; i < kParts; ++i) {
      const VF low = at_most(g.part[i]);
      const VF linear = hn::Neg(at_most(hn::Neg(at_most(u.part[i]))));
      const VF e = exp_lanes(hn::Mul(low, alpha));
      const VF glu = hn::Div(low, hn::Add(one, e));
      result.part[i] = hn::Mul(hn::Add(linear, one), glu);
    }
    store16_partial(result, out + k, count);
  });
}

// gelu(x) = x sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3): the usual
// approximation with tanh, in the form with one exponential.
void GegluToken(const float* gate, const float* up, int64_t cols, float* out) {
  const DF d;
  const VF cubic = hn::Set(d, 0.044715f);
  const VF factor = hn::Set(d, -1.5957691216f);  // -2 sqrt(2 / pi)
  for_each16(cols, [&](int64_t k, size_t count) HWY_ATTR {
    const Lanes16 g = load16_partial(gate + k, count);
    const Lanes16 u = load16_partial(up + k, count);
    Lanes16 result;
    for (size_t i = 0; i < kParts; ++i) {
      const VF x = g.part[i];
      const VF bent = fused(hn::Mul(hn::Mul(x, x), x), cubic, x);
      const VF e = exp_lanes(hn::Mul(bent, factor));
      const VF gelu = hn::Div(x, hn::Add(hn::Set(d, 1.0f), e));
      result.part[i] = hn::Mul(gelu, u.part[i]);
    }
    store16_partial(result, out + k, count);
  });
}

// cap tanh(x / cap) = cap - 2 cap / (1 + e^(2 x / cap))
void SoftCap(float* x, float cap, int64_t n) {
  const DF d;
  const VF whole = hn::Set(d, cap);
  const VF twice = hn::Set(d, 2.0f * cap);
  const VF inverse = hn::Set(d, 2.0f / cap);
  for_each16(n, [&](int64_t k, size_t count) HWY_ATTR {
    Lanes16 v = load16_partial(x + k, count);
    for (size_t i = 0; i < kParts; ++i) {
      const VF e = exp_lanes(hn::Mul(v.part[i], inverse));
      v.part[i] = hn::Sub(whole, hn::Div(twice, hn::Add(hn::Set(d, 1.0f), e)));
    }
    store16_partial(v, x + k, count);
  });
}

// y *= 1 / (1 + e^-gate)
void GateHead(float* y, const float* gate, int64_t head_dim) {
  const DF d;
  for_each16(head_dim, [&](int64_t k, size_t count) HWY_ATTR {
    const Lanes16 g = load16_partial(gate + k, count);
    Lanes16 result = load16_partial(y + k, count);
    for (size_t i = 0; i < kParts; ++i) {
      const VF e = exp_lanes(hn::Neg(g.part[i]));
      result.part[i] = hn::Div(result.part[i], hn::Add(hn::Set(d, 1.0f), e));
    }
    store16_partial(result, y + k, count);
  });
}

void AddScaled(const float* x, float scale, int64_t n, float* y) {
  const Lanes16 factor = set16(scale);
  for_each16(n, [&](int64_t k, size_t count) HWY_ATTR {
    const Lanes16 sum = fused16(
        factor, load16_partial(x + k, count), load16_partial(y + k, count));
    store16_partial(sum, y + k, count);
  });
}

// The largest of n values; NaN if one is NaN.
HWY_INLINE float largest_of(const float* x, int64_t n) {
  const DF d;
  const float infinity = std::numeric_limits<float>::infinity();
  VF largest = hn::Set(d, -infinity);
  VF nan = hn::Zero(d);  // becomes NaN and stays so
  int64_t i = 0;
  for (; i + static_cast<int64_t>(kLanes) <= n; i += kLanes) {
    const VF v = hn::LoadU(d, x + i);
    largest = hn::Max(largest, v);
    nan = hn::IfThenElse(hn::Eq(v, v), nan, v);
  }
  float result = max_lane(largest);
  HWY_ALIGN float lanes[16];
  hn::Store(nan, d, lanes);
  float poison = 0;
  for (size_t lane = 0; lane < kLanes; ++lane) {
    poison += lanes[lane];
  }
  for (; i < n; ++i) {
    result = std::max(result, x[i]);
    poison = std::isnan(x[i]) ? x[i] : poison;
  }
  return std::isnan(poison) ? poison : result;
}

// x = e^(x - largest); returns the sum.
HWY_INLINE float exponentials(float* x, int64_t n, float largest) {
  const Lanes16 minus = set16(-largest);
  Lanes16 acc = zero16();
  for_each16(n, [&](int64_t i, size_t count) HWY_ATTR {
    const Lanes16 e = exp16(add16(load16_partial(x + i, count), minus));
    acc = first16(count, add16(acc, e), acc);
    store16_partial(e, x + i, count);
  });
  return tree16(acc);
}

float Softmax(float* x, int64_t n) {
  const float largest = largest_of(x, n);
  if (largest == -std::numeric_limits<float>::infinity()) {
    std::fill(x, x + n, 0.0f);
    return largest;
  }
  const float sum = exponentials(x, n, largest);
  const Lanes16 inverse = set16(1.0f / sum);
  for_each16(n, [&](int64_t i, size_t count) HWY_ATTR {
    store16_partial(mul16(load16_partial(x + i, count), inverse), x + i, count);
  });
  return static_cast<float>(steady_log(static_cast<double>(sum))) + largest;
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/targets.h"

namespace bantam::kernels {

namespace {

HWY_EXPORT(RmsNormToken);
HWY_EXPORT(SwigluToken);
HWY_EXPORT(GegluToken);
HWY_EXPORT(ClampedSwigluToken);
HWY_EXPORT(SoftCap);
HWY_EXPORT(GateHead);
HWY_EXPORT(AddScaled);
HWY_EXPORT(Softmax);

// Values that one thread handles in about the time that waking another takes.
constexpr int64_t kSerialValues = 8192;

int64_t tokens_per_range(int64_t cols) {
  return 1 + kSerialValues / std::max<int64_t>(cols, 1);
}

}  // namespace

void rms_norm(
    const float* x,
    const float* weight,
    float eps,
    int64_t tokens,
    int64_t cols,
    float* y,
    ThreadPool& pool) {
  target_name();  // settles the target before the first dispatch
  const auto norm = [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      HWY_DYNAMIC_DISPATCH(RmsNormToken)
      (x + t * cols, weight, eps, cols, y + t * cols);
    }
  };
  pool.parallel_for(tokens, tokens_per_range(cols), norm);
}

void swiglu(
    const float* gate,
    const float* up,
    int64_t stride,
    int64_t tokens,
    int64_t cols,
    float* out,
    ThreadPool& pool) {
  target_name();
  const auto gated = [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      HWY_DYNAMIC_DISPATCH(SwigluToken)
      (gate + t * stride, up + t * stride, cols, out + t * cols);
    }
  };
  pool.parallel_for(tokens, tokens_per_range(cols), gated);
}

void geglu(
    const float* gate,
    const float* up,
    int64_t stride,
    int64_t tokens,
    int64_t cols,
    float* out,
    ThreadPool& pool) {
  target_name();
  const auto gated = [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      HWY_DYNAMIC_DISPATCH(GegluToken)
      (gate + t * stride, up + t * stride, cols, out + t * cols);
    }
  };
  pool.parallel_for(tokens, tokens_per_range(cols), gated);
}

void clamped_swiglu(
    const float* gate,
    const float* up,
    int64_t stride,
    int64_t tokens,
    int64_t cols,
    const ClampedSwiglu& form,
    float* out,
    ThreadPool& pool) {
  target_name();
  const auto gated = [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      HWY_DYNAMIC_DISPATCH(ClampedSwigluToken)
      (gate + t * stride, up + t * stride, cols, form, out + t * cols);
    }
  };
  pool.parallel_for(tokens, tokens_per_range(cols), gated);
}

void soft_cap(float* x, float cap, int64_t n, ThreadPool& pool) {
  target_name();
  pool.parallel_for(n, kSerialValues, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(SoftCap)(x + begin, cap, end - begin);
  });
}

void norm_heads(
    float* x,
    int64_t stride,
    int64_t tokens,
    int64_t heads,
    int64_t head_dim,
    const float* weight,
    float eps,
    ThreadPool& pool) {
  target_name();
  const auto norm = [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      for (int64_t h = 0; h < heads; ++h) {
        float* head = x + t * stride + h * head_dim;
        HWY_DYNAMIC_DISPATCH(RmsNormToken)(head, weight, eps, head_dim, head);
      }
    }
  };
  pool.parallel_for(tokens, tokens_per_range(heads * head_dim), norm);
}

void gate_heads(
    float* y,
    const float* gate,
    int64_t stride,
    int64_t head_stride,
    int64_t tokens,
    int64_t heads,
    int64_t head_dim,
    ThreadPool& pool) {
  target_name();
  const auto gated = [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      for (int64_t h = 0; h < heads; ++h) {
        HWY_DYNAMIC_DISPATCH(GateHead)
        (y + (t * heads + h) * head_dim,
         gate + t * stride + h * head_stride,
         head_dim);
      }
    }
  };
  pool.parallel_for(tokens, tokens_per_range(heads * head_dim), gated);
}

void add_scaled(const float* x, float scale, int64_t n, float* y) {
  target_name();
  HWY_DYNAMIC_DISPATCH(AddScaled)(x, scale, n, y);
}

float softmax(float* x, int64_t n) {
  target_name();
  return HWY_DYNAMIC_DISPATCH(Softmax)(x, n);
}

}  // namespace bantam::kernels
#endif  // HWY_ONCE
