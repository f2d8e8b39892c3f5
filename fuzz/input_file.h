// SPDX-License-Identifier: MIT
// Gives a fuzzer's bytes the form that readers of mapped files want: one file,
// rewritten for each input.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace bantam {

class InputFile {
 public:
  explicit InputFile(const char* extension) {
    // Memory-backed where there is such a folder: a file per input is slow
    // on a disk.
    const std::string folder =
        ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    path_ = folder + "/bantam_fuzz_" + std::to_string(::getpid()) + extension;
  }
  ~InputFile() { ::unlink(path_.c_str()); }

  const std::string& write(const uint8_t* bytes, size_t size) {
    const int file =
        ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0 || ::write(file, bytes, size) != static_cast<ssize_t>(size)) {
      std::abort();
    }
    ::close(file);
    return path_;
  }

 private:
  std::string path_;
};

}  // namespace bantam
