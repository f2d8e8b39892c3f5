// SPDX-License-Identifier: MIT
#include "backends/mlx_lm_setup.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "backends/mlx_lm_help.h"
#include "backends/mlx_lm_history.h"
#include "backends/mlx_lm_lock.h"
#include "base/atomic_file.h"
#include "base/child_process.h"
#include "base/error.h"
#include "base/json.h"
#include "base/sha256.h"

namespace bantam {

namespace {

namespace fs = std::filesystem;

constexpr double kProbeSeconds = 30;

struct Python {
  std::string program;
  std::string version;
};

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    fail(ErrorCode::not_found, "{}: cannot be read", path);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

// The version of a Python that has some modules; nullopt: it has not, and `why`
// says so.
std::optional<std::string> probe(
    const std::string& program,
    const char* modules,
    std::string& why) {
  std::string out;
  std::string err;
  try {
    const ChildResult result = run_child(
        {.arguments =
             {program,
              "-c",
              fmt::format(
                  "import sys, {}\nprint('%d.%d.%d' % sys.version_info[:3])",
                  modules)},
         .environment = python_variables()},
        {.seconds = kProbeSeconds},
        {.output = [&](ChildStream stream, std::string_view piece) {
          (stream == ChildStream::out ? out : err) += piece;
        }});
    if (result.end == ChildEnd::exited && result.code == 0) {
      const std::string version = out.substr(0, out.find('\n'));
      if (Version::parse(version)) {
        return version;
      }
    }
    why = fmt::format("{}: {}", program, last_words(err.empty() ? out : err));
  } catch (const Error& error) {
    why = error.what();
  }
  return std::nullopt;
}

Python find_python(const std::string& asked, const Version& oldest) {
  std::vector<std::string> candidates{
      "python3", "python3.14", "python3.13", "python3.12", "python3.11"};
  if (!asked.empty()) {
    candidates = {asked};
  }
  std::string seen;
  for (const std::string& program : candidates) {
    std::string why;
    const auto version = probe(program, "venv, ensurepip", why);
    if (version && *Version::parse(*version) >= oldest) {
      return {program, *version};
    }
    if (program == candidates.front()) {
      seen = version ? fmt::format("{} is {}", program, *version) : why;
    }
  }
  fail(
      ErrorCode::unavailable,
      "mlx-lm needs Python {} or later with venv and pip, but {}; install it "
      "(Debian: apt install python3-venv, macOS: brew install python), or name "
      "one: bantam env create --python PROGRAM",
      oldest.text(),
      seen);
}

// Two makers of one environment would spoil it.
class FolderLock {
 public:
  explicit FolderLock(const std::string& path)
      : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    if (file_ < 0) {
      fail(
          ErrorCode::invalid_request,
          "{}: cannot be written: {}",
          path,
          std::strerror(errno));
    }
    if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
      ::close(file_);
      fail(
          ErrorCode::unavailable,
          "{}: another bantam is making an environment; wait until it is done",
          path);
    }
  }
  ~FolderLock() { ::close(file_); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int file_;
};

class Setup {
 public:
  Setup(
      const EnvironmentOrder& order,
      const SetupProgress& progress,
      std::stop_token stop)
      : order_(order), progress_(progress), stop_(std::move(stop)) {
    name_ = environment_name(order.pin);
    if (!order.lock_file.empty()) {
      given_lock_ = read_text(order.lock_file);
      const std::string version = locked_mlx_lm(given_lock_, order.lock_file);
      if (!VersionPin::parse(order.pin)->contains(*Version::parse(version))) {
        fail(
            ErrorCode::invalid_request,
            "{} locks mlx-lm {}, but the pin is {}",
            order.lock_file,
            version,
            order.pin);
      }
      name_ = "mlx-lm-" + version;
    }
    folder_ = order.environments + "/" + name_;
  }

  MadeEnvironment make() {
    std::error_code error;
    fs::create_directories(order_.environments, error);
    const FolderLock lock(order_.environments + "/.making");
    if (fs::exists(folder_, error)) {
      MlxLmEnvironment there = read_environment(folder_);
      if (there.state == EnvironmentState::complete && is_asked_for(there)) {
        return {there, true};
      }
      if (there.state == EnvironmentState::half_made) {
        say(fmt::format("{} is half-made: going on", name_));
        resumed_ = true;
      } else {
        say(fmt::format("{} is broken ({}): made anew", name_, there.problem));
        fs::remove_all(folder_, error);
      }
    }
    make_python();
    make_lock();
    install();
    stamp();
    check();
    return {read_environment(folder_), false};
  }

 private:
  void say(const std::string& line) const {
    if (progress_) {
      progress_(line);
    }
  }

  // A lock that is given must be the one it was made from.
  bool is_asked_for(MlxLmEnvironment& there) const {
    if (!given_lock_.empty() && read_text(there.lock_file()) != given_lock_) {
      there.problem = "it was made from another lock";
      return false;
    }
    const MlxLmHelp help = mlx_lm_help(there, false, stop_);
    there.problem = help.problem;
    return help.problem.empty();
  }

