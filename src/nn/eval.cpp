// SPDX-License-Identifier: MIT
#include "nn/eval.h"

#include <string_view>

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

std::span<const float> values(mx::array& x) {
  eval({x});
  return {x.data<float>(), x.size()};
}

}  // namespace bantam::nn
