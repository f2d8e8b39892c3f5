// SPDX-License-Identifier: MIT
// A mixture of experts with stock MLX operations.
#include "nn/stock_experts.h"

namespace bantam::nn {

namespace {

// x: [tokens, 1 or active, 1, cols] -> [tokens, active, 1, rows], each with
// the matrix of its expert. chosen: [tokens, active].
mx::array gathered(
    const mx::array& x,
    const StockWeight& w,
    const mx::array& chosen,
    const Compute& compute) {
  if (w.scales) {
    return mx::gather_qmm(
        x,
        w.weight,
        *w.scales,
        w.biases,
        std::nullopt,
        chosen,
        /* transpose = */ true,
        w.group,
        w.bits,
        "affine",
        std::nullopt,
        false,
        compute.stream);
  }
  return mx::gather_mm(
      x,
      mx::swapaxes(w.weight, 1, 2, compute.stream),
      std::nullopt,
      chosen,
      false,
      compute.stream);
}

mx::array swiglu(
    const mx::array& gate,
    const mx::array& up,
    const Compute& compute) {
  const mx::array silu =
      mx::multiply(gate, mx::sigmoid(gate, compute.stream), compute.stream);
  return mx::multiply(silu, up, compute.stream);
}

mx::array shared_output(
    const mx::array& normed,
    const SharedExpert& shared,
    const Compute& compute) {
  const mx::array y = shared.down.stock(
      swiglu(
          shared.gate_up[0].stock(normed, compute),
          shared.gate_up[1].stock(normed, compute),
          compute),
      compute);
  const mx::array weight =
      mx::sigmoid(shared.gate.stock(normed, compute), compute.stream);
  return mx::multiply(y, weight, compute.stream);
}

}  // namespace

mx::array stock_experts_add(
    const mx::array& x,
    const Experts& experts,
    const Compute& compute) {
  const int active = static_cast<int>(experts.options().active);
  const int tokens = x.shape(0);
  const mx::array normed = experts.norm().stock(x, compute);
  const mx::array shares = mx::softmax(
      mx::astype(
          experts.router().stock(normed, compute), mx::float32, compute.stream),
      -1,
      /* precise = */ true,
      compute.stream);
  const mx::array chosen = mx::slice(
      mx::argpartition(
          mx::negative(shares, compute.stream), active - 1, -1, compute.stream),
      {0, 0},
      {tokens, active},
      compute.stream);
  mx::array weights = mx::take_along_axis(shares, chosen, -1, compute.stream);
  if (experts.options().normalize) {
    weights = mx::divide(
        weights, mx::sum(weights, -1, true, compute.stream), compute.stream);
  }
  const mx::array rows = mx::expand_dims(normed, {1, 2}, compute.stream);
  const mx::array product = swiglu(
      gathered(rows, experts.stock().gate, chosen, compute),
      gathered(rows, experts.stock().up, chosen, compute),
      compute);
  // [tokens, active, hidden]
  const mx::array outputs = mx::squeeze(
      gathered(product, experts.stock().down, chosen, compute),
      2,
      compute.stream);
  const mx::array mixed = mx::sum(
      mx::multiply(
          outputs,
          mx::astype(
              mx::expand_dims(weights, -1, compute.stream),
              outputs.dtype(),
              compute.stream),
          compute.stream),
      1,
      false,
      compute.stream);
  const mx::array y = mx::add(x, mixed, compute.stream);
  return experts.shared()
      ? mx::add(
            y,
            shared_output(normed, *experts.shared(), compute),
            compute.stream)
      : y;
}

}  // namespace bantam::nn