  // Runs a program to its end; `line` sees what it prints, line by line.
  void run(
      const std::string& what,
      const std::vector<std::string>& arguments,
      const std::function<void(const std::string&)>& line) const {
    std::string errors;
    std::string pending;
    std::vector<std::string> variables = python_variables();
    variables.emplace_back("PIP_DISABLE_PIP_VERSION_CHECK=1");
    variables.emplace_back("PIP_NO_INPUT=1");
    const ChildResult result = run_child(
        {.arguments = arguments, .environment = variables},
        {},
        {.output =
             [&](ChildStream stream, std::string_view piece) {
               if (stream == ChildStream::err) {
                 keep_errors(errors, piece);
                 return;
               }
               pending += piece;
               for (size_t end; (end = pending.find('\n')) != pending.npos;) {
                 line(pending.substr(0, end));
                 pending.erase(0, end + 1);
               }
             }},
        stop_);
    if (result.end == ChildEnd::stopped) {
      fail(
          ErrorCode::cancelled,
          "interrupted; the same command goes on where it stopped");
    }
    if (result.end != ChildEnd::exited || result.code != 0) {
      fail(
          ErrorCode::unavailable,
          "{}: {} failed ({} {}): {}; when that is mended, the same command "
          "goes on where it stopped",
          name_,
          what,
          result.end == ChildEnd::exited ? "exit code" : "signal",
          result.code,
          last_words(errors));
    }
    if (!pending.empty()) {
      line(pending);
    }
  }

  std::string python() const { return folder_ + "/bin/python"; }

  // Only what is not locked yet may run with an older Python.
  Version oldest_python() const {
    constexpr std::string_view kOldestAtAll = "3.9";
    return *Version::parse(
        use_shipped_lock() ? kShippedLockPython : kOldestAtAll);
  }

  bool use_shipped_lock() const {
    return given_lock_.empty() &&
        VersionPin::parse(order_.pin)
            ->contains(*Version::parse(
                locked_mlx_lm(shipped_mlx_lm_lock(), "the shipped lock")));
  }

  void make_python() {
    std::string why;
    if (const auto version = probe(python(), "pip", why)) {
      python_version_ = *version;
      return;
    }
    const Python found = find_python(order_.python, oldest_python());
    python_version_ = found.version;
    say(fmt::format("{}: Python {} in {}", name_, found.version, folder_));
    run("python -m venv",
        {found.program, "-m", "venv", "--clear", folder_},
        [](const std::string&) {});
  }

  void make_lock() {
    const std::string path = folder_ + "/requirements.lock";
    std::error_code ignored;
    if (!given_lock_.empty()) {
      lock_ = given_lock_;
    } else if (use_shipped_lock()) {
      lock_ = shipped_mlx_lm_lock();
    } else if (fs::exists(path, ignored)) {
      lock_ = read_text(path);  // of the interrupted call
      locked_mlx_lm(lock_, path);
      return;
    } else {
      lock_ = resolve();
    }
    write_file_atomically(path, lock_);
  }

  // What pip would take today, with the hashes the index tells.
  std::string resolve() const {
    say(fmt::format("{}: looking up mlx-lm{}", name_, order_.pin));
    const std::string report = folder_ + "/report.json";
    std::vector<std::string> arguments{
        python(),
        "-m",
        "pip",
        "install",
        "--dry-run",
        "--ignore-installed",
        "--only-binary=:all:",
        "--report",
        report,
        "mlx-lm" + order_.pin};
#ifdef __linux__
    // There MLX itself is an extra.
    arguments.emplace_back("mlx[cpu]");
#endif
    run("looking up its packages", arguments, [](const std::string&) {});
    std::string lock = lock_of_report(read_json_file(report));
    locked_mlx_lm(lock, report);
    std::error_code ignored;
    fs::remove(report, ignored);
    return lock;
  }

  void install() const {
    const int packages = packages_in(lock_);
    int seen = 0;
    std::vector<std::string> arguments{
        python(),
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "--progress-bar=off",
        "--requirement",
        folder_ + "/requirements.lock"};
    if (resumed_) {
      // A package may be half unpacked; pip has kept what it fetched.
      arguments.emplace_back("--force-reinstall");
    }
    run("installing its packages", arguments, [&](const std::string& line) {
      for (const char* begin :
           {"Collecting ", "Requirement already satisfied: "}) {
        if (line.starts_with(begin)) {
          const std::string rest = line.substr(std::strlen(begin));
          say(fmt::format(
              "{}: package {} of at most {}: {}",
              name_,
              ++seen,
              packages,
              rest.substr(0, rest.find_first_of(" ;"))));
        }
      }
      if (line.starts_with("Installing collected packages")) {
        say(name_ + ": unpacking");
      }
    });
  }

  void check() const {
    say(name_ + ": asking mlx_lm.generate for its flags");
    const MlxLmEnvironment made = read_environment(folder_);
    const MlxLmHelp help = mlx_lm_help(made, true, stop_);
    if (help.problem.empty()) {
      return;
    }
    fail(
        ErrorCode::unavailable,
        "{} has mlx-lm {}, but its mlx_lm.generate --help fails ({}): it does "
        "not go with today's versions of what it needs; take it away with "
        "bantam env remove {}, and make one that works: bantam env create "
        "--pin \"{}\"",
        name_,
        made.version,
        help.problem,
        name_,
        working_pin({.flags = {"--max-kv-size"}, .model_type = {}}));
  }

  void stamp() const {
    write_file_atomically(
        folder_ + "/environment.json",
        Json{
            {"format", 1},
            {"mlx_lm", read_environment(folder_).version},
            {"pin", order_.pin},
            {"python", python_version_},
            {"lock_sha256", sha256_of(lock_)},
            {"packages", packages_in(lock_)}}
                .dump(1) +
            "\n");
  }

  const EnvironmentOrder& order_;
  const SetupProgress& progress_;
  const std::stop_token stop_;
  std::string name_;
  std::string folder_;
  std::string given_lock_;
  std::string lock_;
  std::string python_version_;
  bool resumed_ = false;
};

}  // namespace

MadeEnvironment make_environment(
    const EnvironmentOrder& order,
    const SetupProgress& progress,
    std::stop_token stop) {
  return Setup(order, progress, std::move(stop)).make();
}

}  // namespace bantam
