// SPDX-License-Identifier: MIT
// Another program, run to its end: its output is passed on as it comes, and no
// process of its group outlives the call.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace bantam {

struct ChildCommand {
  /// The program, a path or a name to be found in PATH, and its arguments.
  std::vector<std::string> arguments;
  /// "NAME=VALUE", beside this process's environment and before it.
  std::vector<std::string> environment;
  /// What its standard input holds.
  std::string input = {};
};

struct ChildLimits {
  std::optional<double> seconds = {};    // of wall time, from the start
  std::optional<double> silence_s = {};  // without any output
  double grace_s = 3;                    // from SIGTERM to SIGKILL
};

enum class ChildStream { out, err };

struct ChildObserver {
  /// What the child writes, in pieces of any length, on the calling thread. If
  /// it throws, the child is ended at once.
  std::function<void(ChildStream stream, std::string_view piece)> output;
  /// Told the process id, which is also its group's, once the child runs.
  std::function<void(pid_t pid)> started;
};

enum class ChildEnd {
  exited,     // by itself; `code` is its exit code
  signalled,  // `code` is the signal, which was not ours
  timed_out,  // ended by us
  stopped,    // ended by us, since a stop was requested
};

struct ChildResult {
  ChildEnd end = ChildEnd::exited;
  int code = 0;
};

/// The child is the leader of a process group of its
/// own and has default signal handling. At a limit or a stop request its group
/// gets SIGTERM, and SIGKILL after the grace; what is left of the group when
/// the leader has exited gets SIGKILL. Throws unavailable if the program
/// cannot be started.
ChildResult run_child(
    const ChildCommand& command,
    const ChildLimits& limits = {},
    const ChildObserver& observer = {},
    std::stop_token stop = {});

/// Appends what a child wrote to its error stream and keeps the last 16 KiB,
/// enough for a traceback however long the child talks.
void keep_errors(std::string& errors, std::string_view piece);

}  // namespace bantam
