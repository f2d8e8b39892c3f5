// SPDX-License-Identifier: MIT
// How large a model's file should be on a machine: large enough to answer
// well, small enough to leave room.
#pragma once

#include <cstdint>
#include <string_view>

namespace bantam {

enum class SizeVerdict { below, inside, above };
std::string_view verdict_name(SizeVerdict verdict);

struct SizeBand {
  int64_t low_bytes = 0;
  int64_t high_bytes = 0;

  SizeVerdict verdict(int64_t bytes) const;
};

/// 10 to 12 GB for 27 billion parameters on 16 GiB.
SizeBand size_band(int64_t parameters, int64_t ram_bytes);

}  // namespace bantam
