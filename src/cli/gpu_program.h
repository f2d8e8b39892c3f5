// SPDX-License-Identifier: MIT
// MLX for CUDA does not load on a machine without a driver, so a program linked
// to it is a second one, bantam-cuda, left beside the first (make cuda).
#pragma once

#include <string>

namespace bantam {

/// Thrown when the settings ask for a GPU that this program's MLX does not
/// have, but the program beside it may: main() then becomes that program.
struct GpuProgramNeeded {
  std::string path;
};

/// To be called when the settings ask for a GPU. Throws GpuProgramNeeded, or
/// unavailable with what is missing; returns if MLX has the GPU.
void require_gpu();

/// Replaces this process with the program at `path`, same arguments. Throws
/// unavailable if that fails.
[[noreturn]] void become(const std::string& path, char** argv);

}  // namespace bantam
