// SPDX-License-Identifier: Apache-2.0
//
// What the files of this folder share in speaking to SQLite.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace daruma::store {

// Makes the file if it is missing, for its owner alone: SQLite would make it readable for everybody
// that the umask allows; its companions (-wal, -shm) take over what the file has.
Result<void> make_private(const std::string& file);

class Statement {
 public:
  Statement(sqlite3* database, const char* sql) {
    sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  void bind(int place, std::string_view text) {
    const char* data = text.empty() ? "" : text.data();
    sqlite3_bind_text64(statement_, place, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  // SQLITE_ROW, SQLITE_DONE or an error; one that could not be prepared is an error too.
  int step() { return sqlite3_step(statement_); }
  void bind(int place, int64_t number) { sqlite3_bind_int64(statement_, place, number); }
  void bind_bytes(int place, std::string_view bytes) {
    const char* data = bytes.empty() ? "" : bytes.data();
    sqlite3_bind_blob64(statement_, place, data, bytes.size(), SQLITE_STATIC);
  }
  // Once more, with other values.
  void reset() { sqlite3_reset(statement_); }
  std::string bytes(int column) {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    if (data == nullptr) return "";
    return std::string(data, static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
  }
  std::string text(int column) {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (data == nullptr) return "";
    return std::string(data, static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
  }
  int64_t number(int column) { return sqlite3_column_int64(statement_, column); }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace daruma::store
