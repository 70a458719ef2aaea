// SPDX-License-Identifier: Apache-2.0
#include "io/tcp.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace daruma::io {
namespace {

TEST(Tcp, errors_of_the_system_have_a_name_in_daruma) {
  struct Row {
    int error_number;
    SocketError error;
  };
  const Row rows[] = {
      {0, SocketError::none},
      {ECONNREFUSED, SocketError::refused},
      {ENETUNREACH, SocketError::unreachable},
      {EHOSTUNREACH, SocketError::unreachable},
      {ETIMEDOUT, SocketError::timed_out},
      {ECONNRESET, SocketError::reset},
      {EPIPE, SocketError::reset},
      {EMFILE, SocketError::local_failure},
      {ENFILE, SocketError::local_failure},
      {EADDRNOTAVAIL, SocketError::local_failure},
      {EAGAIN, SocketError::local_failure},
      {ENOBUFS, SocketError::local_failure},
      {ENOMEM, SocketError::local_failure},
      {ENOSPC, SocketError::local_failure},
      {EPERM, SocketError::local_failure},
      {EACCES, SocketError::local_failure},
      {EIO, SocketError::other},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(tcp::error_of(row.error_number), row.error) << row.error_number;
  }
}

}  // namespace
}  // namespace daruma::io
