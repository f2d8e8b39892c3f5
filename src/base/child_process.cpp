// SPDX-License-Identifier: MIT
#include "base/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "base/error.h"

extern char** environ;

namespace bantam {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// How often a silent child is looked at.
constexpr int kPollMilliseconds = 50;
// What a program that has exited left in its pipes is there at once; a process
// of its group that keeps them open longer than this is not waited for.
constexpr double kDrainSeconds = 0.5;

class Pipe {
 public:
  Pipe() {
    if (::pipe(ends_.data()) != 0) {
      fail(
          ErrorCode::unavailable,
          "no pipe for a child process: {}",
          std::strerror(errno));
    }
    for (const int end : ends_) {
      ::fcntl(end, F_SETFD, FD_CLOEXEC);
    }
  }
  ~Pipe() {
    close_read();
    close_write();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int read_end() const { return ends_[0]; }
  int write_end() const { return ends_[1]; }
  void close_read() { close(ends_[0]); }
  void close_write() { close(ends_[1]); }

 private:
  static void close(int& end) {
    if (end >= 0) {
      ::close(end);
      end = -1;
    }
  }

  std::array<int, 2> ends_{-1, -1};
};

// A file without a name that holds the child's standard input: unlike a pipe it
// takes all of it at once, and nobody has to wait for a reader.
class InputFile {
 public:
  explicit InputFile(const std::string& text) : file_(std::tmpfile()) {
    if (file_ == nullptr ||
        std::fwrite(text.data(), 1, text.size(), file_) != text.size() ||
        std::fflush(file_) != 0 || ::fseek(file_, 0, SEEK_SET) != 0) {
      const std::string reason = std::strerror(errno);
      close();
      fail(
          ErrorCode::unavailable,
          "no temporary file for a child process's input: {}",
          reason);
    }
    ::fcntl(descriptor(), F_SETFD, FD_CLOEXEC);
  }
  ~InputFile() { close(); }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  int descriptor() const { return ::fileno(file_); }

 private:
  void close() {
    if (file_ != nullptr) {
      std::fclose(file_);
    }
  }

  std::FILE* file_;
};

// posix_spawn's two attribute objects.
struct SpawnSetup {
  SpawnSetup(const InputFile* in, const Pipe& out, const Pipe& err) {
    ::posix_spawn_file_actions_init(&files);
    if (in == nullptr) {
      ::posix_spawn_file_actions_addopen(
          &files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    } else {
      ::posix_spawn_file_actions_adddup2(
          &files, in->descriptor(), STDIN_FILENO);
    }
    ::posix_spawn_file_actions_adddup2(&files, out.write_end(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&files, err.write_end(), STDERR_FILENO);

    ::posix_spawnattr_init(&attributes);
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    for (const int signal : {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGPIPE}) {
      sigaddset(&usual, signal);
    }
    // This process may block or ignore signals; a child that inherits that
    // could not be asked to end.
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &usual);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(
        &attributes,
        POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSetup() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;

  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
};

std::string name_of(const std::string& variable) {
  return variable.substr(0, variable.find('=') + 1);
}

// The child's environment: what is given, and the rest of ours.
std::vector<std::string> environment_of(const ChildCommand& command) {
  std::vector<std::string> all = command.environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string name = name_of(*variable);
    const bool given = std::ranges::any_of(
        command.environment,
        [&](const auto& own) { return name_of(own) == name; });
    if (!given) {
      all.emplace_back(*variable);
    }
  }
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts) {
    list.push_back(text.data());
  }
  list.push_back(nullptr);
  return list;
}

// A running child. The leader is not reaped before its group was ended: until
// then the group's number cannot be given to anybody else.
class ProcessGroup {
 public:
  ProcessGroup(const ChildCommand& command, const Pipe& out, const Pipe& err) {
    std::optional<InputFile> in;
    if (!command.input.empty()) {
      in.emplace(command.input);
    }
    SpawnSetup setup(in ? &*in : nullptr, out, err);
    std::vector<std::string> arguments = command.arguments;
    std::vector<std::string> environment = environment_of(command);
    const int error = ::posix_spawnp(
        &pid_,
        arguments.at(0).c_str(),
        &setup.files,
        &setup.attributes,
        pointers(arguments).data(),
        pointers(environment).data());
    if (error != 0) {
      fail(
          ErrorCode::unavailable,
          "{}: cannot be started: {}",
          arguments[0],
          std::strerror(error));
    }
  }
  ~ProcessGroup() { end_and_reap(); }
  ProcessGroup(const ProcessGroup&) = delete;
  ProcessGroup& operator=(const ProcessGroup&) = delete;

