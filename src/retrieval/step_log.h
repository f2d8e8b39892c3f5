// SPDX-License-Identifier: MIT
// Results of the steps of a long piece of work, each on disk before it counts,
// so that the work goes on where it was interrupted.
#pragma once

#include <map>
#include <optional>
#include <string>

namespace bantam {

/// A file of JSON lines. One process at a time.
class StepLog {
 public:
  /// Takes up what `path` holds of work with the same `key`; a file of other
  /// work is begun anew. Throws invalid_request if it cannot be written.
  StepLog(const std::string& path, const std::string& key);
  ~StepLog();
  StepLog(const StepLog&) = delete;
  StepLog& operator=(const StepLog&) = delete;

  std::optional<std::string> find(const std::string& step) const;
  /// On disk when it returns.
  void add(const std::string& step, const std::string& text);
  /// The work is done: removes the file.
  void finish();

 private:
  void append(const std::string& line);

  std::string path_;
  int descriptor_ = -1;
  std::map<std::string, std::string> steps_;
};

}  // namespace bantam
