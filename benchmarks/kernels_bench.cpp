// SPDX-License-Identifier: MIT
// The kernels alone: decode as GB/s of weights, and as a share of what plain
// reading reaches in the same run; prefill as GMAC/s. Matrices rotate through
// more memory than a cache holds, as layers do in a model.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/attention.h"
#include "kernels/elementwise.h"
#include "kernels/logits.h"
#include "kernels/matmul.h"
#include "kernels/targets.h"
#include "kernels/thread_pool.h"

namespace bantam::kernels {
namespace {

struct Format {
  const char* name;
  WeightFormat format;
  int bits = 0;
  int group = 0;
};

constexpr Format kFormats[] = {
    {"q4_1", WeightFormat::q4_1},
    {"q4_0", WeightFormat::q4_0},
    {"q5_0", WeightFormat::q5_0},
    {"q5_1", WeightFormat::q5_1},
    {"q8_0", WeightFormat::q8_0},
    {"q2_k", WeightFormat::q2_k},
    {"q3_k", WeightFormat::q3_k},
    {"q4_k", WeightFormat::q4_k},
    {"q5_k", WeightFormat::q5_k},
    {"q6_k", WeightFormat::q6_k},
    {"iq1_s", WeightFormat::iq1_s},
    {"iq1_m", WeightFormat::iq1_m},
    {"iq2_xxs", WeightFormat::iq2_xxs},
    {"iq2_xs", WeightFormat::iq2_xs},
    {"iq2_s", WeightFormat::iq2_s},
    {"iq3_xxs", WeightFormat::iq3_xxs},
    {"iq3_s", WeightFormat::iq3_s},
    {"iq4_nl", WeightFormat::iq4_nl},
    {"iq4_xs", WeightFormat::iq4_xs},
    {"mxfp4", WeightFormat::mxfp4},
    {"nvfp4", WeightFormat::nvfp4},
    {"tq1_0", WeightFormat::tq1_0},
    {"tq2_0", WeightFormat::tq2_0},
    {"affine2_g64", WeightFormat::affine, 2, 64},
    {"affine3_g64", WeightFormat::affine, 3, 64},
    {"affine4_g64", WeightFormat::affine, 4, 64},
    {"affine5_g64", WeightFormat::affine, 5, 64},
    {"affine6_g64", WeightFormat::affine, 6, 64},
    {"affine8_g64", WeightFormat::affine, 8, 64},
    {"mlx_mxfp4", WeightFormat::mlx_mxfp4, 4, 32},
    {"mlx_mxfp8", WeightFormat::mlx_mxfp8, 8, 32},
    {"mlx_nvfp4", WeightFormat::mlx_nvfp4, 4, 16},
    {"bf16", WeightFormat::bf16},
    {"f16", WeightFormat::f16},
};

struct Shape {
  int64_t rows;
  int64_t cols;
};

// SmolLM2-135M's projections and head, and a 27B model's FFN.
constexpr Shape kShapes[] =
    {{576, 576}, {1536, 576}, {576, 1536}, {49152, 576}, {17408, 5120}};

// What the memory gives to threads that only read: GB/s, the best of some
// runs, measured once for each number of threads.
double bus_gb_per_second(int threads) {
  static std::map<int, double> known;
  double& best = known[threads];
  if (best > 0) {
    return best;
  }
  constexpr int64_t kBytes = int64_t{512} << 20;
  constexpr int64_t kPiece = int64_t{1} << 20;
  const std::vector<uint64_t> memory(kBytes / sizeof(uint64_t), 1);
  ThreadPool pool(threads);
  for (int run = 0; run < 5; ++run) {
    std::atomic<uint64_t> total{0};
    const auto start = std::chrono::steady_clock::now();
    pool.parallel_for(kBytes / kPiece, 1, [&](int64_t begin, int64_t end) {
      constexpr int64_t kWords = kPiece / sizeof(uint64_t);
      uint64_t sum[16] = {};
      for (int64_t i = begin * kWords; i < end * kWords; i += 16) {
        for (int64_t j = 0; j < 16; ++j) {
          sum[j] += memory[static_cast<size_t>(i + j)];
        }
      }
      for (const uint64_t part : sum) {
        total += part;
      }
    });
    const std::chrono::duration<double> elapsed =
        std::chrono::steady_clock::now() - start;
    benchmark::DoNotOptimize(total.load());
    best = std::max(best, static_cast<double>(kBytes) / 1e9 / elapsed.count());
  }
  return best;
}

// Copies of one random matrix, `total_bytes` together at least.
class Weights {
 public:
  Weights(const Format& format, const Shape& shape, int64_t total_bytes) {
    WeightMatrix w;
    w.format = format.format;
    w.rows = shape.rows;
    w.cols = shape.cols;
    w.bits = format.bits;
    w.group = format.group;
    w.scale_format = WeightFormat::bf16;
    w.row_bytes = row_bytes(format.format, shape.cols, format.bits);
    const int64_t data = w.rows * w.row_bytes;
    const int64_t scale_bytes = format.format == WeightFormat::affine ? 2 : 1;
    const int64_t scales =
        format.group > 0 ? w.rows * w.cols / format.group * scale_bytes : 0;
    bytes_ = data + 2 * scales;
    const int64_t copies = std::max<int64_t>(1, total_bytes / bytes_);
    memory_.resize(static_cast<size_t>(copies * bytes_));
    // Halves with normal exponents whatever they are read as: subnormal
    // scales would be slow and no file has them.
    // A megabyte or so of them, again and again, is random enough.
    std::mt19937_64 random(1);
    const size_t pattern = std::min<size_t>(memory_.size(), 1'000'002);
    for (size_t i = 0; i + 1 < pattern; i += 2) {
      const uint64_t bits = random();
      memory_[i] = static_cast<std::byte>(bits);
      memory_[i + 1] = static_cast<std::byte>(0x20 | (bits >> 8 & 0x1F));
    }
    for (size_t i = pattern; i < memory_.size(); i += pattern) {
      std::copy_n(
          memory_.begin(),
          std::min(pattern, memory_.size() - i),
          memory_.begin() + static_cast<int64_t>(i));
    }
    for (int64_t c = 0; c < copies; ++c) {
      w.data = memory_.data() + c * bytes_;
      w.scales = w.data + data;
      w.biases = w.scales + scales;
      matrices_.push_back(w);
    }
  }
  int64_t bytes() const { return bytes_; }
  const WeightMatrix& next() { return matrices_[next_++ % matrices_.size()]; }

