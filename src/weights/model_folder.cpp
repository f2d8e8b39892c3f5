// SPDX-License-Identifier: MIT
#include "weights/model_folder.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <unordered_set>

#include "base/directory.h"
#include "weights/byte_cursor.h"

namespace bantam {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kExtension = ".safetensors";
constexpr std::string_view kSingleFile = "model.safetensors";
constexpr std::string_view kIndexFile = "model.safetensors.index.json";

std::string join(const std::string& folder, std::string_view name) {
  return (fs::path(folder) / name).string();
}

Json read_object(const std::string& path) {
  // The largest are tokenizer_config.json files of a few megabytes.
  constexpr uintmax_t kMaxBytes = 64 << 20;
  std::error_code ignored;
  const uintmax_t bytes = fs::file_size(path, ignored);
  if (!ignored && bytes > kMaxBytes) {
    fail(
        ErrorCode::invalid_file,
        "{}: {} bytes; at most {} are read",
        path,
        bytes,
        kMaxBytes);
  }
  Json json = read_json_file(path);
  if (!json.is_object()) {
    fail(ErrorCode::invalid_file, "{}: not a JSON object", path);
  }
  return json;
}

Json read_optional_object(const std::string& folder, std::string_view name) {
  const std::string path = join(folder, name);
  return file_is_there(path) ? read_object(path) : Json(nullptr);
}

[[noreturn]] void fail_no_config(const std::string& folder) {
  const auto gguf_names = file_names(folder, ".gguf");
  if (!gguf_names.empty()) {
    fail(
        ErrorCode::not_found,
        "{}: no config.json, but GGUF files: give the path of one, such as {}",
        folder,
        join(folder, gguf_names.front()));
  }
  fail(
      ErrorCode::not_found,
      "{}: no config.json: not a model folder, or an incomplete download",
      folder);
}

[[noreturn]] void fail_no_weights(const std::string& folder) {
  std::string remedy = "the download is incomplete; fetch the model again";
  for (const char* extension : {".gguf", ".bin", ".pth", ".pt", ".npz"}) {
    const auto names = file_names(folder, extension);
    if (names.empty()) {
      continue;
    }
    remedy = extension == std::string_view(".gguf")
        ? "give the path of " + join(folder, names.front())
        : "it holds " + names.front() +
            ", which bantam does not read; convert the model to safetensors";
    break;
  }
  fail(
      ErrorCode::not_found,
      "{}: config.json, but no *.safetensors file: {}",
      folder,
      remedy);
}

// "model-00002-of-00005.safetensors": every part up to the count must exist.
void check_numbered_parts(
    const std::string& folder,
    const std::vector<std::string>& names) {
  constexpr std::string_view kOf = "-of-";
  constexpr size_t kDigits = 5;
  const std::unordered_set<std::string> present(names.begin(), names.end());
  for (const std::string& name : names) {
    const size_t of = name.rfind(kOf);
    const size_t tail = kOf.size() + kDigits + kExtension.size();
    if (of == name.npos || of < kDigits || name.size() - of != tail) {
      continue;
    }
    const std::string digits = name.substr(of + kOf.size(), kDigits);
    if (!std::ranges::all_of(
            digits, [](char c) { return c >= '0' && c <= '9'; })) {
      continue;
    }
    const std::string prefix = name.substr(0, of - kDigits);
    const int count = std::stoi(digits);
    for (int part = 1; part <= count; ++part) {
      const std::string expected =
          fmt::format("{}{:05}{}", prefix, part, name.substr(of));
      if (!present.contains(expected)) {
        fail(
            ErrorCode::not_found,
            "{}: part {} of {} is missing; fetch the model again",
            join(folder, expected),
            part,
            count);
      }
    }
  }
}

// The weight files of a folder without an index: as mlx-lm does, what is
// named model*.safetensors; else all (but not Mistral's consolidated copy of
// the same weights under other names, when there are others).
std::vector<std::string> weight_files(const std::string& folder) {
  std::vector<std::string> all = file_names(folder, kExtension);
  std::vector<std::string> model, others;
  for (const std::string& name : all) {
    if (name.starts_with("model")) {
      model.push_back(name);
    } else if (!name.starts_with("consolidated")) {
      others.push_back(name);
    }
  }
  if (!model.empty()) {
    return model;
  }
  return others.empty() ? all : others;
}

void check_weight_map(const ModelFolder& folder, const std::string& index) {
  std::unordered_map<std::string, std::unordered_set<std::string_view>> names;
  for (const SafetensorsFile& shard : folder.shards) {
    auto& in_shard = names[fs::path(shard.path()).filename().string()];
    for (const Tensor& tensor : shard.tensors()) {
      in_shard.insert(tensor.name);
    }
  }
  for (const auto& [tensor, file] : folder.weight_map) {
    if (!names[file].contains(tensor)) {
      fail(
          ErrorCode::invalid_file,
          "{}: weight_map says that tensor {} is in {}, but it is not; fetch "
          "the model again",
          index,
          in_quotes(tensor),
          file);
    }
  }
}

void open_shards(const std::string& path, ModelFolder& folder) {
  const std::string index = join(path, kIndexFile);
  std::set<std::string> names;
  if (file_is_there(index)) {
    folder.weight_map = read_weight_map(index);
    for (const auto& [tensor, file] : folder.weight_map) {
      names.insert(file);
    }
    // An index left over from a sharded original, beside the single file that
    // a conversion wrote: the single file wins, as in transformers.
    if (!names.contains(std::string(kSingleFile)) &&
        file_is_there(join(path, kSingleFile))) {
      names = {std::string(kSingleFile)};
      folder.weight_map.clear();
    }
  } else {
    const auto files = weight_files(path);
    check_numbered_parts(path, files);
    names.insert(files.begin(), files.end());
  }
  if (names.empty()) {
    fail_no_weights(path);
  }
  for (const std::string& name : names) {
    const std::string file = join(path, name);
    if (!file_is_there(file)) {
      fail(
          ErrorCode::not_found,
          "{}: missing, though {} names it; fetch the model again",
          file,
          kIndexFile);
    }
    folder.shards.emplace_back(file);
  }
  check_weight_map(folder, index);
}

}  // namespace

bool ModelFolder::placed_elsewhere(const Tensor& tensor) const {
  const auto found = weight_map.find(tensor.name);
  return found != weight_map.end() &&
      fs::path(tensor.file).filename() != found->second;
}

ModelFolder read_model_folder(const std::string& path) {
  const std::string config = join(path, "config.json");
  if (!file_is_there(config)) {
    fail_no_config(path);
  }
  ModelFolder folder;
  folder.config = read_object(config);
  folder.generation_config =
      read_optional_object(path, "generation_config.json");
  folder.tokenizer_config = read_optional_object(path, "tokenizer_config.json");
  open_shards(path, folder);
  return folder;
}

std::vector<std::string> file_names(
    const std::string& folder,
    std::string_view extension) {
  std::vector<std::string> names =
      directory_names(folder).value_or(std::vector<std::string>{});
  std::erase_if(names, [&](const std::string& name) {
    return !name.ends_with(extension) || name.starts_with('.');
  });
  std::ranges::sort(names);
  return names;
}

bool file_is_there(const std::string& path) {
  std::error_code ignored;
  if (fs::exists(path, ignored)) {
    return true;
  }
  if (fs::is_symlink(fs::symlink_status(path, ignored))) {
    fail(
        ErrorCode::not_found,
        "{}: a link to a file that is not there: the download is incomplete; "
        "fetch the model again",
        path);
  }
  return false;
}

}  // namespace bantam
