// SPDX-License-Identifier: MIT
#include "weights/safetensors_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/json.h"

namespace bantam {

namespace {

std::string header_text(
    const std::vector<TensorHeading>& tensors,
    const std::map<std::string, std::string>& metadata) {
  // By hand: an object that keeps its order searches all keys for each one.
  std::string text = "{\"__metadata__\":" + Json(metadata).dump();
  int64_t begin = 0;
  for (const TensorHeading& tensor : tensors) {
    const int64_t end = begin + tensor.bytes();
    const Json entry{
        {"dtype", layout_of(tensor.type).name},
        {"shape", tensor.shape},
        {"data_offsets", {begin, end}}};
    text += "," + Json(tensor.name).dump() + ":" + entry.dump();
    begin = end;
  }
  text += '}';
  // Padded with spaces, as the format allows, so that the data is aligned.
  constexpr size_t kAlignment = 8;
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  return text;
}

[[noreturn]] void fail_write(const std::string& path) {
  fail(
      ErrorCode::invalid_request,
      "{}: cannot be written: {}",
      path,
      std::strerror(errno));
}

void write_at(
    int file,
    int64_t offset,
    std::span<const std::byte> bytes,
    const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t count =
        ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      fail_write(path);
    }
    bytes = bytes.subspan(static_cast<size_t>(count));
    offset += count;
  }
}

int create(const std::string& path) {
  const int file =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (file < 0) {
    fail_write(path);
  }
  return file;
}

// Errors of a full disk may show up only here.
void close_safely(int& file, const std::string& path) {
  const bool kept = ::fsync(file) == 0;
  if (::close(std::exchange(file, -1)) != 0 || !kept) {
    fail_write(path);
  }
}

}  // namespace

SafetensorsWriter::SafetensorsWriter(
    const std::string& path,
    const std::vector<TensorHeading>& tensors,
    const std::map<std::string, std::string>& metadata)
    : path_(path), file_(create(path)) {
  const std::string text = header_text(tensors, metadata);
  const uint64_t length = text.size();
  auto begin = static_cast<int64_t>(sizeof(length) + length);
  for (const TensorHeading& tensor : tensors) {
    places_.push_back({begin, begin + tensor.bytes()});
    begin = places_.back().end;
  }
  try {
    write_at(file_, 0, std::as_bytes(std::span(&length, 1)), path_);
    write_at(file_, sizeof(length), std::as_bytes(std::span(text)), path_);
  } catch (...) {
    ::close(file_);
    throw;
  }
}

SafetensorsWriter::~SafetensorsWriter() {
  if (file_ >= 0) {
    ::close(file_);
  }
}

void SafetensorsWriter::write(size_t tensor, std::span<const std::byte> bytes) {
  Place& place = places_[tensor];
  write_at(file_, place.next, bytes, path_);
  place.next += static_cast<int64_t>(bytes.size());
}

void SafetensorsWriter::finish() {
  for (const Place& place : places_) {
    if (place.next != place.end) {
      fail(
          ErrorCode::internal,
          "{}: {} bytes of a tensor were not written",
          path_,
          place.end - place.next);
    }
  }
  close_safely(file_, path_);
}

void write_new_file(const std::string& path, std::string_view text) {
  int file = create(path);
  try {
    write_at(file, 0, std::as_bytes(std::span(text)), path);
  } catch (...) {
    ::close(file);
    throw;
  }
  close_safely(file, path);
}

}  // namespace bantam
