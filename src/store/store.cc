// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "store/sqlite.h"

namespace daruma::store {
namespace {

// Statement by statement from an empty file to today's form; PRAGMA user_version counts how many
// were run. Never change one that was released: add another.
constexpr std::array<const char*, 1> migrations{
    "CREATE TABLE resource (kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY (kind, key)) WITHOUT ROWID;"
    "CREATE TABLE revision (only INTEGER PRIMARY KEY CHECK (only = 1), number INTEGER NOT NULL);"
    "INSERT INTO revision VALUES (1, 0);"};

constexpr int busy_milliseconds = 5'000;

tl::unexpected<Error> system_failure(const char* doing, const std::string& path) {
  return fail(fmt::format("cannot {} {}: {}", doing, path, std::strerror(errno)));
}

// A file, or a folder with its names.
Result<void> sync(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return system_failure("open", path);
  const int synced = ::fsync(descriptor);
  auto failure = system_failure("write", path);
  ::close(descriptor);
  if (synced == 0) return {};
  return failure;
}

// As a path of a file: URI (sqlite.org/uri.html).
std::string uri_escaped(std::string_view path) {
  std::string escaped;
  for (const char c : path) {
    escaped += c == '%' || c == '?' || c == '#'
                   ? fmt::format("%{:02x}", static_cast<unsigned char>(c))
                   : std::string(1, c);
  }
  return escaped;
}

constexpr std::array<const char*, 2> companions{"-wal", "-shm"};

}  // namespace

Result<void> make_private(const std::string& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return fail(fmt::format("cannot open {}: {}", file, std::strerror(errno)));
  ::close(descriptor);
  return {};
}

void Store::Closer::operator()(sqlite3* database) const {
  sqlite3_close(database);
}

Result<std::unique_ptr<Store>> Store::open(const std::string& file) {
  if (const Result<void> made = make_private(file); !made) return fail(made.error().message);
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE, nullptr);
  std::unique_ptr<Store> store(new Store(Database(raw)));
  if (opened != SQLITE_OK) return store->problem("open");
  sqlite3_extended_result_codes(raw, 1);
  if (const Result<void> ready = store->prepare(); !ready) {
    return fail(fmt::format("{}: {}", file, ready.error().message));
  }
  return store;
}

Store::~Store() = default;

tl::unexpected<Error> Store::problem(const char* doing) const {
  return fail(fmt::format("cannot {} the store: {}", doing, sqlite3_errmsg(database_.get())));
}

Result<void> Store::execute(const char* sql) {
  if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return problem("change");
}

Result<void> Store::prepare() {
  const Result<void> set = execute(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
      "PRAGMA trusted_schema=OFF; PRAGMA wal_autocheckpoint=256;");
  if (!set) return set;
  if (const Result<void> healthy = check_health(); !healthy) return healthy;
  return migrate();
}

std::string Store::setting(const char* name) {
  Statement read(database_.get(), fmt::format("PRAGMA {}", name).c_str());
  return read.step() == SQLITE_ROW ? read.text(0) : "";
}

Result<void> Store::check_health() {
  Statement check(database_.get(), "PRAGMA quick_check(1)");
  if (check.step() != SQLITE_ROW) return problem("check");
  const std::string found = check.text(0);
  if (found == "ok") return {};
  return fail(fmt::format("the store is damaged ({}); restore a backup", found));
}

// Fails if it is a newer one than this release knows.
Result<uint64_t> Store::form() {
  Statement version(database_.get(), "PRAGMA user_version");
  if (version.step() != SQLITE_ROW) return problem("read");
  const auto form = static_cast<uint64_t>(version.number(0));
  if (form <= migrations.size()) return form;
  return fail(fmt::format(
      "the store is of a newer release (form {}, this one knows {}); start that release", form,
      migrations.size()));
}

Result<void> Store::migrate() {
  const Result<uint64_t> found = form();
  if (!found) return fail(found.error().message);
  for (uint64_t done = *found; done < migrations.size(); ++done) {
    const std::string sql = fmt::format("BEGIN IMMEDIATE; {} PRAGMA user_version={}; COMMIT;",
                                        migrations.at(done), done + 1);
    if (const Result<void> migrated = execute(sql.c_str()); !migrated) return migrated;
  }
  return {};
}

Result<uint64_t> Store::revision() {
  Statement read(database_.get(), "SELECT number FROM revision");
  if (read.step() != SQLITE_ROW) return problem("read");
  return static_cast<uint64_t>(read.number(0));
}

Result<Contents> Store::load() {
  const Result<uint64_t> number = revision();
  if (!number) return fail(number.error().message);
  Contents contents{*number, {}};
  Statement rows(database_.get(), "SELECT kind, key, value FROM resource ORDER BY kind, key");
  int status = rows.step();
  for (; status == SQLITE_ROW; status = rows.step()) {
    contents.rows.push_back({rows.text(0), rows.text(1), rows.text(2)});
  }
  if (status != SQLITE_DONE) return problem("read");
  return contents;
}

