// SPDX-License-Identifier: MIT
// Candidates planned on a machine, and which of them are the best. Internal to
// advise/.
#pragma once

#include <variant>
#include <vector>

#include "advise/advice.h"

namespace bantam {

/// Below this share of its abilities a model is advised only where nothing
/// else fits ("two-bits-last").
inline constexpr double kLeastKept = 0.8;

/// Free beside the plan before warm sampling is advised
/// ("warm-needs-headroom").
inline constexpr int64_t kWarmHeadroomBytes = int64_t{1} << 30;

/// With the largest cache that the task wants and the machine has room for.
std::variant<LocalPlan, Refusal> plan_candidate(
    Task task,
    const AdviceMachine& machine,
    const Candidate& candidate);

/// The same with another size of the cache, which the machine must have room
/// for.
LocalPlan with_cache(
    LocalPlan local,
    const AdviceMachine& machine,
    int64_t kv_tokens);

/// One plan for each model, the best first.
std::vector<LocalPlan> ranked(std::vector<LocalPlan> plans);

/// Only what would be better than what fits, and of each model only the
/// smallest such quantization.
std::vector<Refusal> worth_a_line(
    std::vector<Refusal> refused,
    const std::vector<LocalPlan>& plans);

}  // namespace bantam
