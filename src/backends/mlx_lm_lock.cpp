// SPDX-License-Identifier: MIT
#include "backends/mlx_lm_lock.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/error.h"

namespace bantam {

namespace {

// Of "numpy==2.4.6 ; python_full_version < '3.12' \".
struct LockedPackage {
  std::string name;
  std::string version;
};

bool is_package_line(std::string_view line) {
  return !line.empty() && std::isalnum(static_cast<unsigned char>(line[0]));
}

std::optional<LockedPackage> package_of(std::string_view line) {
  const size_t equals = line.find("==");
  if (equals == line.npos) {
    return std::nullopt;
  }
  const auto end_of = [&](size_t from) {
    return std::min(line.find_first_of(" ;\\\r", from), line.size());
  };
  LockedPackage package;
  package.name = line.substr(0, std::min(end_of(0), line.find('[')));
  package.name = package.name.substr(0, package.name.find("=="));
  package.version = line.substr(equals + 2, end_of(equals) - equals - 2);
  return package;
}

// "mlx_lm", "MLX-LM" -> "mlx-lm", as the package index compares names.
std::string normal_name(std::string name) {
  for (char& c : name) {
    c = c == '_' || c == '.'
        ? '-'
        : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return name;
}

template <typename Line>
void for_each_line(std::string_view text, const Line& line) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string hash_of(const Json& package, const std::string& name) {
  const Json none = Json::object();
  const auto member = [&](const Json& object, const char* key) -> const Json& {
    const auto found = object.find(key);
    return found != object.end() && found->is_object() ? *found : none;
  };
  const Json& hashes = member(
      member(member(package, "download_info"), "archive_info"), "hashes");
  const auto sha256 = hashes.find("sha256");
  if (sha256 == hashes.end() || !sha256->is_string()) {
    fail(
        ErrorCode::unavailable,
        "pip reports no sha256 for {}: the package index in use tells none, so "
        "nothing can be locked",
        name);
  }
  return sha256->get<std::string>();
}

}  // namespace

std::string locked_mlx_lm(std::string_view lock, const std::string& source) {
  std::string version;
  std::string unhashed;  // a package whose hash is still to come
  const auto refuse = [&](std::string_view what) {
    fail(
        ErrorCode::invalid_request,
        "{}: not a lock of packages with versions and hashes: {}",
        source,
        what);
  };
  for_each_line(lock, [&](std::string_view line) {
    const size_t begin = line.find_first_not_of(" \t\r");
    if (begin == line.npos || line[begin] == '#') {
      return;
    }
    if (line.substr(begin).starts_with("--hash=sha256:")) {
      unhashed.clear();
      return;
    }
    const auto package = package_of(line);
    if (!is_package_line(line) || !package || line.find("://") != line.npos) {
      refuse(line);
    }
    if (!unhashed.empty()) {
      refuse(unhashed + " has no hash");
    }
    unhashed = package->name;
    if (line.find("--hash=sha256:") != line.npos) {
      unhashed.clear();
    }
    if (normal_name(package->name) == "mlx-lm") {
      version = package->version;
    }
  });
  if (!unhashed.empty()) {
    refuse(unhashed + " has no hash");
  }
  if (version.empty()) {
    refuse("mlx-lm is not in it");
  }
  return version;
}

int packages_in(std::string_view lock) {
  int count = 0;
  for_each_line(
      lock, [&](std::string_view line) { count += is_package_line(line); });
  return count;
}

std::string lock_of_report(const Json& report) {
  std::string lock =
      "# Resolved by pip on this machine; bantam env create --lock takes it "
      "again.\n";
  const auto install = report.find("install");
  if (install == report.end() || !install->is_array() || install->empty()) {
    fail(ErrorCode::unavailable, "pip's report names no packages");
  }
  for (const Json& package : *install) {
    const auto metadata = package.find("metadata");
    if (metadata == package.end() || !metadata->is_object() ||
        !metadata->contains("name") || !metadata->contains("version")) {
      fail(ErrorCode::unavailable, "pip's report has a package without name");
    }
    const auto name = metadata->at("name").get<std::string>();
    lock += fmt::format(
        "{}=={} \\\n    --hash=sha256:{}\n",
        normal_name(name),
        metadata->at("version").get<std::string>(),
        hash_of(package, name));
  }
  return lock;
}

}  // namespace bantam
