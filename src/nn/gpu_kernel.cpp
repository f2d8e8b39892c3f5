// SPDX-License-Identifier: MIT
#include "nn/gpu_kernel.h"

#include <algorithm>
#include <tuple>
#include <utility>

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

// Of each kernel: that of single tokens, and of some lengths of chunks.
constexpr size_t kMostMade = 32;

// Do the two differ in nothing but the shapes of outputs?
bool share_primitive(const GpuLaunch& a, const GpuLaunch& b) {
  return a.blocks == b.blocks && a.threads == b.threads &&
      a.dtypes == b.dtypes && a.constants == b.constants;
}

bool have_dtypes(
    const std::vector<mx::array>& arrays,
    const std::vector<mx::Dtype>& dtypes) {
  return std::equal(
      arrays.begin(),
      arrays.end(),
      dtypes.begin(),
      dtypes.end(),
      [](const mx::array& x, mx::Dtype dtype) { return x.dtype() == dtype; });
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
  if (auto primitive = made_before(inputs, launch, compute)) {
    return mx::array::make_arrays(
        launch.shapes, launch.dtypes, primitive, inputs);
  }
  const auto [x, y, z] = launch.blocks;
  std::vector<mx::array> outputs = function_(
      inputs,
      launch.shapes,
      launch.dtypes,
      {x * launch.threads, y, z},
      {launch.threads, 1, 1},
      launch.constants,
      std::nullopt,
      /* verbose = */ false,
      compute.stream);
  keep(inputs, launch, outputs[0], compute);
  return outputs;
}

std::shared_ptr<mx::Primitive> GpuKernel::made_before(
    const std::vector<mx::array>& inputs,
    const GpuLaunch& launch,
    const Compute& compute) const {
  const std::scoped_lock lock(mutex_);
  const auto found =
      std::find_if(made_.begin(), made_.end(), [&](const Made& made) {
        return made.stream == compute.stream &&
            share_primitive(made.launch, launch) &&
            have_dtypes(inputs, made.inputs);
      });
  return found == made_.end() ? nullptr : found->primitive;
}

void GpuKernel::keep(
    const std::vector<mx::array>& inputs,
    const GpuLaunch& launch,
    const mx::array& output,
    const Compute& compute) const {
  std::vector<mx::Dtype> dtypes;
  for (const mx::array& input : inputs) {
    dtypes.push_back(input.dtype());
  }
  const std::scoped_lock lock(mutex_);
  if (made_.size() == kMostMade) {
    made_.clear();
  }
  made_.push_back(
      {compute.stream, std::move(dtypes), launch, output.primitive_ptr()});
}

}  // namespace bantam::nn
