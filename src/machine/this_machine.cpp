// SPDX-License-Identifier: MIT
#include "machine/this_machine.h"

#include "base/error.h"
#include "machine/replay_source.h"

namespace bantam {

std::unique_ptr<MemorySource> make_memory_source(const std::string& spec) {
  constexpr std::string_view kReplay = "replay:";
  if (spec == "live") {
    return make_live_memory_source();
  }
  if (spec.starts_with(kReplay) && spec.size() > kReplay.size()) {
    return std::make_unique<ReplayMemorySource>(spec.substr(kReplay.size()));
  }
  fail(
      ErrorCode::invalid_request,
      "memory source \"{}\": expected \"live\" or \"replay:FILE\"",
      spec);
}

}  // namespace bantam
