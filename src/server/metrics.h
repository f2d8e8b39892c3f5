// SPDX-License-Identifier: MIT
// What the server tells of itself: GET /metrics in Prometheus' text format, and
// the state that the status page shows.
#pragma once

#include <string>

#include "machine/memory_sample.h"
#include "server/generation_queue.h"
#include "server/machine_watch.h"
#include "server/served_model.h"
#include "server/server_stats.h"

namespace bantam {

struct ServerState {
  ServerCounts counts;
  QueueLoad load;
  int connections = 0;
  bool draining = false;
  double uptime_s = 0;
};

std::string metrics_text(
    const ServerState& state,
    const ServedModel& model,
    const MachineWatch& watch);

/// {"model", "pressure", "memory", "requests", "speed", ...}; with `history`
/// samples of the machine.
Json status_json(
    const ServerState& state,
    const ServedModel& model,
    const MachineWatch& watch,
    size_t history);

}  // namespace bantam
