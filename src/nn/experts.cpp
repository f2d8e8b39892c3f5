// SPDX-License-Identifier: MIT
#include "nn/experts.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "kernels/elementwise.h"
#include "kernels/matmul.h"
#include "kernels/scalar_math.h"
#include "nn/cpu_primitive.h"
#include "nn/expert_residency.h"
#include "nn/stock_experts.h"

namespace bantam::nn {

namespace {

// Experts whose reading has begun before they are used: those of one token in
// most models, and enough that a disk is never idle.
constexpr size_t kFetchedAhead = 16;

// OpenAI's factor in the sigmoid, which makes it close to GELU.
constexpr float kClampedAlpha = 1.702f;

// One call of experts_add on the native path. The scratch is a run of floats
// per buffer, for all tokens of the chunk.
class ExpertRun {
 public:
  ExpertRun(const Experts& experts, const Compute& compute, int64_t tokens)
      : experts_(experts),
        workspace_(*compute.workspace),
        residency_(compute.residency),
        pool_(*compute.pool),
        tokens_(tokens),
        hidden_(experts.hidden()) {
    float* next = workspace_.floats.data();
    const auto take = [&](int64_t per_token) {
      float* at = next;
      next += per_token * tokens;
      return at;
    };
    const int64_t widest = std::max(experts.width(), experts.shared_width());
    normed_ = take(hidden_);
    gathered_ = take(hidden_);
    result_ = take(hidden_);
    gate_up_ = take(2 * widest);
    product_ = take(widest);
    shares_ = take(experts.count());
    weights_ = take(experts.count());
    bias_ = next;
  }

  void run(const float* x, float* out) {
    kernels::rms_norm(
        x,
        experts_.norm().weight().data(),
        experts_.norm().eps(),
        tokens_,
        hidden_,
        normed_,
        pool_);
    if (experts_.options().adds_input) {
      std::copy_n(x, tokens_ * hidden_, out);
    } else {
      std::fill_n(out, tokens_ * hidden_, 0.0f);
    }
    route(x);
    visit_chosen(out);
    if (experts_.shared()) {
      add_shared(*experts_.shared(), out);
    }
  }

 private:
  // weights_[t][e]: the weight of expert e for token t, 0 if not chosen.
  void route(const float* x) {
    const Linear& router = experts_.router();
    const float* input = normed_;
    if (const auto& own = experts_.router_input()) {
      kernels::rms_norm(
          x,
          own->norm.weight().data(),
          own->norm.eps(),
          tokens_,
          hidden_,
          gathered_,
          pool_);
      input = gathered_;
    }
    prepare(workspace_.activations, input, tokens_, hidden_, router.matrix());
    router.multiply(
        workspace_.activations,
        shares_,
        experts_.count(),
        kernels::Store::assign,
        pool_);
    for (int64_t t = 0; t < tokens_; ++t) {
      choose(shares_ + t * experts_.count(), weights_ + t * experts_.count());
    }
  }

  void choose(float* shares, float* weights) const {
    const int64_t count = experts_.count();
    kernels::softmax(shares, count);
    std::fill_n(weights, count, 0.0f);
    float sum = 0;
    for (int64_t i = 0; i < experts_.options().active; ++i) {
      // A share that was taken is negative; one that is NaN never wins.
      int64_t best = 0;
      for (int64_t e = 1; e < count; ++e) {
        best = shares[e] > shares[best] ? e : best;
      }
      weights[best] = shares[best];
      sum += shares[best];
      shares[best] = -1;
    }
    for (int64_t e = 0; e < count && experts_.options().normalize; ++e) {
      weights[e] = weights[e] != 0 ? weights[e] / sum : 0.0f;
    }
    if (const auto& own = experts_.router_input()) {
      for (int64_t e = 0; e < count; ++e) {
        weights[e] *= own->expert_scales[e];
      }
    }
  }

  // The experts that some token chose, in ascending order; those that come next
  // are on their way from the disk meanwhile.
  void visit_chosen(float* out) {
    std::vector<int64_t> chosen;
    for (int64_t e = 0; e < experts_.count(); ++e) {
      bool any = false;
      for (int64_t t = 0; t < tokens_ && !any; ++t) {
        any = is_chosen(t, e);
      }
      if (any) {
        chosen.push_back(e);
      }
    }
    size_t fetched = 0;
    for (size_t i = 0; i < chosen.size(); ++i) {
      if (residency_ != nullptr) {
        while (fetched < std::min(chosen.size(), i + kFetchedAhead)) {
          residency_->fetch(matrices_of(chosen[fetched++]));
        }
        residency_->use(matrices_of(chosen[i]));
      }
      visit(chosen[i], out);
    }
    if (residency_ != nullptr) {
      residency_->add_choices(tokens_ * experts_.options().active);
    }
  }

