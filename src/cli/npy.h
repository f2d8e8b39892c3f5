// SPDX-License-Identifier: MIT
// NumPy's .npy format, version 1.0: float32 matrices, written row by row.
#pragma once

#include <cstdint>
#include <cstdio>
#include <span>
#include <string>

namespace bantam {

class NpyWriter {
 public:
  /// Throws invalid_request if `path` cannot be written. The file appears
  /// under its name when it is complete.
  NpyWriter(const std::string& path, int64_t rows, int64_t cols);
  ~NpyWriter();
  NpyWriter(const NpyWriter&) = delete;
  NpyWriter& operator=(const NpyWriter&) = delete;

  void append(std::span<const float> row);
  /// Flushes; throws if anything could not be written.
  void close();

 private:
  std::string path_;
  std::string partial_path_;
  std::FILE* file_;
};

}  // namespace bantam
