// SPDX-License-Identifier: MIT
// Three loops over the threads: convolution and gates, by token and head; the
// recurrence, by block of state columns; the gated norm, by token.
#include "kernels/gated_delta.h"

#include "kernels/highway.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gated_delta.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which sets the target.
#include <algorithm>
#include <cmath>

#include "kernels/partial-inl.h"
#include "kernels/simd-inl.h"

// Once for all targets.
#ifndef BANTAM_KERNELS_DELTA_TASK
#define BANTAM_KERNELS_DELTA_TASK
namespace bantam::kernels {

struct DeltaTask {
  DeltaShape shape;
  DeltaLayout layout;
  DeltaWeights weights;
  const float* mixed;
  int64_t tokens;
  DeltaState state;
  float* out;
  float* scratch;

  int64_t blocks() const {
    return (shape.value_dim + kDeltaBlock - 1) / kDeltaBlock;
  }
  /// A token's convolved channels, then the decay and beta of each head.
  float* row(int64_t t) const {
    return scratch + t * delta_scratch_floats(shape);
  }
  float* decays(int64_t t) const { return row(t) + shape.channels(); }
  float* betas(int64_t t) const { return decays(t) + shape.value_heads; }
};

/// One head of queries, keys or values: a run of channels.
struct DeltaHead {
  enum class Kind { query, key, value } kind;
  int64_t channel;
  int64_t dim;
  int64_t column;  // in a token's row of `mixed`
  int64_t value_head;

  DeltaHead(const DeltaTask& task, int64_t index) {
    const DeltaShape& shape = task.shape;
    const DeltaLayout& layout = task.layout;
    value_head = index - 2 * shape.key_heads;
    if (value_head >= 0) {
      kind = Kind::value;
      dim = shape.value_dim;
      channel = 2 * shape.key_heads * shape.key_dim + value_head * dim;
      column = layout.v.at(
          value_head / shape.members(), value_head % shape.members());
      return;
    }
    const bool is_key = index >= shape.key_heads;
    kind = is_key ? Kind::key : Kind::query;
    dim = shape.key_dim;
    channel = index * dim;
    column = is_key ? layout.k.at(index - shape.key_heads) : layout.q.at(index);
  }
};

}  // namespace bantam::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {
namespace hn = hwy::HWY_NAMESPACE;

// Columns whose sums fit the registers, four accumulators each.
constexpr int64_t kTile = kLanes == 16 ? 32 : 16;
constexpr size_t kTileVectors = kTile / kLanes;
constexpr int64_t kSums = 4;

HWY_INLINE Lanes16 silu16(const Lanes16& x) {
  Lanes16 out;
  for (size_t i = 0; i < kParts; ++i) {
    const VF e = exp_lanes(hn::Neg(x.part[i]));
    out.part[i] = hn::Div(x.part[i], hn::Add(hn::Set(DF(), 1.0f), e));
  }
  return out;
}

// The convolution, silu and (of queries and keys) norm of one head at one
// token.
void ConvolveHead(const DeltaTask& task, int64_t t, const DeltaHead& head) {
  const DeltaShape& shape = task.shape;
  const int64_t before = shape.taps - 1;
  float* to = task.row(t) + head.channel;
  Lanes16 squares = zero16();
  for_each16(head.dim, [&](int64_t k, size_t count) HWY_ATTR {
    Lanes16 acc = zero16();
    for (int64_t j = 0; j < shape.taps; ++j) {
      const int64_t from = t - before + j;
      const float* x = from >= 0
          ? task.mixed + from * task.layout.width + head.column
          : task.state.conv + (from + before) * shape.channels() + head.channel;
      const float* w = task.weights.conv + j * shape.channels() + head.channel;
      acc = fused16(
          load16_partial(w + k, count), load16_partial(x + k, count), acc);
    }
    const Lanes16 y = silu16(acc);
    squares = first16(count, fused16(y, y, squares), squares);
    store16_partial(y, to + k, count);
  });
  if (head.kind == DeltaHead::Kind::value) {
    return;
  }
  constexpr float kEps = 1e-6f;
  float inverse = 1.0f / std::sqrt(tree16(squares) + kEps);
  if (head.kind == DeltaHead::Kind::query) {
    inverse /= std::sqrt(static_cast<float>(shape.key_dim));
  }
  const Lanes16 factor = set16(inverse);
  for_each16(head.dim, [&](int64_t k, size_t count) HWY_ATTR {
    store16_partial(
        mul16(load16_partial(to + k, count), factor), to + k, count);
  });
}

