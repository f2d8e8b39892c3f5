// SPDX-License-Identifier: MIT
#include "backends/mlx_lm_help.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "base/atomic_file.h"
#include "base/child_process.h"
#include "base/directory.h"
#include "base/error.h"
#include "base/json.h"

namespace bantam {

namespace {

// A cold disk, a machine with much to do: importing takes 6 s on 2 free cores.
constexpr double kHelpSeconds = 600;
constexpr size_t kHelpBytes = 1 << 20;

std::string memory_file(const MlxLmEnvironment& environment) {
  return environment.folder + "/help.json";
}

void add_change_date(const std::string& path, std::string& key) {
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0) {
    key += fmt::format(
        "{}:{};", static_cast<int64_t>(status.st_mtime), status.st_size);
  }
}

// Changes when a package is installed or taken away, or the program changes.
std::string state_key(const MlxLmEnvironment& environment) {
  std::string key = environment.version + ";";
  add_change_date(environment.generate_program(), key);
  const std::string lib = environment.folder + "/lib";
  for (const std::string& python :
       directory_names(lib).value_or(std::vector<std::string>{})) {
    const std::string site = lib + "/" + python + "/site-packages";
    add_change_date(site, key);
    add_change_date(site + "/mlx_lm", key);
    add_change_date(site + "/mlx_lm/generate.py", key);
  }
  return key;
}

std::optional<MlxLmHelp> remembered_help(
    const MlxLmEnvironment& environment,
    const std::string& key) {
  try {
    const Json json = read_json_file(memory_file(environment));
    if (json.at("key").get<std::string>() != key) {
      return std::nullopt;
    }
    return MlxLmHelp{
        .flags = json.at("flags").get<std::vector<std::string>>(),
        .problem = {},
        .remembered = true};
  } catch (const std::exception&) {
    return std::nullopt;  // not there, or not whole
  }
}

void remember(
    const MlxLmEnvironment& environment,
    const std::string& key,
    const MlxLmHelp& help) {
  try {
    write_file_atomically(
        memory_file(environment),
        Json{{"key", key}, {"flags", help.flags}}.dump(1) + "\n");
  } catch (const Error&) {
    // An environment that cannot be written to is asked every time.
  }
}

// "--max-kv-size" at the beginning of `text`; "" if there is none.
std::string flag_at(std::string_view text) {
  size_t end = 2;
  while (end < text.size() &&
         (std::isalnum(static_cast<unsigned char>(text[end])) ||
          text[end] == '-' || text[end] == '_')) {
    ++end;
  }
  return text.starts_with("--") && end > 2 ? std::string(text.substr(0, end))
                                           : "";
}

}  // namespace

std::vector<std::string> flags_in_help(std::string_view help) {
  std::vector<std::string> flags;
  const auto take = [&](std::string_view text) {
    if (std::string flag = flag_at(text); !flag.empty()) {
      flags.push_back(std::move(flag));
    }
  };
  bool usage = false;
  while (!help.empty()) {
    const size_t end = std::min(help.find('\n'), help.size());
    const std::string_view line = help.substr(0, end);
    help.remove_prefix(std::min(end + 1, help.size()));
    const size_t begin = line.find_first_not_of(' ');
    usage = begin != line.npos && (usage || line.starts_with("usage:"));
    if (begin == line.npos) {
      continue;
    }
    // "[--flag VALUE]" in the usage; "  --flag VALUE, -f VALUE   text" below.
    constexpr size_t kDeepestOption = 4;
    for (size_t i = line.find("--"); i != line.npos;
         i = line.find("--", i + 2)) {
      const bool option_line = begin > 0 && begin <= kDeepestOption &&
          line[begin] == '-' &&
          line.substr(begin, i - begin).find("  ") == line.npos;
      if ((usage && i > 0 && line[i - 1] == '[') ||
          (option_line && (i == begin || line[i - 1] == ' '))) {
        take(line.substr(i));
      }
    }
  }
  std::ranges::sort(flags);
  const auto repeated = std::ranges::unique(flags);
  flags.erase(repeated.begin(), repeated.end());
  return flags;
}

bool MlxLmHelp::has(std::string_view flag) const {
  return std::ranges::find(flags, flag) != flags.end();
}

MlxLmHelp mlx_lm_help(
    const MlxLmEnvironment& environment,
    bool again,
    std::stop_token stop) {
  const std::string key = state_key(environment);
  if (!again) {
    if (auto help = remembered_help(environment, key)) {
      return *help;
    }
  }
  std::string out;
  std::string err;
  MlxLmHelp help;
  try {
    std::vector<std::string> variables = python_variables();
    variables.emplace_back("COLUMNS=80");
    const ChildResult result = run_child(
        {.arguments = {environment.generate_program(), "--help"},
         .environment = variables},
        {.seconds = kHelpSeconds},
        {.output =
             [&](ChildStream stream, std::string_view piece) {
               std::string& text = stream == ChildStream::out ? out : err;
               text += piece.substr(0, kHelpBytes - text.size());
             }},
        stop);
    if (result.end == ChildEnd::stopped) {
      fail(ErrorCode::cancelled, "interrupted");
    }
    help.flags = flags_in_help(out);
    if (result.end == ChildEnd::timed_out) {
      help.problem = fmt::format("it does not end within {} s", kHelpSeconds);
    } else if (result.end != ChildEnd::exited || result.code != 0) {
      help.problem = fmt::format(
          "{} {}: {}",
          result.end == ChildEnd::exited ? "exit code" : "signal",
          result.code,
          last_words(err));
    } else if (help.flags.empty()) {
      help.problem = "it lists no flags";
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::cancelled) {
      throw;
    }
    help.problem = error.what();
  }
  if (help.problem.empty()) {
    remember(environment, key, help);
  } else {
    help.flags.clear();
  }
  return help;
}

std::string last_words(std::string_view stderr_text) {
  constexpr size_t kLines = 4;
  std::vector<std::string> lines;
  std::string line;
  const auto end_line = [&] {
    const size_t begin = line.find_first_not_of(" \t");
    if (begin != line.npos) {
      lines.push_back(line.substr(begin));
    }
    line.clear();
  };
  for (const char c : stderr_text) {
    if (c == '\n' || c == '\r') {
      end_line();
    } else if (static_cast<unsigned char>(c) >= ' ') {
      line.push_back(c);
    }
  }
  end_line();
  std::string words;
  const size_t first = lines.size() > kLines ? lines.size() - kLines : 0;
  for (size_t i = first; i < lines.size(); ++i) {
    words += (words.empty() ? "" : " | ") + lines[i];
  }
  return words.empty() ? "it says nothing" : words;
}

}  // namespace bantam
