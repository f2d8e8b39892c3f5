// SPDX-License-Identifier: MIT
// Kernels of our own for a GPU, where stock operations would take a dozen
// nodes. Their bodies lie in src/nn/gpu/, in the few words that CUDA and Metal
// share (see gpu_kernel.cpp); the tests run the same bodies on the CPU.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "nn/compute.h"

namespace bantam::nn {

/// Threads that run in step and can add up a value between them.
inline constexpr int kWarp = 32;

/// Is the stream one that GpuKernel can run on?
bool has_gpu_kernels(const Compute& compute);

struct GpuLaunch {
  std::vector<mx::Shape> shapes;  // of the outputs
  std::vector<mx::Dtype> dtypes;
  std::array<int, 3> blocks{1, 1, 1};
  int threads = kWarp;  // of a block, along x
  /// Constants and types of the body: a kernel is compiled once for each set.
  std::vector<std::pair<std::string, mx::fast::TemplateArg>> constants;
};

/// Thread-safe. Compiled by the back end at its first use.
class GpuKernel {
 public:
  /// `body` names its inputs and outputs as they are named here; an input x
  /// also has x_shape.
  GpuKernel(
      std::string name,
      std::vector<std::string> inputs,
      std::vector<std::string> outputs,
      std::string body);

  /// Lazy, like every operation of MLX. The compute's stream must have GPU
  /// kernels.
  std::vector<mx::array> operator()(
      const std::vector<mx::array>& inputs,
      const GpuLaunch& launch,
      const Compute& compute) const;

 private:
  // What a launch made, to be used again: MLX writes the kernel's text anew at
  // each call of function_, which took a third of the time to build a graph.
  struct Made {
    mx::Stream stream;
    std::vector<mx::Dtype> inputs;
    GpuLaunch launch;
    std::shared_ptr<mx::Primitive> primitive;
  };

  std::shared_ptr<mx::Primitive> made_before(
      const std::vector<mx::array>& inputs,
      const GpuLaunch& launch,
      const Compute& compute) const;
  void keep(
      const std::vector<mx::array>& inputs,
      const GpuLaunch& launch,
      const mx::array& output,
      const Compute& compute) const;

  mx::fast::CustomKernelFunction function_;
  mutable std::mutex mutex_;
  mutable std::vector<Made> made_;
};

}  // namespace bantam::nn
