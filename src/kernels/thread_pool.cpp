// SPDX-License-Identifier: MIT
// Fork and join with dynamic hand-out of ranges. Workers enter a loop through
// a gate that the caller opens and shuts, so a worker that sleeps or that the
// system has taken off its core is never waited for: only those inside are.
#include "kernels/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace bantam::kernels {

namespace {

// Longer than the gap between two kernels of a layer, shorter than anything a
// user or a battery would notice.
constexpr std::chrono::microseconds kSpin{50};
constexpr int kSpinsPerClockRead = 64;
// A worker inside a loop that has not left after so many looks has probably
// lost its core; let the system run it.
constexpr int kSpinsBeforeYield = 20'000;

constexpr int64_t kScratchAlignment = 64;

// The gate: generation, one bit "open", number of workers inside.
constexpr uint64_t kOpen = uint64_t{1} << 16;
constexpr uint64_t kInside = kOpen - 1;
constexpr uint64_t kGeneration = kOpen << 1;

thread_local int current_thread_index = 0;

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  // isb waits a few dozen cycles; yield is a no-op on most cores.
  asm volatile("isb" ::: "memory");
#endif
}

}  // namespace

struct ThreadPool::State {
  // The loop now running. Written by the caller while the gate is shut.
  const RangeFunction* function = nullptr;
  int64_t count = 0;
  int64_t grain = 1;
  int64_t units = 0;

  alignas(64) std::atomic<uint64_t> gate{0};
  alignas(64) std::atomic<int64_t> next_unit{0};
  alignas(64) std::atomic<int> sleepers{0};
  std::atomic<bool> stop{false};
  std::mutex mutex;
  std::condition_variable wake;
  std::vector<std::thread> workers;

  std::vector<std::vector<std::byte>> scratch;  // one for each thread

  /// Also of a pool whose constructor could not start all its threads.
  ~State() {
    {
      const std::scoped_lock lock(mutex);
      stop.store(true);
    }
    wake.notify_all();
    for (std::thread& worker : workers) {
      worker.join();
    }
  }

  void run_ranges();
  void work(int thread_index);
  bool wait_for_gate(uint64_t seen);
};

// Each take is a share of what is left, so that the first ranges are long
// (memory streams well) and the last short (all finish together).
void ThreadPool::State::run_ranges() {
  const int64_t takers = 2 * (static_cast<int64_t>(workers.size()) + 1);
  int64_t first = next_unit.load(std::memory_order_relaxed);
  while (first < units) {
    const int64_t take = std::max<int64_t>(1, (units - first) / takers);
    if (next_unit.compare_exchange_weak(
            first, first + take, std::memory_order_relaxed)) {
      (*function)(first* grain, std::min(count, (first + take) * grain));
      first = next_unit.load(std::memory_order_relaxed);
    }
  }
}

// False when the pool is being destroyed. `seen` is the gate's last state: a
// loop is entered once only.
bool ThreadPool::State::wait_for_gate(uint64_t seen) {
  const auto is_news = [&] {
    const uint64_t now = gate.load(std::memory_order_seq_cst);
    return (now & kOpen) != 0 && now / kGeneration != seen / kGeneration;
  };
  const auto deadline = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int spin = 0; spin < kSpinsPerClockRead; ++spin) {
      if (is_news()) {
        return true;
      }
      relax();
    }
  } while (std::chrono::steady_clock::now() < deadline);
  std::unique_lock lock(mutex);
  sleepers.fetch_add(1, std::memory_order_seq_cst);
  wake.wait(lock, [&] { return stop.load() || is_news(); });
  sleepers.fetch_sub(1, std::memory_order_seq_cst);
  return !stop.load();
}

void ThreadPool::State::work(int thread_index) {
  current_thread_index = thread_index;
  uint64_t seen = 0;
  while (wait_for_gate(seen)) {
    uint64_t now = gate.load(std::memory_order_relaxed);
    while ((now & kOpen) != 0) {
      if (gate.compare_exchange_weak(now, now + 1, std::memory_order_acquire)) {
        seen = now;
        run_ranges();
        gate.fetch_sub(1, std::memory_order_release);
        break;
      }
    }
  }
}

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>()) {
  // The gate counts the workers inside in 16 bits.
  const int total =
      std::clamp(threads > 0 ? threads : physical_cores(), 1, 1024);
  state_->scratch.resize(total);
  state_->workers.reserve(total);
  for (int index = 1; index < total; ++index) {
    state_->workers.emplace_back(
        [state = state_.get(), index] { state->work(index); });
  }
}

ThreadPool::~ThreadPool() = default;

int ThreadPool::threads() const {
  return static_cast<int>(state_->workers.size()) + 1;
}

void ThreadPool::parallel_for(
    int64_t count,
    int64_t grain,
    const RangeFunction& f) {
  grain = std::max<int64_t>(grain, 1);
  if (count <= grain || state_->workers.empty()) {
    if (count > 0) {
      f(0, count);
    }
    return;
  }
  State& state = *state_;
  state.function = &f;
  state.count = count;
  state.grain = grain;
  state.units = (count + grain - 1) / grain;
  state.next_unit.store(0, std::memory_order_relaxed);
  const uint64_t before = state.gate.load(std::memory_order_relaxed);
  // Sequentially consistent against sleepers: either the worker sees the open
  // gate before it sleeps, or the caller sees the sleeper.
  state.gate.store(
      (before / kGeneration + 1) * kGeneration | kOpen,
      std::memory_order_seq_cst);
  if (state.sleepers.load(std::memory_order_seq_cst) > 0) {
    {
      const std::scoped_lock lock(state.mutex);
    }
    state.wake.notify_all();
  }
  state.run_ranges();
  uint64_t now = state.gate.fetch_and(~kOpen, std::memory_order_acq_rel);
  for (int spin = 0; (now & kInside) != 0; ++spin) {
    relax();
    if (spin >= kSpinsBeforeYield) {
      std::this_thread::yield();
    }
    now = state.gate.load(std::memory_order_acquire);
  }
}

void ThreadPool::reserve_scratch(int64_t bytes) {
  const size_t size = static_cast<size_t>(bytes + kScratchAlignment);
  for (std::vector<std::byte>& scratch : state_->scratch) {
    if (scratch.size() < size) {
      scratch.resize(size);
    }
  }
}

std::byte* ThreadPool::scratch() {
  const auto begin =
      reinterpret_cast<uintptr_t>(state_->scratch[current_thread_index].data());
  return reinterpret_cast<std::byte*>(
      (begin + kScratchAlignment - 1) / kScratchAlignment * kScratchAlignment);
}

int ThreadPool::thread_index() {
  return current_thread_index;
}

}  // namespace bantam::kernels