// One tile of state columns over all tokens. `state`: [key_dim][kDeltaBlock],
// at the tile's first column; `count` <= kTile columns are real.
HWY_INLINE void recur_tile(
    const DeltaTask& task,
    int64_t head,
    int64_t column,
    int64_t count,
    float* state) {
  const DF d;
  const DeltaShape& shape = task.shape;
  const int64_t group = head / shape.members();
  const int64_t out_column =
      task.layout.out.at(group, head % shape.members()) + column;
  const int64_t keys = shape.key_heads * shape.key_dim;
  HWY_ALIGN float tile[kTile] = {};
  for (int64_t t = 0; t < task.tokens; ++t) {
    const float* q = task.row(t) + group * shape.key_dim;
    const float* k = q + keys;
    const float* v = task.row(t) + 2 * keys + head * shape.value_dim + column;
    const VF decay = hn::Set(d, task.decays(t)[head]);
    const VF beta = hn::Set(d, task.betas(t)[head]);
    std::copy_n(v, count, tile);

    VF acc[kSums][kTileVectors];
    const auto clear = [&]() HWY_ATTR {
      for (auto& sums : acc) {
        for (VF& sum : sums) {
          sum = hn::Zero(d);
        }
      }
    };
    const auto total = [&](size_t i) HWY_ATTR {
      return hn::Add(
          hn::Add(acc[0][i], acc[1][i]), hn::Add(acc[2][i], acc[3][i]));
    };
    // Sums are named by constants alone, so that they stay in registers.
    const auto each_key = [&](const auto& step) HWY_ATTR {
      int64_t j = 0;
      for (; j + kSums <= shape.key_dim; j += kSums) {
#pragma GCC unroll 4
        for (int64_t s = 0; s < kSums; ++s) {
          step(j + s, s);
        }
      }
      if (j < shape.key_dim) {
        step(j, 0);
      }
      if (j + 1 < shape.key_dim) {
        step(j + 1, 1);
      }
      if (j + 2 < shape.key_dim) {
        step(j + 2, 2);
      }
    };
    clear();
    each_key([&](int64_t j, int64_t s) HWY_ATTR {
      const float* row = state + j * kDeltaBlock;
      const VF key = hn::Set(d, k[j]);
#pragma GCC unroll 4
      for (size_t i = 0; i < kTileVectors; ++i) {
        const VF old = hn::Mul(hn::LoadU(d, row + i * kLanes), decay);
        acc[s][i] = fused(old, key, acc[s][i]);
      }
    });
    VF delta[kTileVectors];
    for (size_t i = 0; i < kTileVectors; ++i) {
      delta[i] =
          hn::Mul(hn::Sub(hn::Load(d, tile + i * kLanes), total(i)), beta);
    }
    clear();
    each_key([&](int64_t j, int64_t s) HWY_ATTR {
      float* row = state + j * kDeltaBlock;
      const VF key = hn::Set(d, k[j]);
      const VF query = hn::Set(d, q[j]);
#pragma GCC unroll 4
      for (size_t i = 0; i < kTileVectors; ++i) {
        const VF old = hn::Mul(hn::LoadU(d, row + i * kLanes), decay);
        const VF now = fused(key, delta[i], old);
        hn::StoreU(now, d, row + i * kLanes);
        acc[s][i] = fused(now, query, acc[s][i]);
      }
    });
    for (size_t i = 0; i < kTileVectors; ++i) {
      hn::Store(total(i), d, tile + i * kLanes);
    }
    std::copy_n(
        tile,
        count,
        task.out + t * shape.value_heads * shape.value_dim + out_column);
  }
}

// One block of one head's state.
void RecurBlock(const DeltaTask& task, int64_t head, int64_t block) {
  const DeltaShape& shape = task.shape;
  float* state = task.state.recurrent +
      (head * task.blocks() + block) * shape.key_dim * kDeltaBlock;
  for (int64_t from = 0; from < kDeltaBlock; from += kTile) {
    const int64_t column = block * kDeltaBlock + from;
    const int64_t count = std::min(kTile, shape.value_dim - column);
    if (count > 0) {
      recur_tile(task, head, column, count, state + from);
    }
  }
}

