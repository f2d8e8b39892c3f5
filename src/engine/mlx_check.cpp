// SPDX-License-Identifier: MIT
#include "engine/mlx_check.h"

#include "base/error.h"
#include "base/sha256.h"
#include "nn/mlx_library.h"

namespace bantam {

namespace {

std::string mlx_fault(const nn::MlxLibrary& mlx) {
  return fmt::format(
      "this bantam was built for MLX {}, but {} is MLX {}; run make again",
      mlx.built_version,
      mlx.path.empty() ? "what is loaded" : mlx.path,
      mlx.version);
}

}  // namespace

void check_mlx_version() {
  const nn::MlxLibrary mlx = nn::mlx_library();
  if (mlx.version != mlx.built_version) {
    fail(ErrorCode::unavailable, "{}", mlx_fault(mlx));
  }
}

Finding mlx_finding() {
  const nn::MlxLibrary mlx = nn::mlx_library();
  if (mlx.version != mlx.built_version) {
    return {"mlx", Health::red, mlx_fault(mlx), "make"};
  }
  if (mlx.wheel_sha256.empty()) {
    return {
        "mlx",
        Health::yellow,
        fmt::format(
            "MLX {}, not from a wheel that pins.txt names", mlx.version),
        "build with make to run on the pinned one"};
  }
  std::string digest;
  try {
    digest = sha256_of_file(mlx.path);
  } catch (const Error& error) {
    return {"mlx", Health::yellow, error.what(), ""};
  }
  const std::string wheel = mlx.wheel_sha256.substr(0, 12);
  if (digest != mlx.library_sha256) {
    return {
        "mlx",
        Health::red,
        fmt::format(
            "{} is not the library of the pinned wheel (sha256 {}…): it was "
            "changed after the build",
            mlx.path,
            wheel),
        "make clean, then make"};
  }
  return {
      "mlx",
      Health::green,
      fmt::format(
          "MLX {}, the library of the pinned wheel (sha256 {}…)",
          mlx.version,
          wheel),
      ""};
}

}  // namespace bantam
