// SPDX-License-Identifier: Apache-2.0
//
// Contiguous byte queues on pooled slabs. A Buffer that is empty holds no slab, so an idle
// connection costs nothing but its own object. One pool per thread; nothing here is thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/gauge.h"

namespace daruma {

// Freelists of slabs in a few size classes. Keeps at most `kept_max` free slabs of each class.
// Outlives whoever took a slab from it.
class SlabPool {
 public:
  static constexpr std::array<size_t, 3> classes = {4 * 1024, 16 * 1024, 68 * 1024};

  explicit SlabPool(size_t kept_max = kept_max_default);
  // Counts in a gauge that others look at; it outlives the pool.
  explicit SlabPool(Gauge& outstanding, size_t kept_max = kept_max_default);
  ~SlabPool();
  SlabPool(const SlabPool&) = delete;
  SlabPool& operator=(const SlabPool&) = delete;

  // The smallest class of at least `size` bytes. REQUIRES: size <= classes.back().
  std::span<char> take(size_t size);
  void give(std::span<char> slab);
  // Slabs handed out and not yet given back (what leak checks and the simulation's auditor look
  // at).
  size_t outstanding() const { return static_cast<size_t>(outstanding_.value()); }

 private:
  static constexpr size_t kept_max_default = 256;

  size_t kept_max_;
  Gauge own_outstanding_;
  Gauge& outstanding_;
  std::array<std::vector<char*>, classes.size()> free_;
};

// Bytes go in at the end (prepare + commit, or append) and leave at the front (consume). Always
// contiguous.
class Buffer {
 public:
  explicit Buffer(SlabPool& pool) : pool_(&pool) {}
  ~Buffer() { clear(); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  bool empty() const { return begin_ == end_; }
  size_t size() const { return end_ - begin_; }
  std::string_view view() const { return {slab_.data() + begin_, size()}; }
  static constexpr size_t size_max() { return SlabPool::classes.back(); }

  // Room for at least `least` more bytes, moving or growing as needed (views into the buffer become
  // invalid). Returns all the room there is. REQUIRES: size() + least <= size_max().
  std::span<char> prepare(size_t least);
  void commit(size_t bytes);  // REQUIRES: bytes <= what prepare() returned
  void append(std::string_view bytes);
  // Drops bytes from the front; gives the slab back when nothing is left.
  void consume(size_t bytes);
  void clear();
  // Gives back a slab that prepare() took but nothing was written to.
  void release_if_empty() {
    if (empty()) clear();
  }
  // This becomes what `other` was, and `other` becomes empty; views into `other` stay valid.
  // REQUIRES: empty(), same pool.
  void take(Buffer& other);

 private:
  SlabPool* pool_;
  std::span<char> slab_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace daruma
