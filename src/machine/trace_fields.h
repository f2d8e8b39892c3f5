// SPDX-License-Identifier: MIT
// The numbers of a memory trace: their names and the fields they fill.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "machine/memory_sample.h"

namespace bantam {

struct TraceField {
  std::string_view name;
  std::optional<int64_t> MemorySample::* member;
};

inline constexpr std::array kTraceFields{
    TraceField{"available_bytes", &MemorySample::available_bytes},
    TraceField{"total_bytes", &MemorySample::total_bytes},
    TraceField{"swap_used_bytes", &MemorySample::swap_used_bytes},
    TraceField{"swap_in_bytes", &MemorySample::swap_in_bytes},
    TraceField{"swap_out_bytes", &MemorySample::swap_out_bytes},
    TraceField{"own_footprint_bytes", &MemorySample::own_footprint_bytes},
    TraceField{"own_swap_bytes", &MemorySample::own_swap_bytes},
};

inline const TraceField* find_trace_field(std::string_view name) {
  for (const TraceField& field : kTraceFields) {
    if (field.name == name) {
      return &field;
    }
  }
  return nullptr;
}

}  // namespace bantam
