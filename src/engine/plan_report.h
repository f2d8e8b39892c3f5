// SPDX-License-Identifier: MIT
// The memory plan of a model for people and programs: from headers alone.
#pragma once

#include "bantam/engine.h"
#include "base/json.h"

namespace bantam {

/// Plans options.model with the cache full. With options.memory.ram_bytes for
/// another machine of that size, else for this one as it is now. Keys: fits,
/// budget_bytes, budget_because, total_bytes, weights_bytes, kv_bytes,
/// state_bytes, activation_bytes, runtime_bytes (these five add up to
/// total_bytes), parts, context_tokens (the cache), max_context_tokens,
/// gpu_bytes and gpu_budget_bytes (null on a CPU), embedding_on_cpu, reasons,
/// options.
/// Throws what opening a checkpoint throws.
Json plan_report(const EngineOptions& options);

}  // namespace bantam
