// SPDX-License-Identifier: MIT
#include "backends/mlx_lm_history.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/ranges.h>

#include "backends/mlx_lm_models.h"
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
    Novelty{"--prefill-step-size", "0.32.0"},
};

// Of "": nullopt.
std::optional<Version> version_if_any(std::string_view text) {
  return text.empty() ? std::nullopt : Version::parse(text);
}

const MlxLmModel* find_model(std::string_view type) {
  const auto found = std::ranges::find(kMlxLmModels, type, &MlxLmModel::type);
  return found == kMlxLmModels.end() ? nullptr : &*found;
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
  std::erase_if(allowed, [&](const Version& version) {
    return !range.contains(version);
  });
  if (allowed.empty()) {
    return std::nullopt;  // Nothing is known of what it allows.
  }
  std::vector<std::string> missing;
  const auto need = [&](std::string_view since, const std::string& what) {
    const auto first = version_if_any(since);
    if (first && allowed.back() < *first) {
      missing.push_back(fmt::format("{} came with {}", what, since));
    }
  };
  for (const std::string& flag : needs.flags) {
    const auto novelty = std::ranges::find(kFlags, flag, &Novelty::name);
    need(novelty == kFlags.end() ? "" : novelty->since, flag);
  }
  if (const MlxLmModel* model = find_model(needs.model_type)) {
    need(model->since, fmt::format("the model type {}", model->type));
  }
  if (missing.empty()) {
    return std::nullopt;
  }
  return fmt::format(
      "the pin {} allows {}, but {}; a pin that works is {}",
      pin,
      range_text(allowed),
      fmt::join(missing, ", and "),
      working_pin(needs));
}

std::optional<std::string> unreadable_pin(const std::string& pin) {
  const VersionPin range = VersionPin::parse(pin).value();
  const Version oldest = Version::parse(kOldestReadable).value();
  const std::vector<Version> releases = known_releases();
  std::vector<Version> allowed = releases;
  std::erase_if(allowed, [&](const Version& version) {
    return !range.contains(version);
  });
  if (allowed.empty() || allowed.back() >= oldest) {
    return std::nullopt;
  }
  return fmt::format(
      "the pin {} allows {}, which print the prompt before the answer with "
      "nothing between them; a pin that works is >={},<={}",
      pin,
      range_text(allowed),
      kOldestReadable,
      releases.back().text());
}

std::string working_pin(const MlxLmNeeds& needs) {
  Version needed = Version::parse(kOldestReadable).value();
  for (const std::string& flag : needs.flags) {
    const auto novelty = std::ranges::find(kFlags, flag, &Novelty::name);
    if (novelty != kFlags.end()) {
      needed = std::max(needed, Version::parse(novelty->since).value());
    }
  }
  const MlxLmModel* model = find_model(needs.model_type);
  const auto since = version_if_any(model == nullptr ? "" : model->since);
  return fmt::format(
      ">={},<={}",
      since ? std::max(needed, *since).text() : needed.text(),
      known_releases().back().text());
}

bool ignores_max_kv_size(const std::string& model_type, const Version& mlx_lm) {
  const MlxLmModel* model = find_model(model_type);
  const auto since =
      version_if_any(model == nullptr ? "" : model->own_cache_since);
  return since && mlx_lm >= *since;
}

}  // namespace bantam
