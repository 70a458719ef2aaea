// SPDX-License-Identifier: Apache-2.0
#include "store/archive.h"

#include <fmt/format.h>
#include <zlib.h>

#include <optional>
#include <string_view>
#include <utility>

#include "store/sqlite.h"

namespace daruma::store {
namespace {

constexpr int form = 1;
constexpr int page_bytes = 4096;
constexpr size_t unpacked_max = 64ul * 1024 * 1024;

// A block's key: all of one place in time lie together, so that what is too old goes at once.
int64_t key_of(uint8_t tier, uint32_t place, uint32_t series) {
  return static_cast<int64_t>(uint64_t{tier} << 59 | uint64_t{place & 0x7ffffff} << 32 | series);
}

// Its size in four bytes, then what zlib makes of it.
std::string packed(std::string_view bytes) {
  uLongf size = compressBound(bytes.size());
  std::string out(4 + size, '\0');
  for (size_t i = 0; i < 4; ++i) out[i] = static_cast<char>(bytes.size() >> (8 * i));
  compress2(reinterpret_cast<Bytef*>(out.data() + 4), &size,
            reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), 6);
  out.resize(4 + size);
  return out;
}

std::optional<std::string> unpacked(std::string_view bytes) {
  if (bytes.size() < 4) return std::nullopt;
  uLongf size = 0;
  for (size_t i = 0; i < 4; ++i) {
    size |= static_cast<uLongf>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  if (size > unpacked_max) return std::nullopt;
  std::string out(size, '\0');
  const int done = uncompress(reinterpret_cast<Bytef*>(out.data()), &size,
                              reinterpret_cast<const Bytef*>(bytes.data() + 4), bytes.size() - 4);
  if (done != Z_OK || size != out.size()) return std::nullopt;
  return out;
}

}  // namespace

void Archive::Closer::operator()(sqlite3* database) const {
  sqlite3_close(database);
}

Archive::~Archive() = default;

Result<std::unique_ptr<Archive>> Archive::open(const std::string& file, int64_t bytes_most) {
  if (const Result<void> made = make_private(file); !made) return fail(made.error().message);
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE, nullptr);
  std::unique_ptr<Archive> archive(new Archive({raw, Closer()}));
  if (opened != SQLITE_OK) return archive->problem("open");
  if (const auto ready = archive->prepare(bytes_most); !ready) {
    return fail(fmt::format("{}: {}", file, ready.error().message));
  }
  return archive;
}

tl::unexpected<Error> Archive::problem(const char* doing) const {
  return fail(
      fmt::format("cannot {} the archive of metrics: {}", doing, sqlite3_errmsg(database_.get())));
}

Result<void> Archive::execute(const char* sql) {
  if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return problem("change");
}

