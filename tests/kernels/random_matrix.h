// SPDX-License-Identifier: MIT
// Weight matrices of random bytes in memory that ends at a guard page: reading
// one byte past the tensor is a crash.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "kernels/weight_matrix.h"

namespace bantam::kernels {

/// Bytes that end where an unreadable page begins.
class GuardedBytes {
 public:
  explicit GuardedBytes(size_t size);
  ~GuardedBytes();
  GuardedBytes(GuardedBytes&& other) noexcept;
  GuardedBytes& operator=(GuardedBytes&&) = delete;
  std::byte* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  std::byte* map_ = nullptr;
  size_t map_size_ = 0;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

/// One format to test: everything but the size of the matrix.
struct FormatCase {
  std::string name;
  WeightFormat format;
  int bits = 0;
  int group = 0;
  WeightFormat scale_format = WeightFormat::f32;
  std::vector<int> halves = {};  // where in a block its float16 scales lie
};

/// Every format and variant that the kernels support.
std::vector<FormatCase> all_formats();

/// Rows of a format have a multiple of so many columns.
int64_t column_step(const FormatCase& format);

/// normal: of both signs around 0.01; any: any bits at all (infinities and NaNs
/// among them); integers: of both signs up to 0.02, the same on every machine.
enum class RandomScales { normal, any, integers };

/// Random integers, and such scales.
class RandomMatrix {
 public:
  RandomMatrix(
      const FormatCase& format,
      int64_t rows,
      int64_t cols,
      uint64_t seed,
      RandomScales scales = RandomScales::normal);

  const WeightMatrix& matrix() const { return matrix_; }

 private:
  void fill_affine_scales(
      const FormatCase& format,
      std::mt19937_64& random,
      RandomScales scales);

  WeightMatrix matrix_;
  std::vector<GuardedBytes> memory_;
};

/// Normal values, some groups of zeros, some large.
std::vector<float> random_activations(int64_t count, uint64_t seed);

}  // namespace bantam::kernels
