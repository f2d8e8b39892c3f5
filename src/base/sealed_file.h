// SPDX-License-Identifier: MIT
// A file of a JSON header and a payload of any size, both under SHA-256: what
// was damaged on the way is noticed before it is used. Written beside its path
// and renamed into place, so it is there whole or not at all.
//
// Layout: kSealedMagic, header bytes and payload bytes as decimal numbers in 20
// characters each, the header, its digest, the payload, its digest (64
// hexadecimal digits each). Nothing else may follow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/sha256.h"

namespace bantam {

inline constexpr std::string_view kSealedMagic = "bantam sealed 1\n";
inline constexpr int64_t kMostHeaderBytes = int64_t{64} << 20;

class SealedFileWriter {
 public:
  /// Throws invalid_request, naming the path and the system's reason; so do
  /// the others.
  SealedFileWriter(
      const std::string& path,
      std::string_view header,
      int64_t payload_bytes);
  /// Removes what was not finished.
  ~SealedFileWriter();
  SealedFileWriter(const SealedFileWriter&) = delete;
  SealedFileWriter& operator=(const SealedFileWriter&) = delete;

  /// A piece of the payload.
  void add(std::span<const std::byte> bytes);
  /// Call once, after payload_bytes in all.
  void finish();

 private:
  void write(const void* bytes, size_t size);
  [[noreturn]] void refuse(int error) const;

  std::string path_;
  std::string partial_;
  int64_t left_;
  Sha256 digest_;
  std::FILE* file_ = nullptr;
};

class SealedFile {
 public:
  /// Reads and checks everything but the payload. Throws not_found, or
  /// invalid_file if the file is no sealed file, cut short or damaged.
  explicit SealedFile(const std::string& path);
  ~SealedFile();
  SealedFile(const SealedFile&) = delete;
  SealedFile& operator=(const SealedFile&) = delete;

  const std::string& header() const { return header_; }
  int64_t payload_bytes() const { return payload_bytes_; }
  /// Reads the payload and compares its digest; then read() starts at its
  /// beginning.
  bool payload_is_sound();
  /// The next bytes of the payload. Throws invalid_file if the file ends.
  void read(std::span<std::byte> to);

 private:
  bool read_exactly(void* to, size_t size);
  [[noreturn]] void damaged(const char* what) const;
  int64_t read_number();
  void check_size(int64_t header_bytes);

  std::string path_;
  std::FILE* file_;
  std::string header_;
  int64_t payload_bytes_ = 0;
  int64_t payload_at_ = 0;
};

}  // namespace bantam
