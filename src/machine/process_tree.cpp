// SPDX-License-Identifier: MIT
#include "machine/process_tree.h"

#include <algorithm>
#include <charconv>
#include <new>

#include "base/directory.h"
#include "machine/kernel_text.h"

namespace bantam {

namespace {

// Parent and group are the second and third field behind the name, which is
// in parentheses and may hold anything: "42 (a) b) S 1 42 ...".
std::optional<ProcessLinks> links_of(int id, std::string_view stat) {
  const size_t name_end = stat.rfind(')');
  constexpr size_t kState = 4;  // ") S "
  if (name_end == stat.npos || name_end + kState > stat.size()) {
    return std::nullopt;
  }
  ProcessLinks links{.id = id};
  const char* end = stat.data() + stat.size();
  const auto parent =
      std::from_chars(stat.data() + name_end + kState, end, links.parent);
  if (parent.ec != std::errc{} || parent.ptr == end) {
    return std::nullopt;
  }
  const auto group = std::from_chars(parent.ptr + 1, end, links.group);
  return group.ec == std::errc{} ? std::optional(links) : std::nullopt;
}

std::vector<ProcessLinks> all_processes(
    const std::string& proc_root,
    KernelTextReader& reader) {
  std::vector<ProcessLinks> processes;
  const auto names = directory_names(proc_root);
  for (const std::string& name : names.value_or(std::vector<std::string>{})) {
    int id = 0;
    const char* end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data(), end, id);
    if (error == std::errc{} && stop == end) {
      const auto links =
          links_of(id, reader.read(proc_root + "/" + name + "/stat"));
      if (links) {
        processes.push_back(*links);
      }
    }
  }
  return processes;
}

}  // namespace

std::vector<int> tree_of(std::span<const ProcessLinks> processes, int leader) {
  std::vector<int> tree;
  for (const ProcessLinks& process : processes) {
    if (process.id == leader || process.group == leader) {
      tree.push_back(process.id);
    }
  }
  // Numbers are reused, so a child's may be the smaller one: until nothing is
  // new.
  const auto in_tree = [&](int id) {
    return std::ranges::find(tree, id) != tree.end();
  };
  for (size_t before = 0; before != tree.size();) {
    before = tree.size();
    for (const ProcessLinks& process : processes) {
      if (!in_tree(process.id) && in_tree(process.parent)) {
        tree.push_back(process.id);
      }
    }
  }
  std::ranges::sort(tree);
  return tree;
}

TreeMemory linux_process_tree(const std::string& proc_root, int leader) {
  KernelTextReader reader;
  TreeMemory tree;
  int64_t high_water = 0;
  for (const int id : tree_of(all_processes(proc_root, reader), leader)) {
    const std::string_view status =
        reader.read(proc_root + "/" + std::to_string(id) + "/status");
    const auto resident = bytes_of(status, "VmRSS");
    if (!resident) {
      continue;  // it has ended
    }
    const auto swapped = bytes_of(status, "VmSwap");
    ++tree.processes;
    tree.bytes += *resident + swapped.value_or(0);
    high_water = std::max(high_water, bytes_of(status, "VmHWM").value_or(0));
    if (swapped) {
      tree.swap_bytes = tree.swap_bytes.value_or(0) + *swapped;
    }
  }
  tree.peak_bytes =
      tree.processes == 1 ? std::max(high_water, tree.bytes) : tree.bytes;
  return tree;
}

MemorySample TreeMemorySource::sample() noexcept {
  MemorySample sample = machine_.sample();
  add_tree(sample);
  return sample;
}

MemorySample TreeMemorySource::sample_with_apps() {
  MemorySample sample = machine_.sample_with_apps();
  add_tree(sample);
  return sample;
}

void TreeMemorySource::add_tree(MemorySample& sample) noexcept {
  const int leader = leader_;
  if (leader == 0) {
    return;
  }
  try {
    const TreeMemory tree = process_tree_memory(leader);
    peak_bytes_ = std::max(peak_bytes_.load(), tree.peak_bytes);
    sample.own_footprint_bytes =
        sample.own_footprint_bytes.value_or(0) + tree.bytes;
    if (sample.own_swap_bytes && tree.swap_bytes) {
      sample.own_swap_bytes = *sample.own_swap_bytes + *tree.swap_bytes;
    }
  } catch (const std::bad_alloc&) {
    // The machine's own numbers remain, and they say that there is no memory.
  }
}

}  // namespace bantam