Result<void> Archive::prepare(int64_t bytes_most) {
  sqlite3_busy_timeout(database_.get(), 5'000);
  const auto set = execute(fmt::format("PRAGMA page_size={}; PRAGMA journal_mode=WAL;"
                                       "PRAGMA synchronous=NORMAL; PRAGMA trusted_schema=OFF;"
                                       "PRAGMA journal_size_limit=16777216;"
                                       "PRAGMA max_page_count={};",
                                       page_bytes, bytes_most / page_bytes)
                               .c_str());
  if (!set) return set;
  Statement version(database_.get(), "PRAGMA user_version");
  if (version.step() != SQLITE_ROW) return problem("read");
  const int64_t found = version.number(0);
  if (found == form) return {};
  if (found != 0) return fail("the archive of metrics is of another release");
  return execute(
      "BEGIN IMMEDIATE;"
      "CREATE TABLE series (number INTEGER PRIMARY KEY AUTOINCREMENT, description BLOB NOT NULL,"
      " last_point INTEGER NOT NULL);"
      "CREATE TABLE block (key INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"
      "CREATE TABLE slice (time INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"
      "CREATE TABLE checkpoint (only INTEGER PRIMARY KEY CHECK (only = 1), time INTEGER NOT NULL);"
      "INSERT INTO checkpoint VALUES (1, 0);"
      "PRAGMA user_version=1; COMMIT;");
}

Result<void> Archive::write(const ArchiveBatch& batch) {
  if (const auto begun = execute("BEGIN IMMEDIATE"); !begun) return begun;
  const Result<void> written = write_within(batch);
  // A failed COMMIT may have rolled back by itself, or not.
  if (!written && sqlite3_get_autocommit(database_.get()) == 0) {
    sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  return written;
}

Result<void> Archive::write_within(const ArchiveBatch& batch) {
  sqlite3* const database = database_.get();
  // Room first.
  for (uint8_t tier = 0; tier < batch.blocks_before.size(); ++tier) {
    if (batch.blocks_before[tier] == 0) continue;
    Statement old(database, "DELETE FROM block WHERE key >= ?1 AND key < ?2");
    old.bind(1, key_of(tier, 0, 0));
    old.bind(2, key_of(tier, batch.blocks_before[tier], 0));
    if (old.step() != SQLITE_DONE) return problem("clear");
  }
  Statement clear(database, "DELETE FROM slice WHERE time < ?1");
  clear.bind(1, batch.slices_before);
  if (clear.step() != SQLITE_DONE) return problem("clear");
  Statement made(database, "INSERT OR REPLACE INTO series VALUES (?1, ?2, ?3)");
  Statement seen(database, "UPDATE series SET last_point = ?3 WHERE number = ?1");
  for (const ArchivedSeries& series : batch.series) {
    Statement& statement = series.description.empty() ? seen : made;
    statement.bind(1, int64_t{series.number});
    if (!series.description.empty()) statement.bind_bytes(2, series.description);
    statement.bind(3, series.last_point);
    if (statement.step() != SQLITE_DONE) return problem("write");
    statement.reset();
  }
  Statement forget(database, "DELETE FROM series WHERE number = ?1");
  for (const uint32_t number : batch.forgotten_series) {
    forget.bind(1, int64_t{number});
    if (forget.step() != SQLITE_DONE) return problem("write");
    forget.reset();
  }
  Statement block(database, "INSERT OR REPLACE INTO block VALUES (?1, ?2)");
  for (const ArchivedBlock& each : batch.blocks) {
    const std::string bytes = packed(each.bytes);
    block.bind(1, key_of(each.tier, each.place, each.series));
    block.bind_bytes(2, bytes);
    if (block.step() != SQLITE_DONE) return problem("write");
    block.reset();
  }
  Statement slice(database, "INSERT OR REPLACE INTO slice VALUES (?1, ?2)");
  for (const ArchivedSlice& each : batch.slices) {
    const std::string bytes = packed(each.bytes);
    slice.bind(1, each.time);
    slice.bind_bytes(2, bytes);
    if (slice.step() != SQLITE_DONE) return problem("write");
    slice.reset();
  }
  if (batch.checkpoint != 0) {
    Statement checkpoint(database, "UPDATE checkpoint SET time = ?1");
    checkpoint.bind(1, batch.checkpoint);
    if (checkpoint.step() != SQLITE_DONE) return problem("write");
  }
  return execute("COMMIT");
}

Result<ArchiveContents> Archive::load() {
  ArchiveContents contents;
  Statement checkpoint(database_.get(), "SELECT time FROM checkpoint");
  if (checkpoint.step() != SQLITE_ROW) return problem("read");
  contents.checkpoint = checkpoint.number(0);
  Statement next(database_.get(), "SELECT seq FROM sqlite_sequence WHERE name = 'series'");
  if (next.step() == SQLITE_ROW) contents.next_series = static_cast<uint32_t>(next.number(0)) + 1;
  Statement series(database_.get(), "SELECT number, description, last_point FROM series");
  int status = series.step();
  for (; status == SQLITE_ROW; status = series.step()) {
    contents.series.push_back(
        {static_cast<uint32_t>(series.number(0)), series.bytes(1), series.number(2)});
  }
  if (status != SQLITE_DONE) return problem("read");
  Statement slices(database_.get(), "SELECT time, bytes FROM slice ORDER BY time");
  status = slices.step();
  for (; status == SQLITE_ROW; status = slices.step()) {
    if (auto bytes = unpacked(slices.bytes(1)))
      contents.slices.push_back({slices.number(0), std::move(*bytes)});
  }
  if (status != SQLITE_DONE) return problem("read");
  return contents;
}

std::vector<ArchivedBlock> Archive::blocks(uint32_t series, uint8_t tier, uint32_t from,
                                           uint32_t to) {
  std::vector<ArchivedBlock> found;
  Statement read(database_.get(), "SELECT bytes FROM block WHERE key = ?1");
  for (uint32_t place = from; place < to; ++place) {
    read.bind(1, key_of(tier, place, series));
    if (read.step() == SQLITE_ROW) {
      if (auto bytes = unpacked(read.bytes(0)))
        found.push_back({series, tier, place, std::move(*bytes)});
    }
    read.reset();
  }
  return found;
}

int64_t Archive::bytes() {
  Statement pages(database_.get(), "PRAGMA page_count");
  return pages.step() == SQLITE_ROW ? pages.number(0) * page_bytes : 0;
}

int64_t Archive::bytes_used() {
  Statement pages(database_.get(), "PRAGMA freelist_count");
  return pages.step() == SQLITE_ROW ? bytes() - pages.number(0) * page_bytes : 0;
}

}  // namespace daruma::store
