// SPDX-License-Identifier: MIT
#include "retrieval/file_reading.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <utility>

#include "base/directory.h"
#include "base/error.h"
#include "base/size.h"

namespace bantam {

namespace fs = std::filesystem;

namespace {

// Deeper ones exist only to break programs.
constexpr int kDeepestFolder = 128;

class OpenFile {
 public:
  // O_NONBLOCK: a pipe must not make us wait for a writer.
  explicit OpenFile(const std::string& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

// What changes when a file is written to.
struct FileState {
  int64_t bytes;
  int64_t seconds;
  int64_t nanoseconds;
  bool operator==(const FileState&) const = default;
};

FileState state_of(const struct stat& status) {
#ifdef __APPLE__
  const timespec& modified = status.st_mtimespec;
#else
  const timespec& modified = status.st_mtim;
#endif
  return {status.st_size, modified.tv_sec, modified.tv_nsec};
}

class Walk {
 public:
  Walk(
      const std::function<void(const std::string&)>& found,
      const std::function<void(const Skipped&)>& skipped)
      : found_(found), skipped_(skipped) {}

  void visit(const std::string& path, int depth) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) {
      skipped_({path, SkipReason::unreadable, std::strerror(errno)});
      return;
    }
    if (S_ISREG(status.st_mode)) {
      found_(path);
      return;
    }
    if (!S_ISDIR(status.st_mode)) {
      skipped_({path, SkipReason::unreadable, "neither a file nor a folder"});
      return;
    }
    if (depth > kDeepestFolder || !seen_.insert(identity(status)).second) {
      return;
    }
    auto names = directory_names(path);
    if (!names) {
      skipped_({path, SkipReason::unreadable, std::strerror(errno)});
      return;
    }
    std::ranges::sort(*names);
    for (const std::string& name : *names) {
      if (!name.starts_with('.')) {
        visit(path + (path.ends_with('/') ? "" : "/") + name, depth + 1);
      }
    }
  }

 private:
  static std::pair<uint64_t, uint64_t> identity(const struct stat& status) {
    return {
        static_cast<uint64_t>(status.st_dev),
        static_cast<uint64_t>(status.st_ino)};
  }

  const std::function<void(const std::string&)>& found_;
  const std::function<void(const Skipped&)>& skipped_;
  std::set<std::pair<uint64_t, uint64_t>> seen_;
};

// False on an error.
bool read_all(int descriptor, std::string& bytes, size_t expected) {
  bytes.clear();
  bytes.reserve(expected);
  std::array<char, 1 << 16> buffer;
  while (true) {
    const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return false;
    }
    if (count == 0) {
      return true;
    }
    bytes.append(buffer.data(), static_cast<size_t>(count));
    if (bytes.size() > expected) {
      return true;  // it grows; the caller sees that
    }
  }
}

}  // namespace

const char* skip_reason_name(SkipReason reason) {
  switch (reason) {
    case SkipReason::binary:
      return "binary";
    case SkipReason::archive:
      return "archive";
    case SkipReason::too_large:
      return "too_large";
    case SkipReason::changing:
      return "changing";
    case SkipReason::unreadable:
      return "unreadable";
    case SkipReason::pdf_reader:
      return "pdf_reader";
    case SkipReason::broken_pdf:
      return "broken_pdf";
  }
  return "";
}

std::string absolute_path(const std::string& path) {
  std::error_code ignored;
  std::string out = fs::absolute(path, ignored).lexically_normal().string();
  while (out.size() > 1 && out.ends_with('/')) {
    out.pop_back();
  }
  return out;
}

void walk_files(
    const std::string& path,
    const std::function<void(const std::string& file)>& found,
    const std::function<void(const Skipped& skipped)>& skipped) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    fail(ErrorCode::not_found, "{}: {}", path, std::strerror(errno));
  }
  Walk(found, skipped).visit(path, 0);
}

std::variant<std::string, Skipped> read_steady_file(
    const std::string& path,
    int64_t most_bytes) {
  constexpr int kAttempts = 3;
  std::string bytes;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const OpenFile file(path);
    struct stat before{};
    if (file.descriptor() < 0 || ::fstat(file.descriptor(), &before) != 0) {
      return Skipped{path, SkipReason::unreadable, std::strerror(errno)};
    }
    if (!S_ISREG(before.st_mode)) {
      return Skipped{path, SkipReason::unreadable, "not a regular file"};
    }
    if (before.st_size > most_bytes) {
      return Skipped{
          path,
          SkipReason::too_large,
          fmt::format(
              "{}, more than --max-file-size {}",
              format_size(before.st_size),
              format_size(most_bytes))};
    }
    if (!read_all(
            file.descriptor(), bytes, static_cast<size_t>(before.st_size))) {
      return Skipped{path, SkipReason::unreadable, std::strerror(errno)};
    }
    struct stat after{};
    if (::stat(path.c_str(), &after) == 0 &&
        state_of(before) == state_of(after) &&
        static_cast<int64_t>(bytes.size()) == before.st_size) {
      return bytes;
    }
  }
  return Skipped{
      path,
      SkipReason::changing,
      "it changes while it is read; add it again when it is at rest"};
}

std::string_view archive_kind(std::string_view bytes) {
  using namespace std::string_view_literals;
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kKinds{
      {{"PK\x03\x04"sv, "a zip archive"},
       {"PK\x05\x06"sv, "a zip archive"},
       {"\x1f\x8b"sv, "a gzip file"},
       {"BZh"sv, "a bzip2 file"},
       {"\xfd"
        "7zXZ\x00"sv,
        "an xz file"},
       {"7z\xbc\xaf\x27\x1c"sv, "a 7-Zip archive"},
       {"\x28\xb5\x2f\xfd"sv, "a zstd file"},
       {"Rar!\x1a\x07"sv, "a rar archive"}}};
  for (const auto& [magic, name] : kKinds) {
    if (bytes.starts_with(magic)) {
      return name;
    }
  }
  return "";
}

}  // namespace bantam
