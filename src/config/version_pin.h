// SPDX-License-Identifier: MIT
// Versions and ranges of versions as Python's packaging standard (PEP 440,
// now "Version specifiers") defines them: ">=0.15.0,<0.16.0", "~=0.32.1",
// "==0.15.*". The order and the matching are those of the PyPI package
// `packaging`, which made the golden file of the tests.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bantam {

/// A number of any length: decimal digits without leading zeros ("0").
struct VersionNumber {
  std::string digits = "0";

  std::strong_ordering operator<=>(const VersionNumber& other) const;
  bool operator==(const VersionNumber&) const = default;
};

class Version {
 public:
  /// nullopt if `text` is no version; spaces around it are allowed.
  static std::optional<Version> parse(std::string_view text);

  /// The normal form: "1.0rc1.post2+local.7" for "v1.0-RC.1-2+Local_7".
  std::string text() const;

  std::weak_ordering operator<=>(const Version& other) const;
  bool operator==(const Version& other) const {
    return (*this <=> other) == std::weak_ordering::equivalent;
  }

  bool is_pre_release() const { return pre_ || dev_; }

 private:
  friend class VersionPin;
  friend class VersionScanner;

  struct PreRelease {
    std::string phase;  // "a", "b" or "rc"
    VersionNumber number;
    auto operator<=>(const PreRelease&) const = default;
  };

  Version without_local() const;
  // Whether they differ at most from the post-release on.
  bool same_before_post(const Version& other) const;
  // Whether the epoch and the first numbers are those of `prefix`.
  bool starts_with(const Version& prefix) const;

  VersionNumber epoch_;
  std::vector<VersionNumber> release_;
  std::optional<PreRelease> pre_;
  std::optional<VersionNumber> post_;
  std::optional<VersionNumber> dev_;
  std::vector<std::string> local_;
};

/// A set of conditions, all of which must hold; empty: any version.
class VersionPin {
 public:
  /// nullopt if `text` is no range.
  static std::optional<VersionPin> parse(std::string_view text);

  /// A pre-release counts like any other version: what is installed is there
  /// because somebody wanted it (as pip judges what is installed).
  bool contains(const Version& version) const;

 private:
  enum class Relation {
    compatible,
    equal,
    not_equal,
    at_most,
    at_least,
    below,
    above,
    identical
  };
  struct Clause {
    Relation relation;
    Version version;
    bool wildcard = false;  // "==1.2.*"
    std::string spelling;   // of "===", in small letters
  };

  static std::optional<Clause> parse_clause(std::string_view text);
  static bool holds(const Clause& clause, const Version& version);

  std::vector<Clause> clauses_;
};

}  // namespace bantam