 private:
  std::vector<std::byte> memory_;
  std::vector<WeightMatrix> matrices_;
  int64_t bytes_ = 0;
  size_t next_ = 0;
};

std::vector<float> random_floats(int64_t count) {
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  std::vector<float> x(static_cast<size_t>(count));
  for (float& value : x) {
    value = normal(random);
  }
  return x;
}

void bench_matmul(
    benchmark::State& state,
    const Format& format,
    const Shape& shape,
    int64_t tokens,
    int threads,
    int64_t total_bytes) {
  Weights weights(format, shape, total_bytes);
  ThreadPool pool(threads);
  const auto x = random_floats(tokens * shape.cols);
  Activations activations;
  activations.reserve(tokens, shape.cols);
  std::vector<float> y(static_cast<size_t>(tokens * shape.rows));
  const int group = weights.next().group_size();
  for (auto _ : state) {
    activations.prepare(x.data(), shape.cols, tokens, shape.cols, group, pool);
    matmul(
        weights.next(), activations, y.data(), shape.rows, Store::assign, pool);
    benchmark::DoNotOptimize(y.data());
  }
  const double runs = static_cast<double>(state.iterations());
  state.counters["of bus"] = benchmark::Counter(
      runs * static_cast<double>(weights.bytes()) / 1e9 /
          bus_gb_per_second(threads),
      benchmark::Counter::kIsRate);
  state.counters["GB/s"] = benchmark::Counter(
      runs * static_cast<double>(weights.bytes()) / 1e9,
      benchmark::Counter::kIsRate);
  state.counters["GMAC/s"] = benchmark::Counter(
      runs * static_cast<double>(shape.rows * shape.cols * tokens) / 1e9,
      benchmark::Counter::kIsRate);
}

void register_matmul() {
  for (const Format& format : kFormats) {
    for (const Shape& shape : kShapes) {
      if (row_bytes(format.format, shape.cols, format.bits) < 0) {
        continue;
      }
      for (const int threads : {1, 2}) {
        for (const int64_t tokens : {1, 4, 8, 64, 512}) {
          const std::string name = std::string(format.name) + "/" +
              std::to_string(shape.rows) + "x" + std::to_string(shape.cols) +
              "/tokens:" + std::to_string(tokens) +
              "/threads:" + std::to_string(threads);
          benchmark::RegisterBenchmark(
              name.c_str(),
              [=](benchmark::State& state) {
                bench_matmul(state, format, shape, tokens, threads, 256 << 20);
              })
              ->UseRealTime();
        }
      }
    }
  }
}

// Attention of SmolLM2's heads: `tokens` new ones after `context`.
void bench_attention(
    benchmark::State& state,
    int64_t tokens,
    int64_t context,
    int threads,
    int bits) {
  ThreadPool pool(threads);
  const AttentionShape shape{9, 3, 64, 0.125f};
  const int64_t stride = (9 + 3 + 3) * 64;
  const auto qkv = random_floats(tokens * stride);
  const int64_t budget = tokens + context;
  // Any bytes but those of odd scales: 0x3434 is 0.26.
  const int64_t side = 3 * budget * kv_row_bytes(64, bits);
  std::vector<std::byte> cache(static_cast<size_t>(2 * side), std::byte{0x34});
  std::vector<float> out(static_cast<size_t>(tokens * 9 * 64));
  std::vector<std::byte> scratch(
      static_cast<size_t>(
          attention_scratch_bytes(shape, budget, tokens, threads)));
  const KvSlots slots{cache.data(), cache.data() + side, budget, 4, bits};
  for (auto _ : state) {
    attention(
        shape,
        qkv.data(),
        qkv.data() + 9 * 64,
        qkv.data() + 12 * 64,
        stride,
        tokens,
        context,
        slots,
        out.data(),
        scratch.data(),
        pool);
    benchmark::DoNotOptimize(out.data());
  }
  const int64_t pairs = tokens * context + tokens * (tokens + 1) / 2;
  state.counters["GMAC/s"] = benchmark::Counter(
      static_cast<double>(state.iterations()) *
          static_cast<double>(pairs * 9 * 64 * 2) / 1e9,
      benchmark::Counter::kIsRate);
}

void register_attention() {
  struct Case {
    int64_t tokens;
    int64_t context;
  };
  for (const Case& each :
       {Case{1, 100},
        Case{1, 1000},
        Case{1, 8000},
        Case{512, 0},
        Case{512, 2048}}) {
    for (const int threads : {1, 2}) {
      for (const int bits : {16, 8, 4}) {
        const std::string name =
            "attention/tokens:" + std::to_string(each.tokens) +
            "/context:" + std::to_string(each.context) +
            "/threads:" + std::to_string(threads) +
            "/kv_bits:" + std::to_string(bits);
        benchmark::RegisterBenchmark(
            name.c_str(),
            [=](benchmark::State& state) {
              bench_attention(state, each.tokens, each.context, threads, bits);
            })
            ->UseRealTime();
      }
    }
  }
}

void register_elementwise() {
  benchmark::RegisterBenchmark("rms_norm/576", [](benchmark::State& state) {
    ThreadPool pool(1);
    const auto x = random_floats(576);
    std::vector<float> y(576);
    for (auto _ : state) {
      rms_norm(x.data(), x.data(), 1e-5f, 1, 576, y.data(), pool);
      benchmark::DoNotOptimize(y.data());
    }
  });
  benchmark::RegisterBenchmark("rope/9x64", [](benchmark::State& state) {
    ThreadPool pool(1);
    auto x = random_floats(576);
    const auto frequencies = random_floats(32);
    for (auto _ : state) {
      rope(
          x.data(),
          576,
          1,
          777,
          {9, 64, 32, false},
          frequencies.data(),
          1.0f,
          pool);
      benchmark::DoNotOptimize(x.data());
    }
  });
  benchmark::RegisterBenchmark("swiglu/1536", [](benchmark::State& state) {
    ThreadPool pool(1);
    const auto x = random_floats(3072);
    std::vector<float> y(1536);
    for (auto _ : state) {
      swiglu(x.data(), x.data() + 1536, 3072, 1, 1536, y.data(), pool);
      benchmark::DoNotOptimize(y.data());
    }
  });
  benchmark::RegisterBenchmark("softmax/49152", [](benchmark::State& state) {
    const auto x = random_floats(49152);
    std::vector<float> y(x);
    for (auto _ : state) {
      std::copy(x.begin(), x.end(), y.begin());
      benchmark::DoNotOptimize(softmax(y.data(), 49152));
    }
  });
  benchmark::RegisterBenchmark("logits/248320", [](benchmark::State& state) {
    const auto x = random_floats(248320);
    std::vector<float> y(x);
    for (auto _ : state) {
      const LargestLogit largest = largest_logit(x.data(), 248320);
      exponentials(x.data(), largest.value, 1.0f, 248320, y.data());
      benchmark::DoNotOptimize(sum_of_weights(y.data(), 248320));
    }
  });
  benchmark::RegisterBenchmark("fork_join", [](benchmark::State& state) {
    ThreadPool pool(2);
    for (auto _ : state) {
      pool.parallel_for(2, 1, [](int64_t, int64_t) {});
    }
  })->UseRealTime();
}

}  // namespace
}  // namespace bantam::kernels

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext(
      "kernels", std::string(bantam::kernels::target_name()));
  bantam::kernels::register_matmul();
  bantam::kernels::register_attention();
  bantam::kernels::register_elementwise();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
