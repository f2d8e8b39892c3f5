// SPDX-License-Identifier: MIT
#include "weights/locate.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/directory.h"
#include "base/error.h"
#include "base/mapped_file.h"
#include "base/program_folder.h"
#include "base/suggest.h"
#include "weights/file_kind.h"
#include "weights/gguf.h"
#include "weights/hub_cache.h"
#include "weights/model_folder.h"

namespace bantam {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kBuiltIn = "smollm2";
constexpr const char* kBuiltInVariable = "BANTAM_SMOLLM2";

std::string locate_built_in() {
  const char* variable = std::getenv(kBuiltInVariable);
  if (variable != nullptr && *variable != '\0') {
    if (!file_is_there(variable)) {
      fail(
          ErrorCode::not_found,
          "{}: no such file, though ${} names it",
          variable,
          kBuiltInVariable);
    }
    return variable;
  }
  // The program lies in build/, tests in build/tests/<folder>/.
  std::vector<std::string> looked_at;
  for (const char* up : {"", "..", "../.."}) {
    const fs::path path =
        (program_folder() / up / "models" / "smollm2.gguf").lexically_normal();
    if (file_is_there(path.string())) {
      return path.string();
    }
    looked_at.push_back(path.string());
  }
  fail(
      ErrorCode::not_found,
      "smollm2: the built-in model is not there (looked at {}); run 'make' in "
      "bantam's folder, or set ${} to the path of "
      "SmolLM2-135M-Instruct.Q4_1.gguf",
      fmt::join(looked_at, ", "),
      kBuiltInVariable);
}

// GGUF files in a folder and, since repositories keep large ones so, one
// level below. Relative, sorted; of a split file the first part alone; no
// "mmproj" files, which hold an image encoder.
std::vector<std::string> gguf_files(const fs::path& folder) {
  const auto wanted = [](const std::string& name) {
    const size_t of = name.rfind("-of-");
    const bool later_part = of != name.npos && of >= 6 &&
        name.size() == of + std::string_view("-of-00000.gguf").size() &&
        name.substr(of - 6, 6) != "-00001";
    return name.ends_with(".gguf") && !name.starts_with('.') &&
        !name.starts_with("mmproj") && !later_part;
  };
  const auto names_in = [](const fs::path& path) {
    return directory_names(path.string()).value_or(std::vector<std::string>{});
  };
  std::vector<std::string> names;
  for (const std::string& name : names_in(folder)) {
    if (wanted(name)) {
      names.push_back(name);
    }
    for (const std::string& inner : names_in(folder / name)) {
      if (wanted(inner)) {
        names.push_back(name + "/" + inner);
      }
    }
  }
  std::ranges::sort(names);
  return names;
}

// A model folder as it is; a folder of GGUF files: the only one. `prefix` is
// what a user types before a file's name to choose it.
std::string locate_in_folder(
    const std::string& folder,
    const std::string& prefix) {
  if (!file_names(folder, ".safetensors").empty()) {
    return folder;
  }
  const std::vector<std::string> names = gguf_files(folder);
  if (names.empty()) {
    return folder;  // Checkpoint says what is missing
  }
  if (names.size() == 1) {
    return (fs::path(folder) / names.front()).string();
  }
  std::vector<std::string> choices;
  for (const std::string& name : names) {
    choices.push_back(prefix + name);
  }
  fail(
      ErrorCode::not_found,
      "{}: it holds {} GGUF files; choose one: {}",
      folder,
      names.size(),
      fmt::join(choices, ", "));
}

std::string check_file(const std::string& path) {
  const MappedFile file(path);
  if (!looks_like_gguf(file.text())) {
    const fs::path folder = fs::path(path).parent_path();
    fail(
        ErrorCode::invalid_file,
        "{}: neither a GGUF file nor a model folder; it looks like {}{}",
        path,
        describe_file_kind(file.text()),
        file_is_there((folder / "config.json").string())
            ? fmt::format(" ({})", folder.empty() ? "." : folder.string())
            : "");
  }
  return path;
}

std::string locate_path(const std::string& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) {
    return check_file(path);
  }
  return locate_in_folder(path, path.ends_with('/') ? path : path + "/");
}

std::string locate_in_snapshot(
    const RepositoryId& id,
    const std::string& snapshot) {
  if (id.file.empty()) {
    return locate_in_folder(snapshot, id.name + ":");
  }
  const std::string path = (fs::path(snapshot) / id.file).string();
  if (!file_is_there(path)) {
    const auto names = gguf_files(snapshot);
    fail(
        ErrorCode::not_found,
        "{}: the cached {} has no file '{}' (GGUF files there: {}); fetch it "
        "with: hf download {} {}",
        path,
        id.name,
        id.file,
        names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")),
        id.name,
        id.file);
  }
  return check_file(path);
}

[[noreturn]] void fail_not_cached(
    const std::string& model,
    const RepositoryId& id) {
  std::vector<std::string> known = cached_repositories();
  known.emplace_back(kBuiltIn);
  const std::string near = nearest(id.name, known);
  const bool has_owner = id.name.find('/') != id.name.npos;
  fail(
      ErrorCode::not_found,
      "{}: no such file or folder, and no such repository in the Hugging Face "
      "cache (looked in {}){}{}",
      model,
      fmt::join(hub_cache_folders(), ", "),
      near.empty() ? "" : fmt::format("; did you mean '{}'?", near),
      has_owner ? fmt::format(
                      "; fetch it with: hf download {}{}{}",
                      id.name,
                      id.file.empty() ? "" : " " + id.file,
                      id.revision.empty() ? "" : " --revision " + id.revision)
                : "");
}

[[noreturn]] void fail_no_path(const std::string& path) {
  std::error_code ignored;
  fs::path parent = fs::path(path).parent_path();
  parent = parent.empty() ? "." : parent;
  std::string remedy;
  if (!fs::is_directory(parent, ignored)) {
    remedy = fmt::format("; there is no folder {} either", parent.string());
  } else {
    const auto names = file_names(parent.string());
    const std::string near = nearest(fs::path(path).filename().string(), names);
    if (!near.empty()) {
      remedy = fmt::format("; did you mean {}?", (parent / near).string());
    }
  }
  fail(ErrorCode::not_found, "{}: no such file or folder{}", path, remedy);
}

}  // namespace

std::string expand_home(std::string_view path) {
  const char* home = std::getenv("HOME");
  if (path.starts_with("~/") && home != nullptr) {
    return std::string(home) + std::string(path.substr(1));
  }
  return std::string(path);
}

std::string locate_model(std::string_view model) {
  const std::string path = expand_home(model);
  if (path.empty() || path.find('\0') != path.npos) {
    fail(
        ErrorCode::not_found,
        "the model's name is empty; give a folder, a .gguf file, a repository "
        "id or smollm2");
  }
  if (file_is_there(path)) {
    return locate_path(path);
  }
  if (model == kBuiltIn) {
    return locate_built_in();
  }
  const auto id = parse_repository_id(path);
  if (!id) {
    fail_no_path(path);
  }
  if (const auto snapshot = find_snapshot(*id)) {
    return locate_in_snapshot(*id, *snapshot);
  }
  if (path.ends_with(".gguf") && id->file.empty()) {
    fail_no_path(path);
  }
  fail_not_cached(path, *id);
}

}  // namespace bantam
