// SPDX-License-Identifier: MIT
// What bantam bench measured, as text, JSON, CSV and a plot.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"

namespace bantam {

struct BenchPoint {
  int64_t context_tokens = 0;
  std::vector<double> prefill_tps;  // of each round; none at context 0
  std::vector<double> decode_tps;
  int64_t read_bytes = 0;  // for each decoded token
  int64_t planned_bytes = 0;
  int64_t peak_bytes = 0;
};

struct BenchReport {
  std::string model;
  std::string quantization;
  std::string kernels;
  int threads = 0;
  int kv_bits = 16;
  int rounds = 0;
  int64_t tokens = 0;  // decoded at each context
  double bus_bytes_per_s = 0;
  std::vector<BenchPoint> points;  // by context, ascending
};

std::string bench_text(const BenchReport& report);
Json bench_json(const BenchReport& report);
/// A line of names, then one for each context.
std::string bench_csv(const BenchReport& report);
std::string bench_svg(const BenchReport& report);

}  // namespace bantam
