// SPDX-License-Identifier: MIT
#include "retrieval/step_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/json.h"

namespace bantam {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail_to_write(const std::string& path) {
  fail(
      ErrorCode::invalid_request,
      "{}: the progress cannot be written: {}",
      path,
      std::strerror(errno));
}

struct ReadSteps {
  std::map<std::string, std::string> steps;
  size_t whole_bytes = 0;  // of complete lines
  bool ours = false;
};

// A line that a crash cut off, and what is after it, is as if not there.
ReadSteps read_steps(const std::string& path, const std::string& key) {
  ReadSteps read;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  const std::string text = content.str();
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    if (end == text.npos) {
      break;
    }
    const Json line = Json::parse(
        text.begin() + static_cast<std::ptrdiff_t>(at),
        text.begin() + static_cast<std::ptrdiff_t>(end),
        nullptr,
        false);
    if (!line.is_object()) {
      break;
    }
    if (at == 0) {
      if (line.value("key", "") != key) {
        break;
      }
      read.ours = true;
    } else {
      read.steps[line.value("step", "")] = line.value("text", "");
    }
    at = end + 1;
    read.whole_bytes = at;
  }
  return read;
}

}  // namespace

StepLog::StepLog(const std::string& path, const std::string& key)
    : path_(path) {
  std::error_code ignored;
  fs::create_directories(fs::path(path).parent_path(), ignored);
  ReadSteps read = read_steps(path, key);
  steps_ = std::move(read.steps);
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor_ < 0 ||
      ::ftruncate(descriptor_, static_cast<off_t>(read.whole_bytes)) != 0 ||
      ::lseek(descriptor_, 0, SEEK_END) < 0) {
    fail_to_write(path);
  }
  if (!read.ours) {
    append(to_json_line({{"key", key}}));
  }
}

StepLog::~StepLog() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

std::optional<std::string> StepLog::find(const std::string& step) const {
  const auto found = steps_.find(step);
  return found == steps_.end() ? std::nullopt : std::optional(found->second);
}

void StepLog::add(const std::string& step, const std::string& text) {
  append(to_json_line({{"step", step}, {"text", text}}));
  steps_[step] = text;
}

void StepLog::append(const std::string& line) {
  const std::string bytes = line + "\n";
  for (size_t written = 0; written < bytes.size();) {
    const ssize_t count =
        ::write(descriptor_, bytes.data() + written, bytes.size() - written);
    if (count < 0 && errno != EINTR) {
      fail_to_write(path_);
    }
    written += count > 0 ? static_cast<size_t>(count) : 0;
  }
  if (::fsync(descriptor_) != 0) {
    fail_to_write(path_);
  }
}

void StepLog::finish() {
  ::unlink(path_.c_str());
}

}  // namespace bantam
