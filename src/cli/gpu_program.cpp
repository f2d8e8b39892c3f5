// SPDX-License-Identifier: MIT
#include "cli/gpu_program.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "bantam/engine.h"
#include "base/error.h"
#include "base/program_folder.h"

namespace bantam {

#if !defined(__APPLE__)
namespace {

constexpr const char* kProgram = "bantam-cuda";

bool has_cuda_driver() {
  void* driver = ::dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (driver == nullptr) {
    return false;
  }
  ::dlclose(driver);
  return true;
}

}  // namespace
#endif

void require_gpu() {
  if (gpu_available()) {
    return;
  }
#if !defined(__APPLE__)
  const std::string beside = (program_folder() / kProgram).string();
  const bool is_there = ::access(beside.c_str(), X_OK) == 0;
  if (is_there && has_cuda_driver()) {
    throw GpuProgramNeeded{beside};
  }
  fail(
      ErrorCode::unavailable,
      "--device gpu: {}; leave the flag out to run on the CPU",
      is_there ? "this machine has no CUDA driver (libcuda.so.1)"
               : "this build of MLX has no GPU, and there is no bantam-cuda "
                 "beside it (make cuda builds it)");
#else
  fail(
      ErrorCode::unavailable,
      "--device gpu: MLX sees no GPU; leave the flag out to run on the CPU");
#endif
}

void become(const std::string& path, char** argv) {
  ::execv(path.c_str(), argv);
  fail(
      ErrorCode::unavailable,
      "cannot start {}: {}",
      path,
      std::strerror(errno));
}

}  // namespace bantam
