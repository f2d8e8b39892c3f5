// SPDX-License-Identifier: MIT
#include "nn/gpu_kernel.h"

#include <tuple>

namespace bantam::nn {

namespace {

// The words of the bodies, for CUDA. BLOCK(x) and THREAD say who this thread
// is, WARP_SUM adds over a warp and gives every thread the sum.
constexpr const char* kCudaWords = R"(
#define BLOCK(axis) int(blockIdx.axis)
#define THREAD int(threadIdx.x)
#define SHARED __shared__
#define SYNC() __syncthreads()
#define WARP_SUM(value) bantam_warp_sum(value)
#define EXP(value) expf(value)
#define LOG1P(value) log1pf(value)
#define RSQRT(value) rsqrtf(value)
#define ABS(value) fabsf(value)
#define SINCOS(angle, s, c) sincosf(angle, &s, &c)
__device__ inline float bantam_warp_sum(float value) {
  for (int step = 16; step > 0; step /= 2) {
    value += __shfl_xor_sync(0xffffffffu, value, step);
  }
  return value;
}
)";

// For Metal, whose kernels name the places they want to know in their text.
constexpr const char* kMetalWords = R"(
#define BLOCK(axis) int(bantam_block.axis)
#define THREAD int(bantam_thread.x)
#define SHARED threadgroup
#define SYNC() threadgroup_barrier(mem_flags::mem_threadgroup)
#define WARP_SUM(value) simd_sum(value)
#define EXP(value) metal::precise::exp(value)
#define LOG1P(value) metal::precise::log(1.0f + (value))
#define RSQRT(value) metal::precise::rsqrt(value)
#define ABS(value) metal::abs(value)
#define SINCOS(angle, s, c) s = metal::precise::sincos(angle, c)
)";

constexpr const char* kMetalPlaces =
    "const uint3 bantam_block = threadgroup_position_in_grid;\n"
    "const uint3 bantam_thread = thread_position_in_threadgroup;\n";

mx::fast::CustomKernelFunction make_function(
    const std::string& name,
    const std::vector<std::string>& inputs,
    const std::vector<std::string>& outputs,
    const std::string& body) {
  if (mx::cu::is_available()) {
    return mx::fast::cuda_kernel(
        "bantam_" + name, inputs, outputs, body, kCudaWords);
  }
  return mx::fast::metal_kernel(
      "bantam_" + name, inputs, outputs, kMetalPlaces + body, kMetalWords);
}

}  // namespace

bool has_gpu_kernels(const Compute& compute) {
  return compute.path == KernelPath::stock &&
      compute.stream.device == mx::Device::gpu;
}

GpuKernel::GpuKernel(
    std::string name,
    std::vector<std::string> inputs,
    std::vector<std::string> outputs,
    std::string body)
    : function_(make_function(name, inputs, outputs, body)) {}

std::vector<mx::array> GpuKernel::operator()(
    const std::vector<mx::array>& inputs,
    const GpuLaunch& launch,
    const Compute& compute) const {
  const auto [x, y, z] = launch.blocks;
  return function_(
      inputs,
      launch.shapes,
      launch.dtypes,
      {x * launch.threads, y, z},
      {launch.threads, 1, 1},
      launch.constants,
      std::nullopt,
      /* verbose = */ false,
      compute.stream);
}

}  // namespace bantam::nn