// y = rms_norm(y) * weight * silu(z)
void NormHead(
    const DeltaWeights& weights,
    const float* z,
    int64_t n,
    float* y) {
  Lanes16 squares = zero16();
  for_each16(n, [&](int64_t k, size_t count) HWY_ATTR {
    const Lanes16 v = load16_partial(y + k, count);
    squares = first16(count, fused16(v, v, squares), squares);
  });
  const float mean = tree16(squares) / static_cast<float>(n);
  const Lanes16 inverse = set16(1.0f / std::sqrt(mean + weights.eps));
  for_each16(n, [&](int64_t k, size_t count) HWY_ATTR {
    const Lanes16 normed = mul16(
        mul16(load16_partial(y + k, count), inverse),
        load16_partial(weights.norm + k, count));
    store16_partial(
        mul16(normed, silu16(load16_partial(z + k, count))), y + k, count);
  });
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/scalar_math.h"
#include "kernels/targets.h"

namespace bantam::kernels {

namespace {

HWY_EXPORT(ConvolveHead);
HWY_EXPORT(RecurBlock);
HWY_EXPORT(NormHead);

// Heads of one token that a thread handles in about the time that waking
// another takes.
constexpr int64_t kSerialHeads = 32;

// In double: the decay is close to 1, and errors in it add up over a context.
void gates(const DeltaTask& task, int64_t t, int64_t head) {
  const int64_t group = head / task.shape.members();
  const int64_t member = head % task.shape.members();
  const float* row = task.mixed + t * task.layout.width;
  const double alpha =
      static_cast<double>(row[task.layout.alpha.at(group, member)]) +
      static_cast<double>(task.weights.dt_bias[head]);
  // log(1 + e^alpha) without overflow
  const double softplus =
      std::max(alpha, 0.0) + steady_log1p(steady_exp(-std::fabs(alpha)));
  task.decays(t)[head] = static_cast<float>(steady_exp(
      static_cast<double>(task.weights.decay_rate[head]) * softplus));
  const double beta =
      static_cast<double>(row[task.layout.beta.at(group, member)]);
  task.betas(t)[head] = static_cast<float>(1.0 / (1.0 + steady_exp(-beta)));
}

void convolve(const DeltaTask& task, ThreadPool& pool) {
  const int64_t heads = 2 * task.shape.key_heads + task.shape.value_heads;
  pool.parallel_for(
      task.tokens * heads, kSerialHeads, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t t = i / heads;
          const DeltaHead head(task, i % heads);
          HWY_DYNAMIC_DISPATCH(ConvolveHead)(task, t, head);
          if (head.kind == DeltaHead::Kind::value) {
            gates(task, t, head.value_head);
          }
        }
      });
}

// The last inputs of the convolution, for the tokens to come.
void keep_inputs(const DeltaTask& task) {
  const DeltaShape& shape = task.shape;
  const int64_t kept = shape.taps - 1;
  const int64_t heads = 2 * shape.key_heads + shape.value_heads;
  for (int64_t r = 0; r < kept; ++r) {
    float* to = task.state.conv + r * shape.channels();
    const int64_t t = task.tokens - kept + r;
    if (t < 0) {
      std::copy_n(to + task.tokens * shape.channels(), shape.channels(), to);
      continue;
    }
    for (int64_t index = 0; index < heads; ++index) {
      const DeltaHead head(task, index);
      std::copy_n(
          task.mixed + t * task.layout.width + head.column,
          head.dim,
          to + head.channel);
    }
  }
}

void recur(const DeltaTask& task, ThreadPool& pool) {
  const int64_t blocks = task.blocks();
  pool.parallel_for(
      task.shape.value_heads * blocks, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          HWY_DYNAMIC_DISPATCH(RecurBlock)(task, i / blocks, i % blocks);
        }
      });
}

void norm(const DeltaTask& task, ThreadPool& pool) {
  const DeltaShape& shape = task.shape;
  const int64_t heads = shape.value_heads;
  pool.parallel_for(
      task.tokens * heads, kSerialHeads, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t t = i / heads;
          const int64_t group = i % heads / shape.members();
          const int64_t member = i % heads % shape.members();
          HWY_DYNAMIC_DISPATCH(NormHead)
          (task.weights,
           task.mixed + t * task.layout.width + task.layout.z.at(group, member),
           shape.value_dim,
           task.out + t * heads * shape.value_dim +
               task.layout.out.at(group, member));
        }
      });
}

}  // namespace

int64_t delta_recurrent_floats(const DeltaShape& shape) {
  const int64_t blocks = (shape.value_dim + kDeltaBlock - 1) / kDeltaBlock;
  return shape.value_heads * blocks * shape.key_dim * kDeltaBlock;
}

void gated_delta(
    const DeltaShape& shape,
    const DeltaLayout& layout,
    const DeltaWeights& weights,
    const float* mixed,
    int64_t tokens,
    const DeltaState& state,
    float* out,
    float* scratch,
    ThreadPool& pool) {
  target_name();  // settles the target before the first dispatch
  const DeltaTask task{
      shape, layout, weights, mixed, tokens, state, out, scratch};
  convolve(task, pool);
  keep_inputs(task);
  recur(task, pool);
  norm(task, pool);
}

}  // namespace bantam::kernels
#endif  // HWY_ONCE