Result<uint64_t> Store::commit(uint64_t expected, std::span<const Change> changes) {
  if (const Result<void> begun = execute("BEGIN IMMEDIATE"); !begun) {
    return fail(begun.error().message);
  }
  Result<uint64_t> committed = commit_within(expected, changes);
  // A failed COMMIT may have rolled back by itself, or not.
  if (!committed && sqlite3_get_autocommit(database_.get()) == 0) {
    sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  return committed;
}

Result<uint64_t> Store::commit_within(uint64_t expected, std::span<const Change> changes) {
  const Result<uint64_t> now = revision();
  if (!now) return now;
  if (*now != expected) {
    return fail(fmt::format("the store is at revision {}, not {}", *now, expected));
  }
  for (const Change& change : changes) {
    if (const Result<void> written = write(change); !written) return fail(written.error().message);
  }
  if (const auto counted = execute("UPDATE revision SET number = number + 1"); !counted) {
    return fail(counted.error().message);
  }
  if (const auto done = execute("COMMIT"); !done) return fail(done.error().message);
  return expected + 1;
}

Result<void> Store::write(const Change& change) {
  Statement statement(database_.get(), change.value
                                           ? "INSERT INTO resource VALUES (?1, ?2, ?3)"
                                             " ON CONFLICT DO UPDATE SET value = excluded.value"
                                           : "DELETE FROM resource WHERE kind = ?1 AND key = ?2");
  statement.bind(1, change.kind);
  statement.bind(2, change.key);
  if (change.value) statement.bind(3, *change.value);
  if (statement.step() != SQLITE_DONE) return problem("write");
  return {};
}

Result<void> Store::copy(const std::string& from, const std::string& to) {
  if (::access(from.c_str(), F_OK) != 0) return fail(fmt::format("there is no {}", from));
  if (::access(to.c_str(), F_OK) == 0) {
    return fail(fmt::format("{} exists already; choose another name", to));
  }
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open_v2(from.c_str(), &raw, SQLITE_OPEN_READWRITE, nullptr);
  Store store{Database(raw)};
  if (opened != SQLITE_OK) return store.problem("open");
  sqlite3_busy_timeout(raw, busy_milliseconds);
  if (const Result<void> made = make_private(to); !made) return made;
  Statement copy(raw, "VACUUM INTO ?1");
  copy.bind(1, to);
  if (copy.step() == SQLITE_DONE) return sync(to);  // VACUUM INTO leaves that to us
  const auto problem = store.problem("copy");
  ::unlink(to.c_str());
  return problem;
}

// What is only in the log goes to the file itself. A damaged one keeps its log.
Store::LogState Store::write_log_back(const std::string& file) {
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE, nullptr);
  const Store store{Database(raw)};
  if (opened != SQLITE_OK) return LogState::damaged;
  Statement checkpoint(raw, "PRAGMA wal_checkpoint(TRUNCATE)");
  const int status = checkpoint.step();
  if (status == SQLITE_ROW) return checkpoint.number(0) == 0 ? LogState::empty : LogState::in_use;
  return (status & 0xff) == SQLITE_BUSY ? LogState::in_use : LogState::damaged;
}

Result<Contents> Store::read(const std::string& file) {
  if (::access(file.c_str(), F_OK) != 0) return fail(fmt::format("there is no {}", file));
  // Without its log nobody has it open, and all is in the file itself. SQLite would make a log, as
  // whoever asks, and leave it there.
  const bool at_rest = ::access((file + "-wal").c_str(), F_OK) != 0;
  const std::string uri =
      fmt::format("file:{}?mode=ro{}", uri_escaped(file), at_rest ? "&immutable=1" : "");
  sqlite3* raw = nullptr;
  const int opened =
      sqlite3_open_v2(uri.c_str(), &raw, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nullptr);
  Store store{Database(raw)};
  if (opened != SQLITE_OK) return store.problem("open");
  sqlite3_busy_timeout(raw, busy_milliseconds);
  const auto contents = store.read_as_it_is();
  if (!contents) return fail(fmt::format("{}: {}", file, contents.error().message));
  return contents;
}

Result<Contents> Store::read_as_it_is() {
  if (const auto set = execute("PRAGMA trusted_schema=OFF; BEGIN"); !set) {
    return fail(set.error().message);
  }
  if (const auto healthy = check_health(); !healthy) return fail(healthy.error().message);
  const Result<uint64_t> found = form();
  if (!found) return fail(found.error().message);
  if (*found < migrations.size()) {
    return fail("the store is of an older release; `daruma serve` brings it up to date");
  }
  return load();
}

Result<void> Store::replace(const std::string& fresh, const std::string& file) {
  const std::string folder = file.substr(0, file.find_last_of('/') + 1) + ".";
  if (const auto written = sync(fresh); !written) return written;
  if (::access(file.c_str(), F_OK) == 0) {
    if (write_log_back(file) == LogState::in_use) {
      return fail(fmt::format("somebody else has {} open; end that first", file));
    }
    const std::string former = file + ".former";
    for (const char* suffix : {"", "-wal", "-shm"}) ::unlink((former + suffix).c_str());
    // A second name first: at each moment the folder has one whole store called `file`.
    if (::link(file.c_str(), former.c_str()) != 0) return system_failure("keep", file);
    for (const char* suffix : companions) {
      const std::string companion = file + suffix;
      if (::access(companion.c_str(), F_OK) != 0) continue;
      if (::rename(companion.c_str(), (former + suffix).c_str()) != 0) {
        return system_failure("keep", companion);
      }
    }
    if (const auto kept = sync(folder); !kept) return kept;
  }
  if (::rename(fresh.c_str(), file.c_str()) != 0) return system_failure("replace", file);
  return sync(folder);
}

}  // namespace daruma::store
