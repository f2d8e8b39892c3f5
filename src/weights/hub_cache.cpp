// SPDX-License-Identifier: MIT
// Layout: models--org--name/refs/<revision> holds a commit's name, and
// snapshots/<commit> its files (huggingface_hub, "Understand caching").
#include "weights/hub_cache.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "weights/model_folder.h"

namespace bantam {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kRepositoryPrefix = "models--";
constexpr std::string_view kSeparator = "--";

bool is_name(std::string_view text) {
  const bool plain = std::ranges::all_of(text, [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
        (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
  });
  // A leading dot or dash: a path or a flag, and no repository has one.
  return plain && !text.empty() && text.front() != '.' && text.front() != '-';
}

// A relative path that stays below where it starts.
bool stays_below(std::string_view text) {
  const fs::path path(text);
  return !text.empty() && path.is_relative() && text.find('\0') == text.npos &&
      std::ranges::none_of(path, [](const fs::path& part) {
        return part == ".." || part == ".";
      });
}

std::string folder_name(std::string_view repository) {
  std::string name(kRepositoryPrefix);
  const size_t slash = repository.find('/');
  name += repository.substr(0, slash);
  if (slash != repository.npos) {
    name += kSeparator;
    name += repository.substr(slash + 1);
  }
  return name;
}

// The commit that refs/<revision> names; empty if there is no such ref.
std::string commit_of(const fs::path& repository, const std::string& revision) {
  constexpr size_t kMaxCommitBytes = 100;
  std::ifstream file(repository / "refs" / revision);
  std::string commit;
  file >> commit;
  return commit.size() <= kMaxCommitBytes && is_name(commit) ? commit : "";
}

std::string snapshot_in(const fs::path& repository, const RepositoryId& id) {
  const std::vector<std::string> commits =
      file_names((repository / "snapshots").string());
  const auto path_of = [&](const std::string& commit) {
    return (repository / "snapshots" / commit).string();
  };
  const std::string revision = id.revision.empty() ? "main" : id.revision;
  const std::string named = commit_of(repository, revision);
  std::vector<std::string> matching;
  for (const std::string& commit : commits) {
    if (commit == named || commit == id.revision) {
      return path_of(commit);
    }
    // As git does: a unique beginning of a commit's name.
    if (named.empty() && commit.starts_with(id.revision)) {
      matching.push_back(commit);
    }
  }
  if (matching.size() == 1) {
    return path_of(matching.front());
  }
  const std::string flag =
      id.revision.empty() ? "" : " --revision " + id.revision;
  fail(
      ErrorCode::not_found,
      "{}: {} holds no complete revision '{}' (it has: {}); fetch it with: hf "
      "download {}{}",
      id.name,
      repository.string(),
      revision,
      commits.empty() ? "none" : fmt::format("{}", fmt::join(commits, ", ")),
      id.name,
      flag);
}

}  // namespace

std::optional<RepositoryId> parse_repository_id(std::string_view text) {
  RepositoryId id;
  if (const size_t colon = text.find(':'); colon != text.npos) {
    id.file = text.substr(colon + 1);
    text = text.substr(0, colon);
    if (!stays_below(id.file)) {
      return std::nullopt;
    }
  }
  if (const size_t at = text.find('@'); at != text.npos) {
    id.revision = text.substr(at + 1);
    text = text.substr(0, at);
    if (!stays_below(id.revision)) {
      return std::nullopt;
    }
  }
  id.name = text;
  const size_t slash = text.find('/');
  const bool valid = slash == text.npos
      ? is_name(text)
      : is_name(text.substr(0, slash)) && is_name(text.substr(slash + 1));
  return valid ? std::optional(id) : std::nullopt;
}

std::vector<std::string> hub_cache_folders() {
  std::vector<std::string> folders;
  const auto add = [&](const char* variable, const char* below) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') {
      const std::string folder = (fs::path(value) / below).string();
      if (std::ranges::find(folders, folder) == folders.end()) {
        folders.push_back(folder);
      }
    }
  };
  add("HF_HUB_CACHE", "");
  add("HF_HOME", "hub");
  add("XDG_CACHE_HOME", "huggingface/hub");
  add("HOME", ".cache/huggingface/hub");
  return folders;
}

std::optional<std::string> find_snapshot(const RepositoryId& id) {
  for (const std::string& folder : hub_cache_folders()) {
    const fs::path repository = fs::path(folder) / folder_name(id.name);
    std::error_code ignored;
    if (fs::is_directory(repository, ignored)) {
      return snapshot_in(repository, id);
    }
  }
  return std::nullopt;
}

std::vector<std::string> cached_repositories() {
  std::vector<std::string> repositories;
  for (const std::string& folder : hub_cache_folders()) {
    for (const std::string& name : file_names(folder)) {
      if (!name.starts_with(kRepositoryPrefix)) {
        continue;
      }
      std::string repository = name.substr(kRepositoryPrefix.size());
      if (const size_t cut = repository.find(kSeparator);
          cut != repository.npos) {
        repository.replace(cut, kSeparator.size(), "/");
      }
      repositories.push_back(repository);
    }
  }
  return repositories;
}

}  // namespace bantam