  std::vector<const kernels::WeightMatrix*> matrices_of(int64_t e) const {
    const ExpertMatrices& matrices = experts_.matrices();
    std::vector<const kernels::WeightMatrix*> list{&matrices.gate[e]};
    if (!experts_.interleaved()) {
      list.push_back(&matrices.up[e]);
    }
    list.push_back(&matrices.down[e]);
    return list;
  }

  void visit(int64_t e, float* out) {
    const int64_t count = experts_.count();
    int64_t rows = 0;
    for (int64_t t = 0; t < tokens_; ++t) {
      if (is_chosen(t, e)) {
        std::copy_n(
            normed_ + t * hidden_, hidden_, gathered_ + rows++ * hidden_);
      }
    }
    const ExpertMatrices& matrices = experts_.matrices();
    const int64_t width = experts_.width();
    // A lone token keeps its activations for all of its experts.
    if (rows != tokens_ || !prepared_) {
      prepare(
          workspace_.activations, gathered_, rows, hidden_, matrices.gate[e]);
      prepared_ = rows == tokens_;
    }
    gate_and_up(e, rows);
    gate(rows, width);
    prepare(workspace_.inner, product_, rows, width, matrices.down[e]);
    multiply(
        matrices.down[e],
        matrices.down_bias,
        e,
        workspace_.inner,
        result_,
        hidden_);
    int64_t row = 0;
    for (int64_t t = 0; t < tokens_; ++t) {
      if (is_chosen(t, e)) {
        kernels::add_scaled(
            result_ + row++ * hidden_,
            weights_[t * count + e],
            hidden_,
            out + t * hidden_);
      }
    }
  }

  void gate_and_up(int64_t e, int64_t rows) {
    const ExpertMatrices& matrices = experts_.matrices();
    const kernels::WeightMatrix& gate = matrices.gate[e];
    kernels::Activations& x = workspace_.activations;
    const int64_t stride = 2 * experts_.width();
    if (experts_.interleaved()) {
      multiply(gate, matrices.gate_bias, e, x, gate_up_, stride);
      part_pairs(rows);
      return;
    }
    const kernels::WeightMatrix& up = matrices.up[e];
    float* ups = gate_up_ + experts_.width();
    if (up.group_size() == gate.group_size()) {
      const kernels::Product both[] = {
          {gate, gate_up_, stride}, {up, ups, stride}};
      kernels::matmul(both, x, kernels::Store::assign, pool_);
      add_bias(matrices.gate_bias, e, rows, gate.rows, gate_up_, stride);
      add_bias(matrices.up_bias, e, rows, up.rows, ups, stride);
      return;
    }
    multiply(gate, matrices.gate_bias, e, x, gate_up_, stride);
    prepare(x, gathered_, rows, hidden_, up);
    prepared_ = false;
    multiply(up, matrices.up_bias, e, x, ups, stride);
  }

  // y = W x (+ row e of the biases), for the tokens that x holds.
  void multiply(
      const kernels::WeightMatrix& w,
      const std::optional<kernels::WeightMatrix>& biases,
      int64_t e,
      const kernels::Activations& x,
      float* y,
      int64_t stride) {
    kernels::matmul(w, x, y, stride, kernels::Store::assign, pool_);
    add_bias(biases, e, x.tokens(), w.rows, y, stride);
  }

  void add_bias(
      const std::optional<kernels::WeightMatrix>& biases,
      int64_t e,
      int64_t tokens,
      int64_t values,
      float* y,
      int64_t stride) {
    if (!biases) {
      return;
    }
    kernels::dequantize_row(*biases, e, bias_);
    for (int64_t t = 0; t < tokens; ++t) {
      kernels::add_scaled(bias_, 1.0f, values, y + t * stride);
    }
  }

  // Gates and ups that alternate: all gates in front instead.
  void part_pairs(int64_t rows) {
    const int64_t width = experts_.width();
    for (int64_t t = 0; t < rows; ++t) {
      float* row = gate_up_ + t * 2 * width;
      for (int64_t i = 0; i < width; ++i) {
        product_[i] = row[2 * i + 1];
        row[i] = row[2 * i];
      }
      std::copy_n(product_, width, row + width);
    }
  }

