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
        w.mode,
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

// The same with the bias of each expert.
mx::array gathered(
    const mx::array& x,
    const StockWeight& w,
    const std::optional<mx::array>& bias,
    const mx::array& chosen,
    const Compute& compute) {
  const mx::array y = gathered(x, w, chosen, compute);
  if (!bias) {
    return y;
  }
  const mx::array rows = mx::take(*bias, chosen, 0, compute.stream);
  return mx::add(y, mx::expand_dims(rows, -2, compute.stream), compute.stream);
}

// Every other row of a stack, from `first` on.
mx::array every_other_row(
    const mx::array& x,
    int first,
    const Compute& compute) {
  mx::Shape start(x.ndim(), 0);
  mx::Shape strides(x.ndim(), 1);
  start[1] = first;
  strides[1] = 2;
  return mx::contiguous(
      mx::slice(x, start, x.shape(), strides, compute.stream),
      false,
      compute.stream);
}

StockWeight every_other_row(StockWeight w, int first, const Compute& compute) {
  w.weight = every_other_row(w.weight, first, compute);
  if (w.scales) {
    w.scales = every_other_row(*w.scales, first, compute);
  }
  if (w.biases) {
    w.biases = every_other_row(*w.biases, first, compute);
  }
  return w;
}

std::optional<mx::array> stock_bias(
    const std::optional<kernels::WeightMatrix>& bias,
    const Compute& compute) {
  return bias ? std::optional(to_stock(*bias, compute).weight) : std::nullopt;
}

mx::array clamped_swiglu(
    const mx::array& gate,
    const mx::array& up,
    float limit,
    const Compute& compute) {
  const auto number = [&](float value) {
    return mx::array(value, gate.dtype());
  };
  const mx::Stream& s = compute.stream;
  const mx::array low = mx::minimum(gate, number(limit), s);
  const mx::array linear = mx::clip(up, number(-limit), number(limit), s);
  constexpr float kAlpha = 1.702f;
  const mx::array glu = mx::multiply(
      low, mx::sigmoid(mx::multiply(low, number(kAlpha), s), s), s);
  return mx::multiply(mx::add(linear, number(1.0f), s), glu, s);
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

Experts::Stock stock_of(
    const ExpertMatrices& matrices,
    const Compute& compute) {
  const StockWeight gate = to_stock(matrices.gate, compute);
  const auto gate_bias = stock_bias(matrices.gate_bias, compute);
  Experts::Stock stock{
      .gate = gate,
      .up = gate,
      .down = to_stock(matrices.down, compute),
      .gate_bias = gate_bias,
      .up_bias = stock_bias(matrices.up_bias, compute),
      .down_bias = stock_bias(matrices.down_bias, compute)};
  if (!matrices.up.empty()) {
    stock.up = to_stock(matrices.up, compute);
    return stock;
  }
  stock.gate = every_other_row(gate, 0, compute);
  stock.up = every_other_row(gate, 1, compute);
  if (gate_bias) {
    stock.gate_bias = every_other_row(*gate_bias, 0, compute);
    stock.up_bias = every_other_row(*gate_bias, 1, compute);
  }
  return stock;
}

mx::array stock_experts_add(
    const mx::array& x,
    const Experts& experts,
    const Compute& compute) {
  const int active = static_cast<int>(experts.options().active);
  const int tokens = x.shape(0);
  const mx::array normed = experts.norm().stock(x, compute);
  const auto& own = experts.router_input();
  const mx::array routed = own ? own->norm.stock(x, compute) : normed;
  const mx::array shares = mx::softmax(
      mx::astype(
          experts.router().stock(routed, compute), mx::float32, compute.stream),
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
  if (experts.stock().scales) {
    weights = mx::multiply(
        weights,
        mx::take(*experts.stock().scales, chosen, 0, compute.stream),
        compute.stream);
  }
  const mx::array rows = mx::expand_dims(normed, {1, 2}, compute.stream);
  const Experts::Stock& stock = experts.stock();
  const mx::array gate =
      gathered(rows, stock.gate, stock.gate_bias, chosen, compute);
  const mx::array up = gathered(rows, stock.up, stock.up_bias, chosen, compute);
  const float limit = experts.options().swiglu_limit;
  const mx::array product = limit > 0
      ? clamped_swiglu(gate, up, limit, compute)
      : mx::multiply(
            stock_activation(gate, experts.options().activation, compute),
            up,
            compute.stream);
  // [tokens, active, hidden]
  const mx::array outputs = mx::squeeze(
      gathered(product, stock.down, stock.down_bias, chosen, compute),
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
  const mx::array y =
      experts.options().adds_input ? mx::add(x, mixed, compute.stream) : mixed;
  return experts.shared()
      ? mx::add(
            y,
            shared_output(normed, *experts.shared(), compute),
            compute.stream)
      : y;
}

}  // namespace bantam::nn
