// SPDX-License-Identifier: MIT
#include "nn/mlx_library.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <mlx/version.h>

namespace bantam::nn {

MlxLibrary mlx_library() {
  MlxLibrary library{
      .version = mlx::core::version(),
      .built_version = fmt::format(
          "{}.{}.{}", MLX_VERSION_MAJOR, MLX_VERSION_MINOR, MLX_VERSION_PATCH),
      .path = {},
      .wheel_sha256 = BANTAM_MLX_WHEEL_SHA256,
      .library_sha256 = BANTAM_MLX_LIBRARY_SHA256};
  Dl_info place{};
  if (::dladdr(reinterpret_cast<const void*>(&mlx::core::version), &place) !=
          0 &&
      place.dli_fname != nullptr) {
    library.path = place.dli_fname;
  }
  return library;
}

}  // namespace bantam::nn
