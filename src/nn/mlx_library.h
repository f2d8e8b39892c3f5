// SPDX-License-Identifier: MIT
// Which MLX this program runs on, and whether it is the pinned one.
#pragma once

#include <string>

namespace bantam::nn {

struct MlxLibrary {
  std::string version;        // of the library that is loaded
  std::string built_version;  // of the headers this build was compiled with
  std::string path;           // of the library; "" if not known
  /// Of the wheel that pins.txt names and this build was made from; "": it was
  /// made from something else.
  std::string wheel_sha256;
  /// Of the library in that wheel.
  std::string library_sha256;
};

MlxLibrary mlx_library();

}  // namespace bantam::nn
