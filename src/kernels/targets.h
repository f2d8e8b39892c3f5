// SPDX-License-Identifier: MIT
// Which instruction set the kernels use. Every target gives the same bits, so
// this decides speed alone; a receipt names it all the same.
#pragma once

#include <string_view>
#include <vector>

namespace bantam::kernels {

/// The instruction set in use: "avx512vnni", "avx512", "avx2", "neon" or
/// "portable". The environment variable BANTAM_KERNELS names a lower one.
std::string_view target_name();

/// What this machine can run, best first.
std::vector<std::string_view> supported_targets();

/// What target_name() is before anything else was asked for.
void set_best_target();

/// Makes the kernels use `name`; false if the machine cannot run it. For tests
/// and start-up: not while a kernel runs.
bool set_target(std::string_view name);

/// True if the kernels with AVX-512 VNNI dot products are to be used.
bool use_avx512vnni();

}  // namespace bantam::kernels
