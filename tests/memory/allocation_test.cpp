// SPDX-License-Identifier: MIT
// The guard needs no heap memory while it watches: it works when there is none.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

#include "memory/memory_monitor.h"
#include "samples.h"

namespace {
std::atomic<long> allocations{0};
}  // namespace

// The whole program's, so that nothing escapes the count. Not inlined: GCC
// would warn of a delete that does not match its new.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size > 0 ? size : 1)) {
    return memory;
  }
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace bantam {
namespace {

// Flaps, swaps, has gaps and unknown levels: every branch of the policy.
std::vector<MemorySample> eventful() {
  std::vector<MemorySample> samples;
  for (int i = 0; i < 4000; ++i) {
    MemorySample sample =
        at(0.25 * i + (i > 2000 ? 60 : 0), static_cast<Pressure>(i / 5 % 4));
    sample.swap_out_bytes = i * kMiB;
    sample.swap_used_bytes = i % 100 * kMiB;
    sample.own_swap_bytes = i > 1000 ? i * kMiB : 0;
    sample.own_footprint_bytes = i % 500 * kMiB;
    samples.push_back(sample);
  }
  return samples;
}

TEST(GuardAllocation, CountsAllocations) {
  const long before = allocations;
  const std::vector<int> vector(100);
  EXPECT_EQ(allocations, before + 1);
}

TEST(GuardAllocation, StepNeedsNone) {
  const std::vector<MemorySample> samples = eventful();
  for (const SwapRule rule : {SwapRule::off, SwapRule::on, SwapRule::strict}) {
    GuardPolicy policy({.abort_on_swap = rule});
    int64_t stops = 0;
    const long before = allocations;
    for (const MemorySample& sample : samples) {
      stops += policy.step(sample).action == GuardAction::stop ? 1 : 0;
    }
    EXPECT_EQ(allocations, before);
    EXPECT_GT(stops, 0);
  }
}

TEST(GuardAllocation, MonitorNeedsNone) {
  ScriptedSource source(eventful());
  MemoryMonitor monitor(source, GuardPolicy());
  const long before = allocations;
  for (int i = 0; i < 3900; ++i) {
    monitor.poll_once();
  }
  monitor.acknowledge_stop();
  EXPECT_EQ(allocations, before);
  EXPECT_GT(monitor.report().pressure_dropped, 0);
}

}  // namespace
}  // namespace bantam
