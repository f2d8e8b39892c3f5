// SPDX-License-Identifier: MIT
#include "backends/mlx_lm_history.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/ranges.h>

#include "base/error.h"
#include "config/setting_value.h"

namespace bantam {

namespace {

// The releases on PyPI from 0.10 on, oldest first (seen in 2026-11).
constexpr std::string_view kReleases =
    "0.10.0 0.11.0 0.12.0 0.12.1 0.13.0 0.13.1 0.14.0 0.14.1 0.14.2 0.14.3 "
    "0.15.0 0.15.1 0.15.2 0.15.3 0.16.0 0.16.1 0.17.0 0.17.1 0.18.1 0.18.2 "
    "0.19.0 0.19.1 0.19.2 0.19.3 0.20.1 0.20.2 0.20.3 0.20.4 0.20.5 0.20.6 "
    "0.21.0 0.21.1 0.21.2 0.21.3 0.21.4 0.21.5 0.22.0 0.22.1 0.22.2 0.22.3 "
    "0.22.4 0.22.5 0.23.0 0.23.1 0.23.2 0.24.0 0.24.1 0.25.0 0.25.1 0.25.2 "
    "0.25.3 0.26.0 0.26.1 0.26.2 0.26.3 0.26.4 0.27.0 0.27.1 0.28.0 0.28.1 "
    "0.28.2 0.28.3 0.28.4 0.29.1 0.30.0 0.30.2 0.30.4 0.30.5 0.30.6 0.30.7 "
    "0.31.0 0.31.1 0.31.2 0.31.3 0.32.0 0.32.1 0.32.2";

struct Novelty {
  std::string_view name;
  std::string_view since;  // the first release that has it
};

// Flags of mlx_lm/generate.py that releases before `since` refuse; those not
// listed are as old as kReleases. Read from the wheels.
constexpr std::array kFlags{
    Novelty{"--max-kv-size", "0.17.0"},
    Novelty{"--verbose", "0.18.2"},
    Novelty{"--kv-bits", "0.19.3"},
    Novelty{"--system-prompt", "0.20.1"},
    Novelty{"--min-p", "0.20.1"},
    Novelty{"--extra-eos-token", "0.21.0"},
    Novelty{"--chat-template-config", "0.21.4"},
    Novelty{"--prefill-response", "0.22.0"},
    Novelty{"--top-k", "0.24.0"},
};

// Modules mlx_lm/models/<model_type>.py, likewise.
constexpr std::array kModels{
    Novelty{"qwen3_5", "0.30.7"},
    Novelty{"qwen3_5_moe", "0.30.7"},
};

template <size_t size>
const Novelty* find(
    const std::array<Novelty, size>& table,
    std::string_view name) {
  const auto found = std::ranges::find(table, name, &Novelty::name);
  return found == table.end() ? nullptr : &*found;
}

std::vector<Version> known_releases() {
  std::vector<Version> releases;
  for (const std::string& text : words_of(kReleases)) {
    releases.push_back(Version::parse(text).value());
  }
  return releases;
}

// "mlx-lm 0.15.0 to 0.15.3"
std::string range_text(const std::vector<Version>& allowed) {
  return allowed.size() == 1
      ? "mlx-lm " + allowed.front().text()
      : fmt::format(
            "mlx-lm {} to {}", allowed.front().text(), allowed.back().text());
}

}  // namespace

std::optional<std::string> pin_contradiction(
    const std::string& pin,
    const MlxLmNeeds& needs) {
  const VersionPin range = VersionPin::parse(pin).value();
  std::vector<Version> allowed = known_releases();
  const Version newest = allowed.back();
  std::erase_if(allowed, [&](const Version& version) {
    return !range.contains(version);
  });
  if (allowed.empty()) {
    return std::nullopt;  // Nothing is known of what it allows.
  }
  std::vector<std::string> missing;
  Version needed = allowed.front();
  const auto need = [&](const Novelty* novelty, const std::string& what) {
    if (novelty == nullptr) {
      return;
    }
    const Version since = Version::parse(novelty->since).value();
    if (allowed.back() < since) {
      missing.push_back(fmt::format("{} came with {}", what, novelty->since));
      needed = std::max(needed, since);
    }
  };
  for (const std::string& flag : needs.flags) {
    need(find(kFlags, flag), flag);
  }
  need(
      find(kModels, needs.model_type),
      fmt::format("the model type {}", needs.model_type));
  if (missing.empty()) {
    return std::nullopt;
  }
  return fmt::format(
      "the pin {} allows {}, but {}; a pin that works is >={},<={}",
      pin,
      range_text(allowed),
      fmt::join(missing, ", and "),
      needed.text(),
      newest.text());
}

}  // namespace bantam