  // product_ = activation(gate) * up
  void gate(int64_t rows, int64_t width) {
    const float limit = experts_.options().swiglu_limit;
    const float* up = gate_up_ + width;
    if (limit > 0) {
      kernels::clamped_swiglu(
          gate_up_,
          up,
          2 * width,
          rows,
          width,
          {.alpha = kClampedAlpha, .limit = limit},
          product_,
          pool_);
    } else {
      const auto gated = experts_.options().activation == Activation::silu
          ? kernels::swiglu
          : kernels::geglu;
      gated(gate_up_, up, 2 * width, rows, width, product_, pool_);
    }
  }

  void add_shared(const SharedExpert& shared, float* out) {
    const int64_t width = experts_.shared_width();
    const auto multiply = [&](const Linear& linear, float* y, int64_t stride) {
      prepare(
          workspace_.activations, normed_, tokens_, hidden_, linear.matrix());
      linear.multiply(
          workspace_.activations, y, stride, kernels::Store::assign, pool_);
    };
    multiply(shared.gate_up[0], gate_up_, 2 * width);
    multiply(shared.gate_up[1], gate_up_ + width, 2 * width);
    kernels::swiglu(
        gate_up_, gate_up_ + width, 2 * width, tokens_, width, product_, pool_);
    multiply(shared.gate, shares_, 1);
    prepare(workspace_.inner, product_, tokens_, width, shared.down.matrix());
    shared.down.multiply(
        workspace_.inner, result_, hidden_, kernels::Store::assign, pool_);
    for (int64_t t = 0; t < tokens_; ++t) {
      const auto weight = static_cast<float>(
          1 / (1 + kernels::steady_exp(-static_cast<double>(shares_[t]))));
      kernels::add_scaled(
          result_ + t * hidden_, weight, hidden_, out + t * hidden_);
    }
  }

  void prepare(
      kernels::Activations& activations,
      const float* x,
      int64_t tokens,
      int64_t cols,
      const kernels::WeightMatrix& w) {
    activations.prepare(x, cols, tokens, cols, w.group_size(), pool_);
  }

  bool is_chosen(int64_t t, int64_t e) const {
    // NaN is: a broken token must not look like a sound one.
    return weights_[t * experts_.count() + e] != 0.0f;
  }

  const Experts& experts_;
  Workspace& workspace_;
  ExpertResidency* residency_;
  kernels::ThreadPool& pool_;
  int64_t tokens_;
  int64_t hidden_;
  float* normed_;
  float* gathered_;
  float* result_;
  float* gate_up_;
  float* product_;
  float* shares_;
  float* weights_;
  float* bias_;            // of one expert
  bool prepared_ = false;  // activations hold all tokens, for experts
};

}  // namespace

Experts::Experts(
    RmsNorm norm,
    Linear router,
    ExpertMatrices matrices,
    std::optional<SharedExpert> shared,
    const ExpertOptions& options,
    const Compute& compute)
    : norm_(std::move(norm)),
      router_(std::move(router)),
      matrices_(std::move(matrices)),
      shared_(std::move(shared)),
      options_(options) {
  if (compute.path == KernelPath::stock) {
    stock_ = stock_of(matrices_, compute);
  } else if (compute.residency != nullptr) {
    for (const auto* list : {&matrices_.gate, &matrices_.up, &matrices_.down}) {
      compute.residency->add_stack(*list);
    }
  }
}

void Experts::set_router_input(RouterInput input) {
  input_ = std::move(input);
  if (stock_) {
    const auto& scales = input_->expert_scales;
    stock_->scales = mx::array(
        scales.begin(), {static_cast<int>(scales.size())}, mx::float32);
  }
}

int64_t Experts::bytes() const {
  int64_t bytes = 0;
  for (const auto* list : {&matrices_.gate, &matrices_.up, &matrices_.down}) {
    for (const kernels::WeightMatrix& matrix : *list) {
      bytes += matrix.bytes();
    }
  }
  return bytes;
}

int64_t Experts::scratch_floats() const {
  const bool has_biases = matrices_.down_bias.has_value();
  const int64_t bias = has_biases ? std::max(2 * width(), hidden()) : 0;
  return 3 * hidden() + 3 * std::max(width(), shared_width()) + 2 * count() +
      bias;
}

mx::array experts_add(
    const mx::array& x,
    const Experts& experts,
    const Compute& compute) {
  if (compute.path == KernelPath::stock) {
    return stock_experts_add(x, experts, compute);
  }
  return cpu_primitive(
      "Experts",
      x.shape(),
      mx::float32,
      {x},
      compute,
      [&experts, compute](std::span<const mx::array> inputs, mx::array& out) {
        ExpertRun(experts, compute, inputs[0].shape(0))
            .run(inputs[0].data<float>(), out.data<float>());
      });
}

}  // namespace bantam::nn
