// SPDX-License-Identifier: MIT
#include "weights/model_hash.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/user_folders.h"

namespace bantam {

namespace {

namespace fs = std::filesystem;

// "" if there is no home to keep it in.
std::string cache_path() {
  const std::string folder = user_cache_folder();
  return folder.empty() ? "" : folder + "/sha256.json";
}

/// Digests by path, each with the size and change date it belongs to. A cache:
/// what cannot be read or written is done without.
class DigestCache {
 public:
  DigestCache() : path_(cache_path()) {
    try {
      entries_ = read_json_file(path_);
    } catch (const Error&) {
    }
    if (!entries_.is_object()) {
      entries_ = Json::object();
    }
  }
  ~DigestCache() {
    if (!changed_ || path_.empty()) {
      return;
    }
    try {
      fs::create_directories(fs::path(path_).parent_path());
      write_file_atomically(path_, entries_.dump(1) + "\n");
    } catch (const std::exception&) {
    }
  }
  DigestCache(const DigestCache&) = delete;
  DigestCache& operator=(const DigestCache&) = delete;

  std::optional<std::string> find(const std::string& file) const {
    const auto entry = entries_.find(key(file));
    if (entry == entries_.end() || !entry->is_object() ||
        entry->value("of", Json()) != stamp(file)) {
      return std::nullopt;
    }
    const Json digest = entry->value("sha256", Json());
    return digest.is_string() ? std::optional(digest.get<std::string>())
                              : std::nullopt;
  }
  void put(const std::string& file, const Json& of, const std::string& digest) {
    entries_[key(file)] = {{"of", of}, {"sha256", digest}};
    changed_ = true;
  }

  // Size and change date, to the nanosecond.
  static Json stamp(const std::string& file) {
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0) {
      fail(ErrorCode::not_found, "{}: {}", file, std::strerror(errno));
    }
#if defined(__APPLE__)
    const timespec& changed = status.st_mtimespec;
#else
    const timespec& changed = status.st_mtim;
#endif
    return {
        static_cast<int64_t>(status.st_size),
        static_cast<int64_t>(changed.tv_sec),
        static_cast<int64_t>(changed.tv_nsec)};
  }

 private:
  static std::string key(const std::string& file) {
    std::error_code ignored;
    const fs::path whole = fs::weakly_canonical(file, ignored);
    return whole.empty() ? file : whole.string();
  }

  std::string path_;
  Json entries_;
  bool changed_ = false;
};

std::string joined_digest(
    const std::vector<std::string>& files,
    const std::vector<std::string>& digests) {
  if (digests.size() == 1) {
    return digests.front();
  }
  std::string lines;
  for (size_t i = 0; i < files.size(); ++i) {
    lines += fmt::format(
        "{}  {}\n", digests[i], fs::path(files[i]).filename().string());
  }
  return sha256_of(lines);
}

void sort_by_name(std::vector<std::string>& files) {
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
    return fs::path(a).filename() < fs::path(b).filename();
  });
}

}  // namespace

std::string model_sha256(std::vector<std::string> files) {
  sort_by_name(files);
  DigestCache cache;
  std::vector<std::string> digests;
  for (const std::string& file : files) {
    std::optional<std::string> digest = cache.find(file);
    if (!digest) {
      // The date from before: a change while reading is then seen next time.
      const Json of = DigestCache::stamp(file);
      digest = sha256_of_file(file);
      cache.put(file, of, *digest);
    }
    digests.push_back(*digest);
  }
  return joined_digest(files, digests);
}

std::optional<std::string> known_model_sha256(std::vector<std::string> files) {
  sort_by_name(files);
  const DigestCache cache;
  std::vector<std::string> digests;
  for (const std::string& file : files) {
    const std::optional<std::string> digest = cache.find(file);
    if (!digest) {
      return std::nullopt;
    }
    digests.push_back(*digest);
  }
  return joined_digest(files, digests);
}

}  // namespace bantam
