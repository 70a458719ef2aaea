// SPDX-License-Identifier: Apache-2.0
#include "notify/outbox.h"

#include <fmt/format.h>

#include <vector>

namespace daruma::notify {

Result<std::unique_ptr<Outbox>> Outbox::open(const std::string& file) {
  auto opened = store::Store::open(file);
  if (!opened) return fail(opened.error().message);
  auto contents = (*opened)->load();
  if (!contents) return fail(fmt::format("{}: {}", file, contents.error().message));
  auto outbox = std::make_unique<Outbox>();
  for (store::Row& row : contents->rows) outbox->put(row.kind, row.key, std::move(row.value));
  outbox->changed_.clear();
  outbox->revision_ = contents->revision;
  outbox->store_ = std::move(*opened);
  return outbox;
}

std::unique_ptr<Outbox> Outbox::open_or_forget(const std::string& file, const Log& log) {
  if (file.empty()) return std::make_unique<Outbox>();
  auto opened = open(file);
  if (opened) return std::move(*opened);
  log.write(LogLevel::error, "notify",
            "what has to be delivered is kept in memory only; move the file away, and restart",
            {{"file", file}, {"problem", opened.error().message}});
  return std::make_unique<Outbox>();
}

const Outbox::Values& Outbox::of(const std::string& kind) const {
  static const Values none;
  const auto found = values_.find(kind);
  return found == values_.end() ? none : found->second;
}

void Outbox::put(const std::string& kind, const std::string& key, std::string value) {
  std::string& place = values_[kind][key];
  bytes_[kind] += value.size() - place.size();
  place = std::move(value);
  changed_.emplace(kind, key);
}

void Outbox::erase(const std::string& kind, const std::string& key) {
  Values& values = values_[kind];
  const auto found = values.find(key);
  if (found == values.end()) return;
  bytes_[kind] -= found->second.size();
  values.erase(found);
  changed_.emplace(kind, key);
}

uint64_t Outbox::shorten(const std::string& kind, size_t bytes_max) {
  uint64_t gone = 0;
  while (bytes_[kind] > bytes_max && !of(kind).empty()) {
    const std::string first = of(kind).begin()->first;
    erase(kind, first);
    ++gone;
  }
  return gone;
}

Result<void> Outbox::commit() {
  if (store_ == nullptr) changed_.clear();
  if (changed_.empty()) return {};
  std::vector<store::Change> changes;
  for (const auto& [kind, key] : changed_) {
    const Values& values = of(kind);
    const auto found = values.find(key);
    changes.push_back({kind, key, std::nullopt});
    if (found != values.end()) changes.back().value = found->second;
  }
  const Result<uint64_t> revision = store_->commit(revision_, changes);
  if (!revision) return fail(revision.error().message);
  revision_ = *revision;
  changed_.clear();
  return {};
}

}  // namespace daruma::notify
