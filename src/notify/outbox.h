// SPDX-License-Identifier: Apache-2.0
//
// What has yet to be delivered, and what has to be remembered about those it goes to: kind → key →
// value, in memory, and on the disk if there is a file (store/store), so that a restart loses
// nothing. Bounded: where a kind that is told a limit would grow beyond it, its first keys go, and
// are counted. Keys are in order, so that names with numbers are a queue. One thread; commit()
// waits for the disk.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/result.h"
#include "store/store.h"

namespace daruma::notify {

class Outbox {
 public:
  using Values = std::map<std::string, std::string>;

  // In memory only.
  Outbox() = default;
  // Makes the file if it is missing. Fails if it cannot be read, which is said with its name.
  static Result<std::unique_ptr<Outbox>> open(const std::string& file);
  // The same; where that fails, which is logged, or `file` is "": in memory only.
  static std::unique_ptr<Outbox> open_or_forget(const std::string& file, const Log& log);

  const Values& of(const std::string& kind) const;
  void put(const std::string& kind, const std::string& key, std::string value);
  void erase(const std::string& kind, const std::string& key);
  // Lets the first values of the kind go until those that are left take no more. How many went.
  uint64_t shorten(const std::string& kind, size_t bytes_max);

  // What was changed since is on the disk. If that fails, it stays in memory and is tried again
  // with the next commit.
  Result<void> commit();

 private:
  std::unique_ptr<store::Store> store_;  // null: in memory only
  uint64_t revision_ = 0;
  std::map<std::string, Values> values_;
  std::map<std::string, size_t> bytes_;
  std::set<std::pair<std::string, std::string>> changed_;  // since the last commit; kind, key
};

}  // namespace daruma::notify
