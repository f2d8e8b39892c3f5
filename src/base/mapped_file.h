// SPDX-License-Identifier: MIT
// A file mapped read-only: model weights are used where they lie on disk.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace bantam {

class MappedFile {
 public:
  /// Throws not_found if there is no such regular file or it cannot be read.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const {
    return {reinterpret_cast<const char*>(data_), size_};
  }
  size_t size() const { return size_; }
  const std::string& path() const { return path_; }

 private:
  void unmap();

  std::string path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace bantam
