// SPDX-License-Identifier: MIT
// What a setting is: one row of the table in setting_table.h, from which the
// flags, the configuration file's keys, the environment variables, the help
// texts, the schema and the documentation page are made.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

namespace bantam {

enum class SettingKind {
  boolean,
  integer,  // int64_t
  seed,     // uint64_t
  real,     // finite
  size,     // bytes: 16GiB, 10GB, 512MiB or a plain number
  text,
  choice,  // one of `choices`
  pin,     // a text: a range of versions
  texts,   // a list of texts
};

/// How the flag is written. A switch takes no value ("--json"); a greedy list
/// takes all words up to the next flag.
enum class FlagForm { value, toggle, greedy };

/// The commands that take a setting, one bit each.
using CommandSet = uint32_t;

namespace commands {
inline constexpr CommandSet kRun = 1 << 0;
inline constexpr CommandSet kGenerate = 1 << 1;
inline constexpr CommandSet kLogits = 1 << 2;
inline constexpr CommandSet kPlan = 1 << 3;
inline constexpr CommandSet kChat = 1 << 4;
inline constexpr CommandSet kServe = 1 << 5;
/// The context decides the size of its cache, so it takes no --max-kv-size.
inline constexpr CommandSet kBench = 1 << 10;
inline constexpr CommandSet kAsk = 1 << 20;
inline constexpr CommandSet kIndex = 1 << 21;
/// Those that search an index, and those that add to it.
inline constexpr CommandSet kSearching = kAsk | kIndex | kServe;
inline constexpr CommandSet kIndexing = kAsk | kIndex;
inline constexpr CommandSet kOneAnswer = kRun | kGenerate;
inline constexpr CommandSet kAnswering = kOneAnswer | kChat | kAsk;
/// Those that answer requests by these settings.
inline constexpr CommandSet kServing = kAnswering | kServe;
inline constexpr CommandSet kComputing = kServing | kLogits | kPlan | kBench;
inline constexpr CommandSet kEnvironments = 1 << 16;  // bantam env
inline constexpr CommandSet kAll = ~CommandSet{0};
}  // namespace commands

inline constexpr double kUnbounded = std::numeric_limits<double>::infinity();

struct Setting {
  std::string_view key;              // in the file: "sampling.temperature"
  std::string_view flag = {};        // "--temp"; empty: no flag
  std::string_view short_flag = {};  // "-m"; taken by generate alone
  SettingKind kind = SettingKind::text;
  FlagForm form = FlagForm::value;
  /// The default as a user would write it; empty: not set (a text: empty).
  std::string_view fallback = {};
  double least = -kUnbounded;     // integer, real, size
  double most = kUnbounded;       // likewise
  std::string_view choices = {};  // separated by spaces
  /// Of `choices`, those that bantam cannot do yet, or "*": any value but the
  /// default. Using one is an error that says so.
  std::string_view pending = {};
  /// A switch that turns its key off ("--allow-dirty": clean_room is false).
  bool flag_negates = false;
  /// Its value is not shown anywhere.
  bool secret = false;
  CommandSet commands = 0;
  std::string_view group = {};        // of the flag in --help
  std::string_view placeholder = {};  // of the value in --help
  std::string_view help = {};

  /// "sampling" of "sampling.temperature".
  constexpr std::string_view section() const {
    return key.substr(0, key.find('.'));
  }
  /// "temperature".
  constexpr std::string_view name() const {
    return key.substr(key.find('.') + 1);
  }
  constexpr bool is_numeric() const {
    return kind == SettingKind::integer || kind == SettingKind::seed ||
        kind == SettingKind::real || kind == SettingKind::size;
  }
};

struct SettingSection {
  std::string_view name;
  std::string_view help;
};

}  // namespace bantam
