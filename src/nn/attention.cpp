// SPDX-License-Identifier: MIT
#include "nn/attention.h"

#include <cstring>

#include "kernels/elementwise.h"
#include "nn/cpu_primitive.h"
#include "nn/stock_attention.h"

namespace bantam::nn {

namespace {

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
        kernels::rope(
            q,
            stride,
            count,
            position,
            {.heads = shape.heads + shape.kv_heads,
             .head_dim = shape.head_dim,
             .pairs = static_cast<int64_t>(rope.frequencies.size()),
             .interleaved = rope.interleaved},
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
