// SPDX-License-Identifier: MIT
// One connection to an SQLite file, and its statements. Failures become
// bantam::Error: a damaged or foreign file is invalid_file, a file that cannot
// be opened not_found, one that another process holds for too long unavailable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace bantam {

enum class DatabaseMode { read, write, create };

class Database;

/// A prepared statement; the database outlives it. Texts and blobs that are
/// bound must live until it is stepped.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(int64_t value);  // parameters in order, from the first
  Statement& bind(std::string_view text);
  Statement& bind(std::span<const std::byte> blob);

  /// True: a row is there. False: done; it may then be bound and run again.
  bool step();
  /// step() where no row is expected.
  void run();

  int64_t integer(int column) const;
  double real(int column) const;
  /// Valid until the next step.
  std::string_view text(int column) const;
  std::span<const std::byte> blob(int column) const;

 private:
  Database& database_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

/// Used by one thread at a time.
class Database {
 public:
  /// Waits up to `wait_ms` whenever another process writes.
  Database(const std::string& path, DatabaseMode mode, int wait_ms = 30000);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const std::string& path() const { return path_; }
  void execute(const char* sql);
  int64_t integer(std::string_view sql);
  sqlite3* handle() const { return handle_; }
  /// Throws what `code`, a result of SQLite, means for this file.
  [[noreturn]] void fail_with(int code) const;

 private:
  std::string path_;
  sqlite3* handle_ = nullptr;
};

/// Ends with rollback unless commit() was called.
class Transaction {
 public:
  enum class Kind { read, write };
  Transaction(Database& database, Kind kind);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace bantam
