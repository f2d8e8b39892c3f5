// SPDX-License-Identifier: MIT
#include "cli/npy.h"

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace bantam {

NpyWriter::NpyWriter(const std::string& path, int64_t rows, int64_t cols)
    : path_(path),
      partial_path_(path + ".partial"),
      file_(std::fopen(partial_path_.c_str(), "wb")) {
  if (file_ == nullptr) {
    fail(
        ErrorCode::invalid_request,
        "{}: cannot be written: {}",
        path,
        std::strerror(errno));
  }
  std::string header = fmt::format(
      "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}",
      rows,
      cols);
  // Magic, version, length and header together fill a multiple of 64 bytes.
  constexpr size_t kPrefix = 10;
  header.append(63 - (kPrefix + header.size()) % 64, ' ');
  header.push_back('\n');
  const auto length = static_cast<uint16_t>(header.size());
  std::fwrite("\x93NUMPY\x01\x00", 1, 8, file_);
  std::fputc(length & 0xFF, file_);
  std::fputc(length >> 8, file_);
  std::fwrite(header.data(), 1, header.size(), file_);
}

NpyWriter::~NpyWriter() {
  if (file_ != nullptr) {
    std::fclose(file_);
    std::remove(partial_path_.c_str());
  }
}

void NpyWriter::append(std::span<const float> row) {
  std::fwrite(row.data(), sizeof(float), row.size(), file_);
}

void NpyWriter::close() {
  const bool failed = std::ferror(file_) != 0;
  const bool close_failed = std::fclose(file_) != 0;
  file_ = nullptr;
  if (failed || close_failed ||
      std::rename(partial_path_.c_str(), path_.c_str()) != 0) {
    std::remove(partial_path_.c_str());
    fail(ErrorCode::invalid_request, "{}: could not be written", path_);
  }
}

}  // namespace bantam
