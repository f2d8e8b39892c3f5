// SPDX-License-Identifier: MIT
// The writing half of memory_trace.h.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <iterator>

#include "base/json.h"
#include "machine/memory_trace.h"
#include "machine/trace_fields.h"

namespace bantam {

namespace {

std::string apps_json(const std::vector<AppMemory>& apps) {
  Json list = Json::array();
  for (const AppMemory& app : apps) {
    Json entry{{"name", app.name}};
    if (app.bytes) {
      entry["bytes"] = *app.bytes;
    }
    list.push_back(std::move(entry));
  }
  return to_json_line(list);
}

}  // namespace

TraceWriter::TraceWriter(const std::string& path) : path_(path) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  file_ = ::open(path.c_str(), kFlags, 0666);
  if (file_ < 0) {
    fail(
        ErrorCode::invalid_request,
        "cannot record memory to {}: {}",
        path,
        std::strerror(errno));
  }
  line_.reserve(1024);
}

TraceWriter::~TraceWriter() {
  if (file_ >= 0) {
    ::close(file_);
  }
}

bool TraceWriter::failed() const {
  const std::lock_guard lock(mutex_);
  return error_ != 0;
}

void TraceWriter::write(const MemorySample& sample) noexcept {
  const std::lock_guard lock(mutex_);
  if (file_ < 0 || error_ != 0) {
    return;
  }
  try {
    const double start_s = start_s_.value_or(sample.t_s);
    start_s_ = start_s;
    // Microseconds are more than a sample is worth, and short to write. Never
    // back in time: the trace must replay.
    const double t_s = std::round((sample.t_s - start_s) * 1e6) / 1e6;
    last_s_ = std::max(last_s_, t_s);
    line_.clear();
    auto out = std::back_inserter(line_);
    fmt::format_to(
        out,
        "{{\"t_s\": {}, \"pressure\": \"{}\"",
        last_s_,
        pressure_word(sample.pressure));
    for (const TraceField& field : kTraceFields) {
      if (const auto value = sample.*field.member; value && *value >= 0) {
        fmt::format_to(out, ", \"{}\": {}", field.name, *value);
      }
    }
    if (sample.apps) {
      fmt::format_to(out, ", \"apps\": {}", apps_json(*sample.apps));
    }
    line_ += "}\n";
  } catch (...) {
    error_ = ENOMEM;
    return;
  }
  write_line();
}

void TraceWriter::write_line() {
  size_t done = 0;
  while (done < line_.size()) {
    const ssize_t count =
        ::write(file_, line_.data() + done, line_.size() - done);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      error_ = errno;
      // Half a line would not replay. What cannot be cut (a pipe) stays.
      [[maybe_unused]] const int cut = ::ftruncate(file_, written_bytes_);
      return;
    }
    done += static_cast<size_t>(count);
  }
  written_bytes_ += static_cast<int64_t>(line_.size());
}

void TraceWriter::close() {
  const std::lock_guard lock(mutex_);
  if (file_ >= 0 && ::close(file_) != 0 && error_ == 0) {
    error_ = errno;
  }
  file_ = -1;
  if (const int error = error_; error != 0) {
    error_ = 0;
    fail(
        ErrorCode::unavailable,
        "the memory trace {} is not complete: {}",
        path_,
        std::strerror(error));
  }
}

}  // namespace bantam
