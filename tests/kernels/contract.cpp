// SPDX-License-Identifier: MIT
#include "contract.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/block_format_list.h"
#include "kernels/half.h"

namespace bantam::kernels::contract {

namespace {

using Lanes = std::array<float, 16>;

float tree(Lanes acc) {
  for (int half = 8; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) {
      acc[i] = acc[i] + acc[i + half];
    }
  }
  return acc[0];
}

uint16_t load16(const std::byte* from) {
  uint16_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

float load_float(WeightFormat format, const std::byte* data, int64_t index) {
  if (format == WeightFormat::f32) {
    float value;
    std::memcpy(&value, data + 4 * index, sizeof(value));
    return value;
  }
  const uint16_t half = load16(data + 2 * index);
  return format == WeightFormat::f16 ? f16_to_f32(half) : bf16_to_f32(half);
}

// One group's integers, scale and bias in a block format. The definitions are
// the kernels' own; block_formats_test.cpp holds them to GGUF's.
struct GroupedWeight {
  int q = 0;
  float scale = 0;
  float bias = 0;
};

template <class F>
GroupedWeight block_weight(const WeightMatrix& w, int64_t row, int64_t col) {
  const auto* block =
      reinterpret_cast<const uint8_t*>(w.data + row * w.row_bytes) +
      col / F::kValues * F::kBytes;
  const int in = static_cast<int>(col % F::kValues);
  float scale[F::kValues / F::kGroup];
  float bias[F::kValues / F::kGroup] = {};
  int8_t q[32];
  F::scales(block, scale, bias);
  F::integers(block, in / 32, q);
  return {q[in % 32], scale[in / F::kGroup], bias[in / F::kGroup]};
}

GroupedWeight grouped_weight(const WeightMatrix& w, int64_t row, int64_t col) {
  GroupedWeight out;
  const bool is_block = with_block_format(w.format, [&](auto block) {
    out = block_weight<decltype(block)>(w, row, col);
  });
  if (is_block) {
    return out;
  }
  const int64_t group = row * (w.cols / w.group_size()) + col / w.group_size();
  const int bits = w.format == WeightFormat::affine ? w.bits : 4;
  for (int bit = 0; bit < bits; ++bit) {
    const int64_t place = col * bits + bit;
    const int byte = static_cast<int>(w.data[row * w.row_bytes + place / 8]);
    out.q |= (byte >> (place % 8) & 1) << bit;
  }
  if (w.format == WeightFormat::affine) {
    out.scale = load_float(w.scale_format, w.scales, group);
    out.bias = load_float(w.scale_format, w.biases, group);
    return out;
  }
  constexpr int kTwice[8] = {0, 1, 2, 3, 4, 6, 8, 12};
  out.q = out.q < 8 ? kTwice[out.q] : -kTwice[out.q - 8];
  const auto byte = static_cast<uint8_t>(w.scales[group]);
  out.scale = w.format == WeightFormat::mlx_nvfp4
      ? e4m3_to_f32(byte) * 0.5f
      : std::ldexp(byte == 255 ? INFINITY : 1.0f, byte - 128);
  return out;
}

bool has_bias(WeightFormat format) {
  bool bias = format == WeightFormat::affine;
  with_block_format(format, [&](auto block) { bias = decltype(block)::kBias; });
  return bias;
}

struct Rounded {
  std::vector<int> values;
  float scale = 0;
  float sum = 0;
};

Rounded round_group(const float* x, int group) {
  Rounded rounded;
  rounded.values.resize(group);
  float largest = 0;
  for (int i = 0; i < group; ++i) {
    if (!std::isfinite(x[i])) {
      rounded.scale = rounded.sum = std::numeric_limits<float>::quiet_NaN();
      return rounded;
    }
    largest = std::max(largest, std::fabs(x[i]));
  }
  if (largest < 0x1p-100f) {
    return rounded;
  }
  rounded.scale = largest / 32500.0f;
  const float inverse = 32500.0f / largest;
  int sum = 0;
  for (int i = 0; i < group; ++i) {
    rounded.values[i] = static_cast<int>(std::nearbyint(x[i] * inverse));
    sum += rounded.values[i];
  }
  rounded.sum = rounded.scale * static_cast<float>(sum);
  return rounded;
}

}  // namespace

float weight(const WeightMatrix& w, int64_t row, int64_t col) {
  if (w.format == WeightFormat::mlx_mxfp8) {
    const auto scale =
        static_cast<uint8_t>(w.scales[row * (w.cols / 32) + col / 32]);
    const auto value = static_cast<uint8_t>(w.data[row * w.row_bytes + col]);
    return e8m0_to_f32(scale) * e4m3_to_f32(value);
  }
  if (w.group_size() == 0) {
    return load_float(w.format, w.data + row * w.row_bytes, col);
  }
  const GroupedWeight grouped = grouped_weight(w, row, col);
  const float product = grouped.scale * static_cast<float>(grouped.q);
  if (w.format == WeightFormat::mlx_mxfp4 ||
      w.format == WeightFormat::mlx_nvfp4) {
    const int byte = static_cast<int>(w.data[row * w.row_bytes + col / 2]);
    const bool negative = (byte >> (col % 2 * 4) & 8) != 0;
    // A float of 4 bits knows -0, an integer does not.
    return grouped.q == 0 && negative ? -product : product;
  }
  return has_bias(w.format) ? product + grouped.bias : product;
}

float dot(const WeightMatrix& w, int64_t row, const float* x) {
  Lanes acc{};
  const int group = w.group_size();
  if (group == 0) {
    for (int64_t k = 0; k < w.cols; ++k) {
      acc[k % 16] = std::fma(weight(w, row, k), x[k], acc[k % 16]);
    }
    return tree(acc);
  }
  for (int64_t g = 0; g < w.cols / group; ++g) {
    const Rounded v = round_group(x + g * group, group);
    int sum = 0;
    for (int i = 0; i < group; ++i) {
      sum += grouped_weight(w, row, g * group + i).q * v.values[i];
    }
    const GroupedWeight first = grouped_weight(w, row, g * group);
    float& slot = acc[g % 16];
    if (has_bias(w.format)) {
      slot = std::fma(first.bias, v.sum, slot);
    }
    slot = std::fma(first.scale * v.scale, static_cast<float>(sum), slot);
  }
  return tree(acc);
}

float exp(float x) {
  if (std::isnan(x)) {
    return x;
  }
  x = std::clamp(x, -104.0f, 89.0f);
  const float n = std::fma(x, 0x1.715476p+0f, 0x1.8p+23f) - 0x1.8p+23f;
  float r = std::fma(n, -0x1.62e4p-1f, x);
  r = std::fma(n, -0x1.7f7d1cp-20f, r);
  float p = 0x1.6a2352p-10f;
  p = std::fma(p, r, 0x1.123a6cp-7f);
  p = std::fma(p, r, 0x1.5558f4p-5f);
  p = std::fma(p, r, 0x1.55549p-3f);
  p = std::fma(p, r, 0x1.fffffcp-2f);
  p = std::fma(p, r, 1.0f);
  p = std::fma(p, r, 1.0f);
  const int whole = static_cast<int>(n);
  const int half = whole >> 1;
  const auto power = [](int e) {
    return std::bit_cast<float>(static_cast<uint32_t>(e + 127) << 23);
  };
  return p * power(half) * power(whole - half);
}

void rms_norm(
    const float* x,
    const float* weight,
    float eps,
    int64_t cols,
    float* y) {
  Lanes acc{};
  for (int64_t k = 0; k < cols; ++k) {
    acc[k % 16] = std::fma(x[k], x[k], acc[k % 16]);
  }
  const float mean = tree(acc) / static_cast<float>(cols);
  const float inverse = 1.0f / std::sqrt(mean + eps);
  for (int64_t k = 0; k < cols; ++k) {
    y[k] = (x[k] * inverse) * weight[k];
  }
}

namespace {

// cos and sin in double by the quadrant and a Taylor series on +-pi/4.
void sincos(double angle, double* cosine, double* sine) {
  const double q = std::nearbyint(angle * 0x1.45f306dc9c883p-1);
  double r = std::fma(q, -0x1.921fb54442d18p+0, angle);
  r = std::fma(q, -0x1.1a62633145c07p-54, r);
  const double r2 = r * r;
  double s = 1.0 / 6227020800.0;
  s = std::fma(s, r2, -1.0 / 39916800.0);
  s = std::fma(s, r2, 1.0 / 362880.0);
  s = std::fma(s, r2, -1.0 / 5040.0);
  s = std::fma(s, r2, 1.0 / 120.0);
  s = std::fma(s, r2, -1.0 / 6.0);
  s = std::fma(s * r2, r, r);
  double c = -1.0 / 87178291200.0;
  c = std::fma(c, r2, 1.0 / 479001600.0);
  c = std::fma(c, r2, -1.0 / 3628800.0);
  c = std::fma(c, r2, 1.0 / 40320.0);
  c = std::fma(c, r2, -1.0 / 720.0);
  c = std::fma(c, r2, 1.0 / 24.0);
  c = std::fma(c, r2, -0.5);
  c = std::fma(c, r2, 1.0);
  const int quadrant = static_cast<int>(q - 4.0 * std::floor(q * 0.25));
  const bool swapped = quadrant == 1 || quadrant == 3;
  *cosine = swapped ? s : c;
  *sine = swapped ? c : s;
  if (quadrant == 1 || quadrant == 2) {
    *cosine = -*cosine;
  }
  if (quadrant >= 2) {
    *sine = -*sine;
  }
}

}  // namespace

void rope(
    float* x,
    int64_t position,
    const RopeShape& shape,
    const float* frequencies,
    float amplitude) {
  for (int64_t i = 0; i < shape.pairs; ++i) {
    double cosine;
    double sine;
    sincos(
        static_cast<double>(position) * static_cast<double>(frequencies[i]),
        &cosine,
        &sine);
    const float c = static_cast<float>(cosine * amplitude);
    const float s = static_cast<float>(sine * amplitude);
    for (int64_t head = 0; head < shape.heads; ++head) {
      float* at = x + head * shape.head_dim;
      float& a = shape.interleaved ? at[2 * i] : at[i];
      float& b = shape.interleaved ? at[2 * i + 1] : at[i + shape.pairs];
      const float a0 = a;
      const float b0 = b;
      a = std::fma(a0, c, -(b0 * s));
      b = std::fma(b0, c, a0 * s);
    }
  }
}

float swiglu(float gate, float up) {
  return gate / (1.0f + exp(-gate)) * up;
}

float softmax(float* x, int64_t n) {
  float largest = -std::numeric_limits<float>::infinity();
  bool nan = false;
  for (int64_t i = 0; i < n; ++i) {
    nan |= std::isnan(x[i]);
    largest = std::max(largest, x[i]);
  }
  if (nan) {
    largest = std::numeric_limits<float>::quiet_NaN();
  } else if (std::isinf(largest) && largest < 0) {
    std::fill(x, x + n, 0.0f);
    return largest;
  }
  Lanes acc{};
  for (int64_t i = 0; i < n; ++i) {
    x[i] = exp(x[i] - largest);
    acc[i % 16] = acc[i % 16] + x[i];
  }
  const float sum = tree(acc);
  const float inverse = 1.0f / sum;
  for (int64_t i = 0; i < n; ++i) {
    x[i] = x[i] * inverse;
  }
  return static_cast<float>(std::log(static_cast<double>(sum))) + largest;
}

std::vector<int64_t> visible(int64_t position, int64_t budget, int64_t sinks) {
  std::vector<int64_t> keys;
  for (int64_t j = 0; j <= position; ++j) {
    if (j < sinks || j > position - (budget - sinks)) {
      keys.push_back(j);
    }
  }
  return keys;
}

void transform(float* row, int64_t head_dim, float factor) {
  for (int64_t begin = 0; begin < head_dim; begin += 32) {
    for (int distance = 16; distance > 0; distance /= 2) {
      float before[32];
      std::copy_n(row + begin, 32, before);
      for (int i = 0; i < 32; ++i) {
        row[begin + i] = (i & distance) == 0 ? before[i] + before[i + distance]
                                             : before[i - distance] - before[i];
      }
    }
    for (int i = 0; i < 32; ++i) {
      row[begin + i] = row[begin + i] * factor;
    }
  }
}

void round_kv(float* row, int64_t head_dim, int bits) {
  const auto half = [](float x) { return f16_to_f32(f32_to_f16(x)); };
  const int64_t group = bits < 16 ? 32 : 1;
  for (int64_t begin = 0; begin < head_dim; begin += group) {
    float* x = row + begin;
    if (bits == 16) {
      *x = half(*x);
      continue;
    }
    const float steps = bits == 8 ? 255.0f : 15.0f;
    const float offset = half(*std::min_element(x, x + group));
    const float scale =
        half((*std::max_element(x, x + group) - offset) / steps);
    const float inverse = scale > 0 ? 1.0f / scale : 0.0f;
    for (int64_t i = 0; i < group; ++i) {
      const float level = std::nearbyint((x[i] - offset) * inverse);
      x[i] = std::fma(std::clamp(level, 0.0f, steps), scale, offset);
    }
  }
}

void store_kv(float* row, int64_t head_dim, int bits) {
  if (bits < 16) {
    transform(row, head_dim, 0.125f);
  }
  round_kv(row, head_dim, bits);
}

void attend(
    const float* q,
    float scale,
    int64_t head_dim,
    const std::vector<const float*>& keys,
    const std::vector<const float*>& values,
    int bits,
    float* out) {
  std::vector<float> query(q, q + head_dim);
  for (float& x : query) {
    x = x * scale;
  }
  if (bits < 16) {
    transform(query.data(), head_dim, 0.25f);
  }
  std::vector<float> scores(keys.size());
  float largest = -std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < keys.size(); ++i) {
    Lanes acc{};
    for (int64_t d = 0; d < head_dim; ++d) {
      acc[d % 16] = std::fma(query[d], keys[i][d], acc[d % 16]);
    }
    scores[i] = tree(acc);
    largest = std::max(largest, scores[i]);
  }
  Lanes acc{};
  std::vector<float> sums(head_dim, 0.0f);
  for (size_t i = 0; i < keys.size(); ++i) {
    const float e = exp(scores[i] - largest);
    acc[i % 16] = acc[i % 16] + e;
    for (int64_t d = 0; d < head_dim; ++d) {
      sums[d] = std::fma(e, values[i][d], sums[d]);
    }
  }
  const float inverse = 1.0f / tree(acc);
  for (int64_t d = 0; d < head_dim; ++d) {
    out[d] = sums[d] * inverse;
  }
  if (bits < 16) {
    transform(out, head_dim, 0.25f);
  }
}

}  // namespace bantam::kernels::contract
