// SPDX-License-Identifier: MIT
// The tensors of one model by their Hugging Face names, whatever the format
// calls them; adds up what was read, and in the end says what was not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "kernels/weight_matrix.h"
#include "weights/checkpoint.h"

namespace bantam {

/// A tensor's path within its layer (or within the model), as Hugging Face
/// and as GGUF name it.
struct GgufName {
  std::string_view path;
  std::string_view gguf;
};

class WeightSource {
 public:
  /// `names` holds what a family's GGUF files call unlike most; `checkpoint`
  /// must outlive this. Throws invalid_file if there is no input embedding.
  explicit WeightSource(
      const Checkpoint& checkpoint,
      std::vector<GgufName> names = {});

  const Checkpoint& checkpoint() const { return checkpoint_; }
  /// Files that store norms less one: what norm() adds.
  void set_norm_offset(float offset) { norm_offset_ = offset; }
  /// Tensors whose names start so belong to `part`, which is not used.
  void set_unused(std::string prefix, std::string_view part) {
    unused_.push_back({std::move(prefix), part});
  }

  // Paths are Hugging Face's below the language model: "norm",
  // "layers.3.mlp.up_proj", "lm_head". All throw invalid_file (missing, or of
  // another shape than asked for, naming both) or unsupported (the type).

  bool has(std::string_view path) const;  // path.weight
  /// The matrix path.weight.
  kernels::WeightMatrix matrix(
      const std::string& path,
      int64_t rows,
      int64_t cols);
  /// The 1-D tensor path.weight as a matrix of one row.
  kernels::WeightMatrix row(const std::string& path, int64_t cols);
  /// The 3-D tensor path.weight (or just path), [count, rows, cols], as `count`
  /// matrices.
  std::vector<kernels::WeightMatrix> matrices(
      const std::string& path,
      int64_t count,
      int64_t rows,
      int64_t cols);
  /// `count` matrices of gpt-oss's own mxfp4: path_blocks, [count, rows,
  /// cols / 32, 16] bytes, and path_scales, [count, rows, cols / 32] bytes.
  std::vector<kernels::WeightMatrix> mxfp4_blocks(
      const std::string& path,
      int64_t count,
      int64_t rows,
      int64_t cols);
  /// The 2-D tensor of this full name, as floats where they lie.
  kernels::WeightMatrix float_table(
      const std::string& name,
      int64_t rows,
      int64_t cols);
  /// The 1-D tensor path.weight.
  std::vector<float> norm(const std::string& path, int64_t size);
  /// The 1-D tensor path.bias; empty if there is none and none is required.
  std::vector<float> bias(const std::string& path, int64_t size, bool required);
  /// A 1-D tensor by its full name, such as "layers.0.linear_attn.A_log".
  std::vector<float> values(const std::string& name, int64_t size);
  /// The values of a small tensor by its full name, whatever its shape; their
  /// number must be `size`.
  std::vector<float> any_shape(const std::string& name, int64_t size);
  /// A tensor by its full name, not counted; nullptr if there is none.
  const Tensor* find(std::string_view name) const;

  /// What was read so far: values, and bytes of matrices.
  int64_t parameters() const { return parameters_; }
  int64_t matrix_bytes() const { return matrix_bytes_; }

  /// Call when all is read. Throws invalid_file if tensors are left that no
  /// known other part (vision, next-token heads, ...) explains; returns a line
  /// for each part that is there and not used.
  std::vector<std::string> finish() const;

 private:
  struct UnusedPart {
    std::string prefix;
    std::string_view part;
  };

  std::string name_of(std::string_view path) const;
  std::string_view part_of(const Tensor& tensor) const;
  void count(const kernels::WeightMatrix& matrix);
  void mark_used(std::string_view name);

  const Checkpoint& checkpoint_;
  std::vector<GgufName> names_;
  std::string root_;       // before "layers.0. ...", of a folder
  std::string head_root_;  // before "lm_head"
  float norm_offset_ = 0;
  std::vector<UnusedPart> unused_;
  std::unordered_set<const Tensor*> used_;
  int64_t parameters_ = 0;
  int64_t matrix_bytes_ = 0;
};

}  // namespace bantam
