// SPDX-License-Identifier: MIT
// The pages of mapped files: read these soon, give those back, copy these
// without mapping them. Never an error: advice that is not taken costs time,
// not results.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace bantam {

/// Where a file is mapped, read-only.
struct MappedRange {
  std::span<const std::byte> bytes;
  std::string path;
};

/// The mappings must outlive this. Thread-safe.
class MappedPages {
 public:
  explicit MappedPages(std::vector<MappedRange> files);
  ~MappedPages();
  MappedPages(const MappedPages&) = delete;
  MappedPages& operator=(const MappedPages&) = delete;

  /// Begins to read the pages under `bytes`; does not wait.
  void fetch(std::span<const std::byte> bytes) const;
  /// Gives the pages under `bytes` back to the system, those that they share
  /// with their neighbours too. Reading them again reads the disk.
  void release(std::span<const std::byte> bytes) const;
  /// Copies `bytes` by reading the file, so that no page of the mapping is
  /// touched: since Linux 6.18 a touch brings in up to 2 MiB around it, which
  /// count as memory in use.
  void read(std::span<const std::byte> bytes, std::byte* to) const;

 private:
  struct File {
    std::span<const std::byte> bytes;
    int descriptor = -1;
  };

  const File* file_of(const std::byte* at) const;

  std::vector<File> files_;
};

/// Says that pieces of `bytes` are fetched (MappedPages) before they are read:
/// nothing around what is touched needs to be read with it.
void read_alone(std::span<const std::byte> bytes);

}  // namespace bantam
