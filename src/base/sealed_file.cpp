// SPDX-License-Identifier: MIT
#include "base/sealed_file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <vector>

#include "base/error.h"

namespace bantam {

namespace {

constexpr size_t kNumberCharacters = 20;
constexpr size_t kDigestCharacters = 64;
constexpr size_t kPieceBytes = 1 << 20;

}  // namespace

SealedFileWriter::SealedFileWriter(
    const std::string& path,
    std::string_view header,
    int64_t payload_bytes)
    : path_(path),
      partial_(fmt::format("{}.{}.partial", path, ::getpid())),
      left_(payload_bytes),
      file_(std::fopen(partial_.c_str(), "wbe")) {
  if (file_ == nullptr) {
    refuse(errno);
  }
  const std::string numbers =
      fmt::format("{:>20}{:>20}", header.size(), payload_bytes);
  const std::string digest = sha256_of(header);
  write(kSealedMagic.data(), kSealedMagic.size());
  write(numbers.data(), numbers.size());
  write(header.data(), header.size());
  write(digest.data(), digest.size());
}

SealedFileWriter::~SealedFileWriter() {
  if (file_ != nullptr) {
    std::fclose(file_);
    std::remove(partial_.c_str());
  }
}

void SealedFileWriter::refuse(int error) const {
  fail(
      ErrorCode::invalid_request,
      "{}: cannot be written: {}",
      path_,
      std::strerror(error));
}

void SealedFileWriter::write(const void* bytes, size_t size) {
  if (std::fwrite(bytes, 1, size, file_) != size) {
    refuse(errno);
  }
}

void SealedFileWriter::add(std::span<const std::byte> bytes) {
  left_ -= static_cast<int64_t>(bytes.size());
  digest_.add(bytes);
  write(bytes.data(), bytes.size());
}

void SealedFileWriter::finish() {
  if (left_ != 0) {
    fail(ErrorCode::internal, "{}: the payload is {} bytes off", path_, -left_);
  }
  const std::string digest = digest_.hex();
  write(digest.data(), digest.size());
  const bool written = std::fflush(file_) == 0 && ::fsync(::fileno(file_)) == 0;
  int error = errno;
  const bool closed = std::fclose(file_) == 0;
  error = written && !closed ? errno : error;
  file_ = nullptr;
  if (written && closed && std::rename(partial_.c_str(), path_.c_str()) == 0) {
    return;
  }
  error = written && closed ? errno : error;
  std::remove(partial_.c_str());
  refuse(error);
}

SealedFile::SealedFile(const std::string& path)
    : path_(path), file_(std::fopen(path.c_str(), "rbe")) {
  if (file_ == nullptr) {
    fail(ErrorCode::not_found, "{}: {}", path, std::strerror(errno));
  }
  try {
    std::string magic(kSealedMagic.size(), '\0');
    if (!read_exactly(magic.data(), magic.size()) || magic != kSealedMagic) {
      damaged("it does not begin as one");
    }
    const int64_t header_bytes = read_number();
    payload_bytes_ = read_number();
    check_size(header_bytes);
    header_.resize(header_bytes);
    std::string digest(kDigestCharacters, '\0');
    if (!read_exactly(header_.data(), header_.size()) ||
        !read_exactly(digest.data(), digest.size())) {
      damaged("it ends too early");
    }
    if (digest != sha256_of(header_)) {
      damaged("the digest of its header does not match");
    }
    payload_at_ = std::ftell(file_);
  } catch (...) {
    std::fclose(file_);
    throw;
  }
}

SealedFile::~SealedFile() {
  std::fclose(file_);
}

void SealedFile::damaged(const char* what) const {
  fail(
      ErrorCode::invalid_file,
      "{}: is damaged or not a file that bantam saved: {}",
      path_,
      what);
}

bool SealedFile::read_exactly(void* to, size_t size) {
  return std::fread(to, 1, size, file_) == size;
}

int64_t SealedFile::read_number() {
  char text[kNumberCharacters];
  if (!read_exactly(text, sizeof text)) {
    damaged("it ends too early");
  }
  const char* begin =
      std::find_if(text, text + sizeof text, [](char c) { return c != ' '; });
  int64_t value = -1;
  const auto [end, error] = std::from_chars(begin, text + sizeof text, value);
  if (error != std::errc{} || end != text + sizeof text || value < 0) {
    damaged("a size in it is no number");
  }
  return value;
}

// Before anything of that size is allocated.
void SealedFile::check_size(int64_t header_bytes) {
  const long at = std::ftell(file_);
  if (header_bytes > kMostHeaderBytes) {
    damaged("its size is not what it says");
  }
  if (at < 0 || std::fseek(file_, 0, SEEK_END) != 0) {
    damaged("it cannot be read");
  }
  const int64_t left = std::ftell(file_) - at -
      2 * static_cast<int64_t>(kDigestCharacters) - header_bytes;
  if (left != payload_bytes_ || std::fseek(file_, at, SEEK_SET) != 0) {
    damaged("its size is not what it says");
  }
}

bool SealedFile::payload_is_sound() {
  std::fseek(file_, static_cast<long>(payload_at_), SEEK_SET);
  std::vector<std::byte> piece(std::min<int64_t>(payload_bytes_, kPieceBytes));
  Sha256 digest;
  for (int64_t left = payload_bytes_; left > 0;) {
    const auto count = static_cast<size_t>(
        std::min<int64_t>(left, static_cast<int64_t>(piece.size())));
    if (!read_exactly(piece.data(), count)) {
      return false;
    }
    digest.add(std::span<const std::byte>(piece.data(), count));
    left -= static_cast<int64_t>(count);
  }
  std::string expected(kDigestCharacters, '\0');
  const bool sound = read_exactly(expected.data(), expected.size()) &&
      expected == digest.hex();
  std::fseek(file_, static_cast<long>(payload_at_), SEEK_SET);
  return sound;
}

void SealedFile::read(std::span<std::byte> to) {
  if (!read_exactly(to.data(), to.size())) {
    damaged("it ends too early");
  }
}

}  // namespace bantam
