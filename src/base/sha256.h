// SPDX-License-Identifier: MIT
// SHA-256 (FIPS 180-4) of bytes and files, as 64 lower-case hexadecimal digits.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace bantam {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(std::span<const std::byte> bytes);
  void add(std::string_view text);
  /// Ends the digest; call once.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256_of(std::string_view text);

/// Reads the file piece by piece, so that none of it stays in this process.
/// Throws not_found.
std::string sha256_of_file(const std::string& path);

}  // namespace bantam
