// SPDX-License-Identifier: MIT
// An environment of a test's own whose mlx_lm.generate is a shell script.
#pragma once

#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "../base/temporary_folder.h"
#include "backends/mlx_lm_environment.h"
#include "base/sha256.h"

namespace bantam {

/// What the script prints for --help: the flags of a real mlx_lm.generate.
inline constexpr const char* kFakeHelp =
    R"(usage: mlx_lm.generate [-h] [--model MODEL]
                       [--extra-eos-token EXTRA_EOS_TOKEN [EXTRA_EOS_TOKEN ...]]
                       [--prompt PROMPT] [--max-tokens MAX_TOKENS] [--temp TEMP]
                       [--top-p TOP_P] [--seed SEED]

LLM inference script

options:
  -h, --help            show this help message and exit
  --model MODEL         The path to the local model directory
  --max-kv-size MAX_KV_SIZE
                        Needs --nothing-else here
  --prompt PROMPT, -p PROMPT
                        Message ('-' reads from stdin)
)";

class FakeEnvironment {
 public:
  /// `run`: shell commands for a call without --help; stdin is the prompt.
  explicit FakeEnvironment(
      const std::string& run,
      const std::string& version = "0.32.2",
      const std::string& help = "cat \"$here/help.txt\"") {
    const std::string lock = "mlx-lm==" + version + " --hash=sha256:00\n";
    folder_.write("mlx-lm-" + version + "/requirements.lock", lock);
    name_ = "mlx-lm-" + version;
    write("help.txt", kFakeHelp);
    write_program(
        "bin/mlx_lm.generate",
        "#!/bin/sh\nhere=$(dirname \"$0\")/..\n"
        "if [ \"$1\" = --help ]; then " +
            help + "; exit; fi\necho $$ >\"$here/pid\"\n" + run + "\n");
    write_program("bin/python", "#!/bin/sh\nexit 0\n");
    write(
        "lib/python3.11/site-packages/mlx_lm-" + version +
            ".dist-info/METADATA",
        "");
    write(
        "environment.json",
        R"({"format": 1, "mlx_lm": ")" + version +
            R"(", "pin": "", "python": "3.11.7", "packages": 1,
               "lock_sha256": ")" +
            sha256_of(lock) + "\"}");
  }

  const std::string& environments() const { return folder_.path(); }
  MlxLmEnvironment read() const { return read_environment(folder_.at(name_)); }
  std::string path(const std::string& name) const {
    return (std::filesystem::path(folder_.path()) / name_ / name)
        .lexically_normal()
        .string();
  }
  void write(const std::string& name, const std::string& text) const {
    folder_.write(name_ + "/" + name, text);
  }
  void write_program(const std::string& name, const std::string& text) const {
    write(name, text);
    std::filesystem::permissions(path(name), std::filesystem::perms::owner_all);
  }

  /// The process group of the last run, which its script noted down.
  int group() const {
    int id = 0;
    std::ifstream(path("pid")) >> id;
    return id;
  }

  /// Whether it is gone; a dead process counts until process 1 has reaped it.
  bool group_is_gone() const {
    const int id = group();
    for (int i = 0; id > 0 && i < 1000; ++i) {
      if (::kill(-id, 0) != 0) {
        return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }

 private:
  TemporaryFolder folder_;
  std::string name_;
};

}  // namespace bantam
