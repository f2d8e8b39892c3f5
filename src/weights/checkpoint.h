// SPDX-License-Identifier: MIT
// A model on disk, whichever its format: tensors by name, configuration,
// tokenizer, template. Reading one touches headers only; weights stay mapped.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "base/mapped_pages.h"
#include "kernels/weight_matrix.h"
#include "text/tokenizer.h"
#include "weights/gguf.h"
#include "weights/quantization_config.h"
#include "weights/safetensors.h"
#include "weights/tensor.h"

namespace bantam {

/// How kernels read the values of a tensor whose type says it all; nullopt for
/// types that are not computed with.
std::optional<kernels::WeightFormat> weight_format_of(TensorType type);

class Checkpoint {
 public:
  /// `path` is a .gguf file (any part of one split into parts) or a folder
  /// with config.json and *.safetensors (single, or sharded by
  /// model.safetensors.index.json).
  /// Throws not_found, invalid_file or unsupported.
  explicit Checkpoint(const std::string& path);

  const std::string& path() const { return path_; }
  /// Folder or file name without its extension, for people. Of a snapshot in
  /// the Hugging Face cache: the repository's name.
  std::string name() const;
  bool is_gguf() const { return gguf_ != nullptr; }
  /// Only for a GGUF file; nullptr for a folder.
  const GgufFile* gguf() const { return gguf_.get(); }
  /// config.json of a folder; null for a GGUF file.
  const Json& config() const { return config_; }
  /// generation_config.json of a folder, else null.
  const Json& generation_config() const { return generation_config_; }
  /// tokenizer_config.json of a folder, else null.
  const Json& tokenizer_config() const { return tokenizer_config_; }

  const std::vector<const Tensor*>& tensors() const { return tensors_; }
  const Tensor* find(std::string_view name) const;
  /// Throws invalid_file naming the tensor that is missing.
  const Tensor& at(std::string_view name) const;

  /// The matrix whose parts are `path`.weight (and .scales for weights that
  /// MLX quantized, .biases for affine ones; mode, bits and group come from
  /// config.json's "quantization", per-path entries first). Checks shapes
  /// against [rows, cols]; throws invalid_file or unsupported, naming both
  /// sides.
  kernels::WeightMatrix matrix(
      std::string_view path,
      int64_t rows,
      int64_t cols) const;
  /// The same for `count` matrices in one 3-D tensor [count, rows, cols], one
  /// below the other: a matrix of count * rows rows. The tensor may also be
  /// called just `path`.
  kernels::WeightMatrix stacked_matrix(
      std::string_view path,
      int64_t count,
      int64_t rows,
      int64_t cols) const;
  /// The 1-D tensor `path`.weight of `cols` values as a matrix of one row.
  kernels::WeightMatrix row_matrix(std::string_view path, int64_t cols) const;
  /// A 1-D tensor of `size` values, widened to float32.
  std::vector<float> vector(std::string_view name, int64_t size) const;
  /// The values of a small float tensor of any shape, widened to float32.
  std::vector<float> values(const Tensor& tensor) const;

  /// Throws invalid_file or not_found if the model has none.
  std::unique_ptr<Tokenizer> make_tokenizer() const;
  /// The Jinja source of the chat template (tokenizer_config.json,
  /// chat_template.jinja, chat_template.json, or GGUF metadata; the one named
  /// "default" where several are given); nullopt if there is none.
  std::optional<std::string> chat_template() const;

  /// The files that decide what the model answers: weights, configuration,
  /// tokenizer, template.
  std::vector<std::string> files() const;

  /// Where the files with tensors are mapped.
  std::vector<MappedRange> mapped_files() const;

  /// Sum of the sizes of all tensor data, in bytes.
  int64_t weight_bytes() const;
  /// Mapped bytes of the files that are not tensor data: headers, metadata,
  /// padding.
  int64_t header_bytes() const;

 private:
  void open_gguf();
  void open_folder();
  void add_tensor(const Tensor& tensor);
  std::optional<MlxFormat> mlx_format(std::string_view path) const;
  kernels::WeightMatrix shaped_matrix(
      std::string_view path,
      std::span<const int64_t> leading,
      int64_t cols) const;
  kernels::WeightMatrix mlx_matrix(
      std::string_view path,
      std::span<const int64_t> leading,
      int64_t cols,
      const MlxFormat& format) const;

  std::string path_;
  std::unique_ptr<GgufFile> gguf_;
  std::vector<GgufFile> more_parts_;  // of a split GGUF file
  std::vector<SafetensorsFile> shards_;
  QuantizationConfig quantization_;
  Json config_, generation_config_, tokenizer_config_;
  std::vector<const Tensor*> tensors_;
  std::unordered_map<std::string_view, const Tensor*> by_name_;
};

}  // namespace bantam
