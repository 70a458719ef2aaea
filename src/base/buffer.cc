// SPDX-License-Identifier: Apache-2.0
#include "base/buffer.h"

// Its macros do nothing unless the address sanitizer is on.
#include <sanitizer/asan_interface.h>

#include <cstring>
#include <new>
#include <utility>

#include "base/check.h"

namespace daruma {
namespace {

size_t class_of(size_t size) {
  // Nearly always the first.
  size_t i = 0;
  while (size > SlabPool::classes[i]) {
    ++i;
    DARUMA_ASSERT(i < SlabPool::classes.size());
  }
  return i;
}

}  // namespace

SlabPool::SlabPool(size_t kept_max) : SlabPool(own_outstanding_, kept_max) {}

SlabPool::SlabPool(Gauge& outstanding, size_t kept_max)
    : kept_max_(kept_max), outstanding_(outstanding) {
  // Now, so that giving a slab back never allocates.
  for (auto& slabs : free_) slabs.reserve(kept_max);
}

SlabPool::~SlabPool() {
  DARUMA_ASSERT(outstanding() == 0);
  for (size_t i = 0; i < classes.size(); ++i) {
    for (char* slab : free_[i]) {
      ASAN_UNPOISON_MEMORY_REGION(slab, classes[i]);
      ::operator delete(slab);
    }
  }
}

std::span<char> SlabPool::take(size_t size) {
  const size_t i = class_of(size);
  outstanding_.add(1);
  if (free_[i].empty()) return {static_cast<char*>(::operator new(classes[i])), classes[i]};
  char* slab = free_[i].back();
  free_[i].pop_back();
  ASAN_UNPOISON_MEMORY_REGION(slab, classes[i]);
  return {slab, classes[i]};
}

void SlabPool::give(std::span<char> slab) {
  const size_t i = class_of(slab.size());
  DARUMA_ASSERT(slab.size() == classes[i]);
  DARUMA_ASSERT(outstanding() > 0);
  outstanding_.add(-1);
  if (free_[i].size() == kept_max_) {
    ::operator delete(slab.data());
    return;
  }
  // So that the sanitizer catches a view into a slab that was given back.
  ASAN_POISON_MEMORY_REGION(slab.data(), slab.size());
  free_[i].push_back(slab.data());
}

std::span<char> Buffer::prepare(size_t least) {
  DARUMA_ASSERT(size() + least <= size_max());
  if (slab_.empty()) {
    slab_ = pool_->take(least);
  } else if (size() + least > slab_.size()) {
    const std::span<char> larger = pool_->take(size() + least);
    std::memcpy(larger.data(), slab_.data() + begin_, size());
    pool_->give(std::exchange(slab_, larger));
    end_ = size();
    begin_ = 0;
  } else if (least > slab_.size() - end_) {
    std::memmove(slab_.data(), slab_.data() + begin_, size());
    end_ = size();
    begin_ = 0;
  }
  return slab_.subspan(end_);
}

void Buffer::commit(size_t bytes) {
  DARUMA_ASSERT(bytes <= slab_.size() - end_);
  end_ += bytes;
}

void Buffer::append(std::string_view bytes) {
  if (bytes.empty()) return;
  std::memcpy(prepare(bytes.size()).data(), bytes.data(), bytes.size());
  end_ += bytes.size();
}

void Buffer::consume(size_t bytes) {
  DARUMA_ASSERT(bytes <= size());
  begin_ += bytes;
  release_if_empty();
}

void Buffer::clear() {
  if (!slab_.empty()) pool_->give(std::exchange(slab_, {}));
  begin_ = end_ = 0;
}

void Buffer::take(Buffer& other) {
  DARUMA_ASSERT(empty());
  DARUMA_ASSERT(pool_ == other.pool_);
  clear();
  slab_ = std::exchange(other.slab_, {});
  begin_ = std::exchange(other.begin_, 0);
  end_ = std::exchange(other.end_, 0);
}

}  // namespace daruma
