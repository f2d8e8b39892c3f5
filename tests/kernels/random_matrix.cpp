// SPDX-License-Identifier: MIT
#include "random_matrix.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <utility>

#include "kernels/half.h"

namespace bantam::kernels {

GuardedBytes::GuardedBytes(size_t size) : size_(size) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t readable = (size + page - 1) / page * page;
  map_size_ = readable + page;
  void* map = mmap(
      nullptr,
      map_size_,
      PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS,
      -1,
      0);
  if (map == MAP_FAILED) {
    throw std::runtime_error("mmap failed");
  }
  map_ = static_cast<std::byte*>(map);
  if (mprotect(map_ + readable, page, PROT_NONE) != 0) {
    throw std::runtime_error("mprotect failed");
  }
  data_ = map_ + readable - size;
}

GuardedBytes::~GuardedBytes() {
  if (map_ != nullptr) {
    munmap(map_, map_size_);
  }
}

GuardedBytes::GuardedBytes(GuardedBytes&& other) noexcept
    : map_(std::exchange(other.map_, nullptr)),
      map_size_(other.map_size_),
      data_(other.data_),
      size_(other.size_) {}

namespace {

FormatCase block(
    std::string name,
    WeightFormat format,
    std::vector<int> halves) {
  FormatCase each;
  each.name = std::move(name);
  each.format = format;
  each.halves = std::move(halves);
  return each;
}

}  // namespace

int64_t column_step(const FormatCase& each) {
  if (each.group > 0) {
    return each.group;
  }
  for (const int64_t step : {1, 32, 64, 128, 256}) {
    if (row_bytes(each.format, step) > 0) {
      return step;
    }
  }
  return 0;
}

std::vector<FormatCase> all_formats() {
  std::vector<FormatCase> formats{
      {"f32", WeightFormat::f32},
      {"f16", WeightFormat::f16},
      {"bf16", WeightFormat::bf16},
      {.name = "mlx_mxfp4", .format = WeightFormat::mlx_mxfp4},
      {.name = "mlx_mxfp8", .format = WeightFormat::mlx_mxfp8},
      {.name = "mlx_nvfp4", .format = WeightFormat::mlx_nvfp4},
      block("q4_0", WeightFormat::q4_0, {0}),
      block("q4_1", WeightFormat::q4_1, {0, 2}),
      block("q5_0", WeightFormat::q5_0, {0}),
      block("q5_1", WeightFormat::q5_1, {0, 2}),
      block("q8_0", WeightFormat::q8_0, {0}),
      block("iq4_nl", WeightFormat::iq4_nl, {0}),
      block("mxfp4", WeightFormat::mxfp4, {}),
      block("nvfp4", WeightFormat::nvfp4, {}),
      block("q2_k", WeightFormat::q2_k, {80, 82}),
      block("q3_k", WeightFormat::q3_k, {108}),
      block("q4_k", WeightFormat::q4_k, {0, 2}),
      block("q5_k", WeightFormat::q5_k, {0, 2}),
      block("q6_k", WeightFormat::q6_k, {208}),
      block("tq1_0", WeightFormat::tq1_0, {52}),
      block("tq2_0", WeightFormat::tq2_0, {64}),
      block("iq1_s", WeightFormat::iq1_s, {0}),
      block("iq1_m", WeightFormat::iq1_m, {}),
      block("iq2_xxs", WeightFormat::iq2_xxs, {0}),
      block("iq2_xs", WeightFormat::iq2_xs, {0}),
      block("iq2_s", WeightFormat::iq2_s, {0}),
      block("iq3_xxs", WeightFormat::iq3_xxs, {0}),
      block("iq3_s", WeightFormat::iq3_s, {0}),
      block("iq4_xs", WeightFormat::iq4_xs, {0}),
  };
  for (const int bits : {2, 3, 4, 5, 6, 8}) {
    for (const int group : {32, 64, 128}) {
      for (const WeightFormat scales :
           {WeightFormat::f32, WeightFormat::f16, WeightFormat::bf16}) {
        formats.push_back(
            {"affine" + std::to_string(bits) + "_g" + std::to_string(group) +
                 "_" + std::string(format_name(scales)),
             WeightFormat::affine,
             bits,
             group,
             scales,
             {}});
      }
    }
  }
  return formats;
}

