// SPDX-License-Identifier: Apache-2.0
//
// Log lines from one worker to the log writer: a byte ring with one producer and one consumer,
// without locks and without waiting. A line that does not fit is dropped and counted by the
// producer.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace daruma::telemetry {

class LogRing {
 public:
  explicit LogRing(size_t bytes = 4 * 1024 * 1024);  // rounded up to a power of two

  // Producer. False if the ring is full; nothing was written then. `file` names the destination
  // (LogWriter::open).
  bool push(uint32_t file, std::string_view line);

  // Consumer. Calls f(file, line) for each line that waited when this call began (so a busy
  // producer cannot keep it here); the view dies with the call. Returns how many there were.
  template <class F>
  size_t drain(F f);

 private:
  struct Header {
    uint32_t file;
    uint32_t size;
  };
  void copy_in(uint64_t at, const void* from, size_t size);
  void copy_out(uint64_t at, void* to, size_t size) const;

  size_t capacity_;
  std::unique_ptr<char[]> bytes_;
  alignas(64) std::atomic<uint64_t> written_{0};
  alignas(64) std::atomic<uint64_t> read_{0};
  std::string line_;  // consumer's, for lines that wrap around
};

template <class F>
size_t LogRing::drain(F f) {
  size_t lines = 0;
  uint64_t at = read_.load(std::memory_order_relaxed);
  const uint64_t end = written_.load(std::memory_order_acquire);
  while (at != end) {
    Header header;
    copy_out(at, &header, sizeof header);
    line_.resize(header.size);
    copy_out(at + sizeof header, line_.data(), header.size);
    at += sizeof header + header.size;
    read_.store(at, std::memory_order_release);
    f(header.file, std::string_view(line_));
    ++lines;
  }
  return lines;
}

}  // namespace daruma::telemetry
