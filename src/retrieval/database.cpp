// SPDX-License-Identifier: MIT
#include "retrieval/database.h"

#include <sqlite3.h>

#include "base/error.h"

namespace bantam {

Statement::Statement(Database& database, std::string_view sql)
    : database_(database) {
  const int code = sqlite3_prepare_v2(
      database.handle(),
      sql.data(),
      static_cast<int>(sql.size()),
      &statement_,
      nullptr);
  if (code != SQLITE_OK) {
    database.fail_with(code);
  }
}

Statement::~Statement() {
  sqlite3_finalize(statement_);
}

Statement& Statement::bind(int64_t value) {
  sqlite3_bind_int64(statement_, ++bound_, value);
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  // A null pointer would bind NULL.
  sqlite3_bind_text64(
      statement_,
      ++bound_,
      text.empty() ? "" : text.data(),
      text.size(),
      SQLITE_STATIC,
      SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(std::span<const std::byte> blob) {
  sqlite3_bind_blob64(
      statement_,
      ++bound_,
      blob.empty() ? "" : static_cast<const void*>(blob.data()),
      blob.size(),
      SQLITE_STATIC);
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) {
    return true;
  }
  if (code != SQLITE_DONE) {
    database_.fail_with(code);
  }
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  bound_ = 0;
  return false;
}

void Statement::run() {
  while (step()) {
  }
}

int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double Statement::real(int column) const {
  return sqlite3_column_double(statement_, column);
}

std::string_view Statement::text(int column) const {
  const auto* text = sqlite3_column_text(statement_, column);
  const int bytes = sqlite3_column_bytes(statement_, column);
  return text == nullptr
      ? std::string_view()
      : std::string_view(
            reinterpret_cast<const char*>(text), static_cast<size_t>(bytes));
}

std::span<const std::byte> Statement::blob(int column) const {
  const auto* data =
      static_cast<const std::byte*>(sqlite3_column_blob(statement_, column));
  const int bytes = sqlite3_column_bytes(statement_, column);
  return {data, data == nullptr ? 0 : static_cast<size_t>(bytes)};
}

Database::Database(const std::string& path, DatabaseMode mode, int wait_ms)
    : path_(path) {
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
      (mode == DatabaseMode::read ? SQLITE_OPEN_READONLY
                                  : SQLITE_OPEN_READWRITE) |
      (mode == DatabaseMode::create ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr);
  if (code != SQLITE_OK) {
    const std::string reason = sqlite3_errstr(code);
    sqlite3_close_v2(handle_);
    fail(
        ErrorCode::not_found,
        "{}: the index cannot be opened: {}",
        path,
        reason);
  }
  sqlite3_busy_timeout(handle_, wait_ms);
}

Database::~Database() {
  sqlite3_close_v2(handle_);
}

void Database::execute(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) {
    fail_with(code);
  }
}

int64_t Database::integer(std::string_view sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer(0) : 0;
}

void Database::fail_with(int code) const {
  const std::string reason = sqlite3_errmsg(handle_);
  switch (code & 0xFF) {
    case SQLITE_NOTADB:
      fail(
          ErrorCode::invalid_file,
          "{}: not an index: it is no SQLite file",
          path_);
    case SQLITE_CORRUPT:
    case SQLITE_FORMAT:
      fail(
          ErrorCode::invalid_file,
          "{}: the index is damaged ({}); delete it and add the documents "
          "again",
          path_,
          reason);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      fail(
          ErrorCode::unavailable,
          "{}: another process has been writing to the index for too long; try "
          "again when it is done",
          path_);
    case SQLITE_NOMEM:
      throw std::bad_alloc();
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_FULL:
    case SQLITE_IOERR:
      fail(
          ErrorCode::not_found,
          "{}: the index cannot be read or written: {}",
          path_,
          reason);
    default:
      fail(ErrorCode::internal, "{}: SQLite: {} ({})", path_, reason, code);
  }
}

Transaction::Transaction(Database& database, Kind kind) : database_(database) {
  database.execute(kind == Kind::write ? "BEGIN IMMEDIATE" : "BEGIN");
}

Transaction::~Transaction() {
  if (open_) {
    sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

void Transaction::commit() {
  database_.execute("COMMIT");
  open_ = false;
}

}  // namespace bantam
