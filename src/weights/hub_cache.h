// SPDX-License-Identifier: MIT
// The Hugging Face cache on this machine: where repositories, revisions and
// their files lie. Nothing is fetched here. Internal to weights/.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bantam {

/// "org/name", "org/name@revision", "org/name:file.gguf" or all three.
struct RepositoryId {
  std::string name;      // "org/name"; old repositories have no "org/"
  std::string revision;  // empty: "main"
  std::string file;      // empty: the whole repository
};

/// nullopt if `text` cannot be a repository id (it is a path).
std::optional<RepositoryId> parse_repository_id(std::string_view text);

/// The folders that hold cached repositories, most specific first:
/// $HF_HUB_CACHE, $HF_HOME/hub, ~/.cache/huggingface/hub.
std::vector<std::string> hub_cache_folders();

/// The snapshot folder of a cached repository; nullopt if no cache has it.
/// Throws not_found if it is cached, but not this revision or not complete.
std::optional<std::string> find_snapshot(const RepositoryId& id);

/// Names of the cached repositories, for suggestions.
std::vector<std::string> cached_repositories();

}  // namespace bantam