  pid_t pid() const { return pid_; }

  // Whether the leader has exited; it stays a zombie.
  bool has_exited() const {
    siginfo_t info{};
    return ::waitid(P_PID, pid_, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid == pid_;
  }

  void signal(int number) const { ::kill(-pid_, number); }

  // Ends all that is left; the leader's wait status.
  int end_and_reap() {
    if (!reaped_) {
      signal(SIGKILL);
      while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
      }
      reaped_ = true;
    }
    return status_;
  }

 private:
  pid_t pid_ = -1;
  bool reaped_ = false;
  int status_ = 0;
};

// Reads what is there and sets `heard`; false when the stream has ended.
bool pass_on(
    int file,
    ChildStream stream,
    const ChildObserver& observer,
    Clock::time_point& heard) {
  char buffer[1 << 14];
  const ssize_t count = ::read(file, buffer, sizeof buffer);
  if (count > 0) {
    heard = Clock::now();
    if (observer.output) {
      observer.output(stream, {buffer, static_cast<size_t>(count)});
    }
  }
  return count > 0 || (count < 0 && (errno == EINTR || errno == EAGAIN));
}

// Waits a little for output on either pipe; false when both have ended.
bool read_some(
    Pipe& out,
    Pipe& err,
    const ChildObserver& observer,
    Clock::time_point& heard) {
  // A negative descriptor is passed over.
  std::array<pollfd, 2> files{
      pollfd{out.read_end(), POLLIN, 0}, pollfd{err.read_end(), POLLIN, 0}};
  if (files[0].fd < 0 && files[1].fd < 0) {
    return false;
  }
  if (::poll(files.data(), files.size(), kPollMilliseconds) <= 0) {
    return true;
  }
  if (files[0].revents != 0 &&
      !pass_on(files[0].fd, ChildStream::out, observer, heard)) {
    out.close_read();
  }
  if (files[1].revents != 0 &&
      !pass_on(files[1].fd, ChildStream::err, observer, heard)) {
    err.close_read();
  }
  return true;
}

ChildResult result_of(int status, std::optional<ChildEnd> ended_by_us) {
  if (ended_by_us) {
    return {.end = *ended_by_us, .code = 0};
  }
  if (WIFSIGNALED(status)) {
    return {.end = ChildEnd::signalled, .code = WTERMSIG(status)};
  }
  return {.end = ChildEnd::exited, .code = WEXITSTATUS(status)};
}

}  // namespace

ChildResult run_child(
    const ChildCommand& command,
    const ChildLimits& limits,
    const ChildObserver& observer,
    std::stop_token stop) {
  Pipe out, err;
  const Clock::time_point start = Clock::now();
  Clock::time_point heard = start;
  ProcessGroup group(command, out, err);
  out.close_write();
  err.close_write();
  if (observer.started) {
    observer.started(group.pid());
  }
  std::optional<ChildEnd> ended_by_us;
  std::optional<Clock::time_point> asked_at, exited_at;
  bool open = true;
  while (true) {
    open = open && read_some(out, err, observer, heard);
    if (!open && !exited_at) {
      // Nothing to poll any more, but the program goes on.
      ::poll(nullptr, 0, kPollMilliseconds);
    }
    if (!exited_at && group.has_exited()) {
      exited_at = Clock::now();
    }
    if (exited_at && (!open || seconds_since(*exited_at) > kDrainSeconds)) {
      return result_of(group.end_and_reap(), ended_by_us);
    }
    const bool late =
        (limits.seconds && seconds_since(start) > *limits.seconds) ||
        (limits.silence_s && seconds_since(heard) > *limits.silence_s);
    if (!asked_at && !exited_at && (stop.stop_requested() || late)) {
      ended_by_us =
          stop.stop_requested() ? ChildEnd::stopped : ChildEnd::timed_out;
      asked_at = Clock::now();
      group.signal(SIGTERM);
    }
    if (asked_at && seconds_since(*asked_at) > limits.grace_s) {
      group.signal(SIGKILL);
    }
  }
}

void keep_errors(std::string& errors, std::string_view piece) {
  constexpr size_t kMostBytes = 16 << 10;
  errors += piece;
  if (errors.size() > kMostBytes) {
    errors.erase(0, errors.size() - kMostBytes);
  }
}

}  // namespace bantam
