// SPDX-License-Identifier: MIT
// Which approach fits this machine and this task: plans every candidate,
// estimates its speed, applies the rules, ranks what is left.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "advise/candidate.h"
#include "advise/catalogue.h"
#include "memory/fit.h"

namespace bantam {

enum class Task { daily, reasoning, documents, batch, creative };
std::string_view task_name(Task task);
/// nullopt for another word.
std::optional<Task> task_of(std::string_view name);

struct AdviceMachine {
  std::string name;  // "16 GiB, like an M4"
  MemoryBudget budget;
  FitTarget target = FitTarget::gpu;
  double bytes_per_second = 0;  // memory bandwidth
  std::string bandwidth_source;
};

/// A candidate with room for the task: its plan, speed and settings.
struct LocalPlan {
  Candidate candidate;
  MemoryPlan plan;
  int64_t kv_tokens = 0;
  int64_t max_context_tokens = 0;
  int64_t headroom_bytes = 0;
  bool embedding_on_cpu = false;
  std::string gpu_limit_command;  // to be run before; "": not needed
  double tokens_per_second = 0;
  double prefill_tokens_per_second = 0;
  double score = 0;
};

/// A candidate without room, and the nearest way to it.
struct Refusal {
  Candidate candidate;
  std::string reason;
};

enum class ApproachKind { local, retrieval, long_context, cloud };
std::string_view approach_name(ApproachKind kind);

struct RunSettings {
  double temperature = 0.1;
  int64_t max_tokens = 256;
  int64_t max_kv_size = 0;
  bool thinking = false;
};

struct CloudEstimate {
  std::string gpu;
  std::string model;
  double tokens_per_second = 0;    // of all answers together
  double dollars_per_million = 0;  // tokens of answers
};

struct Approach {
  ApproachKind kind;
  std::string title;
  std::optional<LocalPlan> local;
  std::optional<CloudEstimate> cloud;
  RunSettings settings;
  std::string command;
  bool available = true;           // this release has the command
  std::vector<std::string> why;    // sentences
  std::vector<std::string> rules;  // ids, for --explain
};

struct Advice {
  Task task;
  AdviceMachine machine;
  std::vector<Approach> approaches;  // the best first; at least one
  std::vector<Refusal> refused;      // larger models that lack room
};

/// Never throws for what fits or does not: where no model fits, the cloud is
/// the first approach.
Advice advise(
    Task task,
    const AdviceMachine& machine,
    const std::vector<Candidate>& candidates,
    const Catalogue& catalogue);

/// The configuration file of an approach; "" for one that runs elsewhere.
std::string configuration_text(const Approach& approach);

}  // namespace bantam
