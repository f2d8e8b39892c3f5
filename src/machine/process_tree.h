// SPDX-License-Identifier: MIT
// What a child of ours and all its own children hold, and a memory source that
// counts them as part of us.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "machine/memory_sample.h"

namespace bantam {

struct TreeMemory {
  int processes = 0;
  int64_t bytes = 0;  // now; what they share counts once for each
  /// The most that the one process ever held; of several, `bytes`.
  int64_t peak_bytes = 0;
  std::optional<int64_t> swap_bytes;  // nullopt: the system does not say
};

struct ProcessLinks {
  int id = 0;
  int parent = 0;
  int group = 0;
};

/// The ids of the processes in the group of `leader` and of all their
/// descendants, whatever group those are in; ascending.
std::vector<int> tree_of(std::span<const ProcessLinks> processes, int leader);

/// Of the process group that `leader` leads, and what descends from it. Walks
/// all processes: about a millisecond.
TreeMemory process_tree_memory(int leader);

/// The same from a Linux /proc anywhere.
TreeMemory linux_process_tree(const std::string& proc_root, int leader);

/// `machine`, with a tree of processes added to what is our own. sample() on
/// one thread; watch() and peak_bytes() on any.
class TreeMemorySource final : public MemorySource {
 public:
  /// `machine` outlives this.
  explicit TreeMemorySource(MemorySource& machine) : machine_(machine) {}

  /// From now on; 0: none.
  void watch(int leader) { leader_ = leader; }
  /// The most that a sample has seen the tree hold.
  int64_t peak_bytes() const { return peak_bytes_; }

  MemorySample sample() noexcept override;
  MemorySample sample_with_apps() override;
  std::string describe() const override { return machine_.describe(); }

 private:
  void add_tree(MemorySample& sample) noexcept;

  MemorySource& machine_;
  std::atomic<int> leader_ = 0;
  std::atomic<int64_t> peak_bytes_ = 0;
};

}  // namespace bantam
