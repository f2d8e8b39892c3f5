// SPDX-License-Identifier: MIT
#include "nn/eval.h"

#include <chrono>
#include <string_view>
#include <thread>

#include "base/error.h"

namespace bantam::nn {

namespace {

[[noreturn]] void rethrow(const std::exception& error) {
  const std::string_view what = error.what();
  // MLX's allocators have no exception type of their own.
  if (what.find("Unable to allocate") != what.npos ||
      what.find("out of memory") != what.npos) {
    fail(
        ErrorCode::insufficient_memory,
        "MLX could not allocate memory: {}; use a smaller --max-kv-size or "
        "--prefill-chunk, or a smaller quantization",
        what);
  }
  fail(ErrorCode::internal, "MLX: {}", what);
}

// Below this, waiting for a layer costs more time than its activations are
// worth: 16 tokens of a 27B are 3 MiB a layer.
constexpr int kTokensWorthWaiting = 16;

}  // namespace

void eval(std::vector<mx::array> arrays) {
  try {
    mx::eval(std::move(arrays));
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    rethrow(error);
  }
}

void start(std::vector<mx::array> arrays) {
  try {
    mx::async_eval(std::move(arrays));
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    rethrow(error);
  }
}

void end_layer(mx::array& x, const Compute& compute) {
  if (x.shape(0) < kTokensWorthWaiting) {
    return;
  }
  eval({x});
  if (compute.stop != nullptr && compute.stop->stop_requested()) {
    throw StopRequested{};
  }
}

void settle(const Compute& compute) noexcept {
  // Enqueues a task and waits for it; without memory for that, tasks end all
  // the same, so a little later there may be some.
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    try {
      mx::synchronize(compute.stream);
      return;
    } catch (...) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
}

void give_back() {
  mx::clear_cache();
}

int32_t integer(mx::array& x) {
  eval({x});
  return *x.data<int32_t>();
}

std::span<const float> values(mx::array& x) {
  eval({x});
  return {x.data<float>(), x.size()};
}

}  // namespace bantam::nn
