// SPDX-License-Identifier: MIT
// Opening a checkpoint and finding tensors; checkpoint_matrix.cpp gives them
// to the kernels, checkpoint_text.cpp finds tokenizer and template.
#include "weights/checkpoint.h"

#include <filesystem>

#include "weights/byte_cursor.h"
#include "weights/model_folder.h"

namespace bantam {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kGgufExtension = ".gguf";

// "-00002-of-00005.gguf", as the tools that split GGUF files name the parts.
std::string part_suffix(int64_t number, int64_t count) {
  return fmt::format("-{:05}-of-{:05}{}", number, count, kGgufExtension);
}

struct Split {
  std::string prefix;  // of the path, up to the part's number
  int64_t index;       // from 0
  int64_t count;
};

std::optional<Split> split_of(const GgufFile& file) {
  const int64_t count = file.integer("split.count").value_or(1);
  const int64_t index = file.integer("split.no").value_or(0);
  if (count <= 1) {
    return std::nullopt;
  }
  constexpr int64_t kMaxParts = 99'999;
  if (count > kMaxParts || index < 0 || index >= count) {
    fail(
        ErrorCode::invalid_file,
        "{}: metadata says part {} of {}",
        file.path(),
        index + 1,
        count);
  }
  const std::string suffix = part_suffix(index + 1, count);
  if (!file.path().ends_with(suffix)) {
    fail(
        ErrorCode::invalid_file,
        "{}: it is part {} of {}, but its name does not end in '{}', so the "
        "other parts cannot be found; give it its first name back",
        file.path(),
        index + 1,
        count,
        suffix);
  }
  return Split{
      file.path().substr(0, file.path().size() - suffix.size()), index, count};
}

GgufFile open_part(const Split& split, int64_t index) {
  const std::string path = split.prefix + part_suffix(index + 1, split.count);
  if (!file_is_there(path)) {
    fail(
        ErrorCode::not_found,
        "{}: part {} of {} is missing; fetch it into the same folder",
        path,
        index + 1,
        split.count);
  }
  GgufFile part(path);
  if (part.integer("split.no") != index ||
      part.integer("split.count") != split.count) {
    fail(
        ErrorCode::invalid_file,
        "{}: its metadata does not say that it is part {} of {}",
        path,
        index + 1,
        split.count);
  }
  return part;
}

void check_tensor_count(const GgufFile& first, size_t found) {
  const auto expected = first.integer("split.tensors.count");
  if (expected && *expected != static_cast<int64_t>(found)) {
    fail(
        ErrorCode::invalid_file,
        "{}: metadata says {} tensors in all parts, but they hold {}",
        first.path(),
        *expected,
        found);
  }
}

}  // namespace

Checkpoint::Checkpoint(const std::string& path) : path_(path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    open_folder();
  } else {
    open_gguf();
  }
}

void Checkpoint::open_gguf() {
  gguf_ = std::make_unique<GgufFile>(path_);
  const auto split = split_of(*gguf_);
  if (split) {
    if (split->index != 0) {
      gguf_ = std::make_unique<GgufFile>(open_part(*split, 0));
      path_ = gguf_->path();
    }
    for (int64_t index = 1; index < split->count; ++index) {
      more_parts_.push_back(open_part(*split, index));
    }
  }
  for (const Tensor& tensor : gguf_->tensors()) {
    add_tensor(tensor);
  }
  for (const GgufFile& part : more_parts_) {
    for (const Tensor& tensor : part.tensors()) {
      add_tensor(tensor);
    }
  }
  if (split) {
    check_tensor_count(*gguf_, tensors_.size());
  }
}

void Checkpoint::open_folder() {
  ModelFolder folder = read_model_folder(path_);
  config_ = std::move(folder.config);
  generation_config_ = std::move(folder.generation_config);
  tokenizer_config_ = std::move(folder.tokenizer_config);
  quantization_ = read_quantization_config(config_, path_ + "/config.json");
  shards_ = std::move(folder.shards);
  for (const SafetensorsFile& shard : shards_) {
    for (const Tensor& tensor : shard.tensors()) {
      if (!folder.placed_elsewhere(tensor)) {
        add_tensor(tensor);
      }
    }
  }
}

void Checkpoint::add_tensor(const Tensor& tensor) {
  const auto [entry, added] = by_name_.emplace(tensor.name, &tensor);
  if (!added) {
    fail(
        ErrorCode::invalid_file,
        "{}: tensor {} at byte {}: it is also in {}",
        tensor.file,
        in_quotes(tensor.name),
        tensor.file_offset,
        entry->second->file);
  }
  tensors_.push_back(&tensor);
}

std::string Checkpoint::name() const {
  fs::path path = fs::path(path_).lexically_normal();
  if (!path.has_filename()) {
    path = path.parent_path();
  }
  if (!is_gguf()) {
    // .../models--org--name/snapshots/<revision>
    const fs::path repository = path.parent_path().parent_path().filename();
    const size_t cut = repository.string().rfind("--");
    const bool snapshot = path.parent_path().filename() == "snapshots" &&
        repository.string().starts_with("models--");
    return snapshot ? repository.string().substr(cut + 2)
                    : path.filename().string();
  }
  std::string name = path.filename().string();
  if (const auto split = split_of(*gguf_)) {
    return name.substr(0, name.size() - part_suffix(1, split->count).size());
  }
  if (name.ends_with(kGgufExtension)) {
    name.resize(name.size() - kGgufExtension.size());
  }
  return name;
}

const Tensor* Checkpoint::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

const Tensor& Checkpoint::at(std::string_view name) const {
  if (const Tensor* tensor = find(name)) {
    return *tensor;
  }
  fail(
      ErrorCode::invalid_file,
      "{}: tensor {} is missing (there are {} others): the model is "
      "incomplete, or not of the architecture it names",
      path_,
      in_quotes(name),
      tensors_.size());
}

int64_t Checkpoint::weight_bytes() const {
  int64_t bytes = 0;
  for (const Tensor* tensor : tensors_) {
    bytes += static_cast<int64_t>(tensor->bytes.size());
  }
  return bytes;
}

int64_t Checkpoint::header_bytes() const {
  int64_t bytes = gguf_ ? gguf_->file_bytes() : 0;
  for (const GgufFile& part : more_parts_) {
    bytes += part.file_bytes();
  }
  for (const SafetensorsFile& shard : shards_) {
    bytes += shard.file_bytes();
  }
  return bytes - weight_bytes();
}

std::vector<MappedRange> Checkpoint::mapped_files() const {
  std::vector<MappedRange> files;
  if (gguf_) {
    files.push_back({gguf_->bytes(), gguf_->path()});
  }
  for (const GgufFile& part : more_parts_) {
    files.push_back({part.bytes(), part.path()});
  }
  for (const SafetensorsFile& shard : shards_) {
    files.push_back({shard.bytes(), shard.path()});
  }
  return files;
}

std::vector<std::string> Checkpoint::files() const {
  if (is_gguf()) {
    std::vector<std::string> files{gguf_->path()};
    for (const GgufFile& part : more_parts_) {
      files.push_back(part.path());
    }
    return files;
  }
  std::vector<std::string> files;
  for (const SafetensorsFile& shard : shards_) {
    files.push_back(shard.path());
  }
  for (const char* extension : {".json", ".jinja", ".model"}) {
    for (const std::string& name : file_names(path_, extension)) {
      files.push_back((fs::path(path_) / name).string());
    }
  }
  return files;
}

}  // namespace bantam
