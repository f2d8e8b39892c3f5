// SPDX-License-Identifier: MIT
#include "base/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/error.h"

namespace bantam {

namespace {

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return false;
    }
    text.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

}  // namespace

void write_file_atomically(const std::string& path, std::string_view text) {
  const auto refuse = [&](int error) {
    fail(
        ErrorCode::invalid_request,
        "{}: cannot be written: {}",
        path,
        std::strerror(error));
  };
  // The process id keeps two writers of one path apart.
  const std::string partial = fmt::format("{}.{}.partial", path, ::getpid());
  const int fd =
      ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) {
    refuse(errno);
  }
  bool written = write_all(fd, text) && ::fsync(fd) == 0;
  int error = errno;
  if (::close(fd) != 0 && written) {
    written = false;
    error = errno;
  }
  if (written && std::rename(partial.c_str(), path.c_str()) != 0) {
    written = false;
    error = errno;
  }
  if (!written) {
    std::remove(partial.c_str());
    refuse(error);
  }
}

}  // namespace bantam
