// SPDX-License-Identifier: MIT
// Memory traces: samples as JSON lines, read from a file and written to one.
//   {"t_s": 0.25, "pressure": "yellow", "available_bytes": 123, ...}
// The fields are MemorySample's; a field that is not known is left out.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machine/memory_sample.h"

namespace bantam {

/// "green", "yellow", "red" or "unknown".
std::string_view pressure_word(Pressure pressure);
std::optional<Pressure> parse_pressure_word(std::string_view word);

/// The samples of a trace, at least one, in time order. `source` names the
/// file in errors. Throws invalid_request "<source>:<line>: ..." at a line
/// that is empty, cut off or no JSON object, lacks t_s, goes back in time, or
/// has a field that is unknown, of the wrong type, negative or too large.
std::vector<MemorySample> parse_memory_trace(
    std::string_view text,
    std::string_view source);

/// Reads the file; throws not_found as well.
std::vector<MemorySample> read_memory_trace(const std::string& path);

/// Writes a trace that replays. Any thread.
class TraceWriter {
 public:
  /// Replaces the file. Throws invalid_request if it cannot be made.
  explicit TraceWriter(const std::string& path);
  ~TraceWriter();
  TraceWriter(const TraceWriter&) = delete;
  TraceWriter& operator=(const TraceWriter&) = delete;

  /// Appends one whole line, with times counted from the first sample. After
  /// a failure, which close() reports, nothing more is written and the file
  /// ends with the last whole line.
  void write(const MemorySample& sample) noexcept;

  /// Did a write fail?
  bool failed() const;
  /// Throws unavailable, once, if a write failed. Without it a failure stays
  /// unsaid.
  void close();

 private:
  void write_line();

  std::string path_;
  mutable std::mutex mutex_;  // of everything below
  int file_ = -1;
  int error_ = 0;  // errno of the first failure
  int64_t written_bytes_ = 0;
  std::string line_;
  std::optional<double> start_s_;
  double last_s_ = 0;
};

}  // namespace bantam
