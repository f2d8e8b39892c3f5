// SPDX-License-Identifier: MIT
// Fork and join for kernels. Results never depend on how work is split, so a
// pool decides speed alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace bantam::kernels {

/// A borrowed callable: no allocation per parallel loop.
class RangeFunction {
 public:
  template <typename F>
  RangeFunction(const F& f)  // NOLINT: implicit by design
      : object_(&f), call_([](const void* object, int64_t begin, int64_t end) {
          (*static_cast<const F*>(object))(begin, end);
        }) {}
  void operator()(int64_t begin, int64_t end) const {
    call_(object_, begin, end);
  }

 private:
  const void* object_;
  void (*call_)(const void*, int64_t, int64_t);
};

class ThreadPool {
 public:
  /// `threads` >= 1, the caller's own included; 0: one per physical core.
  explicit ThreadPool(int threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const;

  /// Calls f(begin, end) for disjoint ranges that cover [0, count), each
  /// boundary a multiple of `grain`; returns when all are done. Ranges are
  /// handed out so that cores that finish early take more. One caller at a
  /// time. Workers spin briefly after a loop, then sleep. `f` must not throw.
  void parallel_for(int64_t count, int64_t grain, const RangeFunction& f);

  /// Scratch memory of at least `bytes` for each thread. Grows only; kernels
  /// call it before a loop, so it allocates on their first use alone.
  void reserve_scratch(int64_t bytes);
  /// The calling thread's scratch, 64-byte aligned; for the caller of
  /// parallel_for and inside `f`.
  std::byte* scratch();
  /// 0 for the caller of parallel_for, 1 .. threads() - 1 for the workers.
  static int thread_index();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Physical cores this process may use (affinity and cgroup quota respected).
int physical_cores();

}  // namespace bantam::kernels
