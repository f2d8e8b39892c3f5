// SPDX-License-Identifier: MIT
#include "nn/attention.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/elementwise.h"
#include "nn/cpu_primitive.h"
#include "nn/stock_attention.h"

namespace bantam::nn {

namespace {

// Heads whose rotary pairs are neighbours (x[2i], x[2i + 1]) with the first
// halves of all pairs in front instead: sums over a head's dimensions then run
// in the same order whichever way a file lays its rows out, so that a model
// gives the same bits in both formats.
void pairs_to_halves(
    float* x,
    int64_t stride,
    int64_t tokens,
    int64_t heads,
    int64_t head_dim,
    int64_t pairs) {
  std::vector<float> second(pairs);
  for (int64_t t = 0; t < tokens; ++t) {
    for (int64_t h = 0; h < heads; ++h) {
      float* head = x + t * stride + h * head_dim;
      for (int64_t i = 0; i < pairs; ++i) {
        second[i] = head[2 * i + 1];
        head[i] = head[2 * i];
      }
      std::copy_n(second.data(), pairs, head + pairs);
    }
  }
}

mx::array native_attend(
    const mx::array& qkv,
    const kernels::AttentionShape& shape,
    const Rope& rope,
    int64_t position,
    KvLayer& cache,
    const Compute& compute) {
  const int tokens = qkv.shape(0);
  return cpu_primitive(
      "Attend",
      {tokens, static_cast<int>(shape.heads * shape.head_dim)},
      mx::float32,
      {qkv},
      compute,
      [shape, &rope, position, slots = cache.slots, compute](
          std::span<const mx::array> inputs, mx::array& out) {
        const int64_t count = inputs[0].shape(0);
        const int64_t stride = inputs[0].shape(1);
        // The input may have other readers, so it is rotated in a copy.
        float* q = compute.workspace->floats.data();
        std::memcpy(q, inputs[0].data<float>(), inputs[0].nbytes());
        float* k = q + shape.heads * shape.head_dim;
        float* v = k + shape.kv_heads * shape.head_dim;
        // Queries and keys lie side by side and turn alike.
        const int64_t heads = shape.heads + shape.kv_heads;
        const auto pairs = static_cast<int64_t>(rope.frequencies.size());
        if (rope.interleaved) {
          pairs_to_halves(q, stride, count, heads, shape.head_dim, pairs);
        }
        kernels::rope(
            q,
            stride,
            count,
            position,
            {.heads = heads,
             .head_dim = shape.head_dim,
             .pairs = pairs,
             .interleaved = false},
            rope.frequencies.data(),
            /* amplitude = */ 1.0f,
            *compute.pool);
        kernels::attention(
            shape,
            q,
            k,
            v,
            stride,
            count,
            position,
            slots,
            out.data<float>(),
            compute.workspace->attention.data(),
            *compute.pool);
      });
}

}  // namespace

mx::array attend(
    const mx::array& qkv,
    const kernels::AttentionShape& shape,
    const Rope& rope,
    int64_t position,
    KvLayer& cache,
    const Compute& compute) {
  if (compute.path == KernelPath::native) {
    return native_attend(qkv, shape, rope, position, cache, compute);
  }
  return stock_attend(qkv, shape, rope, position, cache, compute);
}

}  // namespace bantam::nn
