// SPDX-License-Identifier: MIT
#include "nn/cpu_primitive.h"

#include <mlx/backend/cpu/encoder.h>
#include <mlx/primitives.h>

#include <stdexcept>
#include <utility>

namespace bantam::nn {

namespace {

class CpuPrimitive final : public mx::UnaryPrimitive {
 public:
  CpuPrimitive(mx::Stream stream, const char* name, CpuBody body)
      : mx::UnaryPrimitive(stream), name_(name), body_(std::move(body)) {}

  void eval_cpu(const std::vector<mx::array>& inputs, mx::array& out) override {
    out.set_data(mx::allocator::malloc(out.nbytes()));
    // The encoder keeps the buffers alive until the task has run; weak copies
    // keep the task from holding the graph itself.
    std::vector<mx::array> weak;
    weak.reserve(inputs.size());
    for (const mx::array& input : inputs) {
      if (!input.flags().row_contiguous) {
        throw std::runtime_error(std::string(name_) + ": input is not dense");
      }
      weak.push_back(mx::array::unsafe_weak_copy(input));
    }
    mx::cpu::get_command_encoder(stream()).dispatch(
        [body = std::move(body_),
         weak = std::move(weak),
         result = mx::array::unsafe_weak_copy(out)]() mutable {
          body(weak, result);
        });
  }

  void eval_gpu(const std::vector<mx::array>&, mx::array&) override {
    throw std::runtime_error(std::string(name_) + " has no GPU form");
  }

  const char* name() const override { return name_; }
  bool is_equivalent(const mx::Primitive&) const override { return false; }

 private:
  const char* name_;
  CpuBody body_;
};

}  // namespace

mx::array cpu_primitive(
    const char* name,
    mx::Shape shape,
    mx::Dtype dtype,
    std::vector<mx::array> inputs,
    const Compute& compute,
    CpuBody body) {
  return mx::array(
      std::move(shape),
      dtype,
      std::make_shared<CpuPrimitive>(compute.stream, name, std::move(body)),
      std::move(inputs));
}

}  // namespace bantam::nn
