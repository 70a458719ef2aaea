// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log_ring.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace daruma::telemetry {

// Room for at least a few short lines, whatever the caller asks for.
LogRing::LogRing(size_t bytes)
    : capacity_(std::bit_ceil(std::max<size_t>(bytes, 64))),
      bytes_(std::make_unique_for_overwrite<char[]>(capacity_)) {}

bool LogRing::push(uint32_t file, std::string_view line) {
  if (line.size() > std::numeric_limits<uint32_t>::max()) return false;
  const uint64_t at = written_.load(std::memory_order_relaxed);
  const size_t room = capacity_ - static_cast<size_t>(at - read_.load(std::memory_order_acquire));
  if (sizeof(Header) + line.size() > room) return false;
  const Header header{file, static_cast<uint32_t>(line.size())};
  copy_in(at, &header, sizeof header);
  copy_in(at + sizeof header, line.data(), line.size());
  written_.store(at + sizeof header + line.size(), std::memory_order_release);
  return true;
}

void LogRing::copy_in(uint64_t at, const void* from, size_t size) {
  const size_t begin = static_cast<size_t>(at) & (capacity_ - 1);
  const size_t first = std::min(size, capacity_ - begin);
  const char* source = static_cast<const char*>(from);
  std::copy_n(source, first, bytes_.get() + begin);
  std::copy_n(source + first, size - first, bytes_.get());
}

void LogRing::copy_out(uint64_t at, void* to, size_t size) const {
  const size_t begin = static_cast<size_t>(at) & (capacity_ - 1);
  const size_t first = std::min(size, capacity_ - begin);
  char* target = static_cast<char*>(to);
  std::copy_n(bytes_.get() + begin, first, target);
  std::copy_n(bytes_.get(), size - first, target + first);
}

}  // namespace daruma::telemetry