namespace {

using Random = std::mt19937_64;

float random_scale(Random& random, RandomScales scales) {
  if (scales == RandomScales::integers) {
    return (static_cast<float>(random() >> 48) - 0x1p15f) * 0x1p-21f;
  }
  std::normal_distribution<float> normal(0.0f, 0.01f);
  return normal(random);
}

void put_float(
    Random& random,
    WeightFormat format,
    float value,
    bool hostile,
    std::byte* to) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if (hostile) {
    bits = static_cast<uint32_t>(random());
  }
  if (format == WeightFormat::f32) {
    std::memcpy(to, &bits, 4);
    return;
  }
  uint16_t half = static_cast<uint16_t>(bits >> 16);
  if (format == WeightFormat::f16 && !hostile) {
    half = f32_to_f16(value);
  }
  std::memcpy(to, &half, 2);
}

void fill_random(Random& random, std::byte* to, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    to[i] = static_cast<std::byte>(random());
  }
}

// `byte` with its upper bits replaced: exponents close together.
std::byte tame_byte(std::byte byte, int upper) {
  return (byte & std::byte{0x0F}) | static_cast<std::byte>(upper & 0xF8);
}

}  // namespace

RandomMatrix::RandomMatrix(
    const FormatCase& format,
    int64_t rows,
    int64_t cols,
    uint64_t seed,
    RandomScales scales) {
  const bool hostile_scales = scales == RandomScales::any;
  Random random(seed);
  matrix_.format = format.format;
  matrix_.rows = rows;
  matrix_.cols = cols;
  matrix_.bits = format.bits;
  matrix_.group = format.group;
  matrix_.scale_format = format.scale_format;
  matrix_.row_bytes = row_bytes(format.format, cols, format.bits);
  const int64_t size = rows * matrix_.row_bytes;
  std::byte* data = memory_.emplace_back(static_cast<size_t>(size)).data();
  matrix_.data = data;
  fill_random(random, data, static_cast<size_t>(size));
  switch (format.format) {
    case WeightFormat::f32:
    case WeightFormat::f16:
    case WeightFormat::bf16: {
      const int64_t width = format.format == WeightFormat::f32 ? 4 : 2;
      for (int64_t i = 0; i < size; i += width) {
        put_float(
            random,
            format.format,
            random_scale(random, scales),
            hostile_scales,
            data + i);
      }
      return;
    }
    case WeightFormat::affine:
      fill_affine_scales(format, random, scales);
      return;
    case WeightFormat::mlx_mxfp4:
    case WeightFormat::mlx_mxfp8:
    case WeightFormat::mlx_nvfp4: {
      const int64_t groups =
          rows * cols / (format.format == WeightFormat::mlx_nvfp4 ? 16 : 32);
      std::byte* to = memory_.emplace_back(static_cast<size_t>(groups)).data();
      fill_random(random, to, static_cast<size_t>(groups));
      matrix_.scales = to;
      for (int64_t i = 0; i < groups && !hostile_scales; ++i) {
        to[i] = tame_byte(to[i], 0x30);
      }
      for (int64_t i = 0; i < size && !hostile_scales &&
           format.format == WeightFormat::mlx_mxfp8;
           ++i) {
        data[i] = tame_byte(data[i], 0x30);
      }
      return;
    }
    default:
      break;
  }
  const int64_t block = row_bytes(format.format, column_step(format));
  for (int64_t b = 0; b < size; b += block) {
    for (const int at : format.halves) {
      put_float(
          random,
          WeightFormat::f16,
          random_scale(random, scales),
          hostile_scales,
          data + b + at);
    }
    if (hostile_scales) {
      continue;
    }
    if (format.format == WeightFormat::mxfp4) {
      data[b] = tame_byte(data[b], 0x78);
    } else if (format.format == WeightFormat::iq1_m) {
      // The scale's upper nibble: an exponent near one.
      data[b + 55] = (data[b + 55] & std::byte{0x0F}) | std::byte{0x30};
    }
  }
}

void RandomMatrix::fill_affine_scales(
    const FormatCase& format,
    std::mt19937_64& random,
    RandomScales scales) {
  const bool hostile_scales = scales == RandomScales::any;
  const int64_t width = format.scale_format == WeightFormat::f32 ? 4 : 2;
  const int64_t size = matrix_.rows * (matrix_.cols / format.group) * width;
  for (const std::byte** tensor : {&matrix_.scales, &matrix_.biases}) {
    std::byte* to = memory_.emplace_back(static_cast<size_t>(size)).data();
    for (int64_t i = 0; i < size; i += width) {
      put_float(
          random,
          format.scale_format,
          random_scale(random, scales),
          hostile_scales,
          to + i);
    }
    *tensor = to;
  }
}

std::vector<float> random_activations(int64_t count, uint64_t seed) {
  Random random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> x(static_cast<size_t>(count));
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t run = i / 128 % 7;
    x[i] = run == 3 ? 0.0f : normal(random) * (run == 5 ? 1000.0f : 1.0f);
  }
  return x;
}

}  // namespace bantam::kernels
