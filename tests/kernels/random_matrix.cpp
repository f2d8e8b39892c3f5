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

std::vector<FormatCase> all_formats() {
  std::vector<FormatCase> formats{
      {"f32", WeightFormat::f32},
      {"f16", WeightFormat::f16},
      {"bf16", WeightFormat::bf16},
      {"q4_0", WeightFormat::q4_0},
      {"q4_1", WeightFormat::q4_1},
      {"q8_0", WeightFormat::q8_0},
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
             scales});
      }
    }
  }
  return formats;
}

namespace {

using Random = std::mt19937_64;

float random_scale(Random& random) {
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

}  // namespace

RandomMatrix::RandomMatrix(
    const FormatCase& format,
    int64_t rows,
    int64_t cols,
    uint64_t seed,
    bool hostile_scales) {
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
  if (matrix_.group_size() == 0) {
    const int64_t width = format.format == WeightFormat::f32 ? 4 : 2;
    for (int64_t i = 0; i < size; i += width) {
      put_float(
          random,
          format.format,
          random_scale(random),
          hostile_scales,
          data + i);
    }
    return;
  }
  if (format.format != WeightFormat::affine) {
    const int64_t block = matrix_.row_bytes / (cols / 32);
    const int halves = format.format == WeightFormat::q4_1 ? 2 : 1;
    for (int64_t b = 0; b < size; b += block) {
      for (int i = 0; i < halves; ++i) {
        put_float(
            random,
            WeightFormat::f16,
            random_scale(random),
            hostile_scales,
            data + b + 2 * i);
      }
    }
    return;
  }
  const int64_t width = format.scale_format == WeightFormat::f32 ? 4 : 2;
  const int64_t scales = rows * (cols / format.group) * width;
  for (const std::byte** tensor : {&matrix_.scales, &matrix_.biases}) {
    std::byte* to = memory_.emplace_back(static_cast<size_t>(scales)).data();
    for (int64_t i = 0; i < scales; i += width) {
      put_float(
          random,
          format.scale_format,
          random_scale(random),
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
