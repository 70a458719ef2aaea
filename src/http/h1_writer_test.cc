// SPDX-License-Identifier: Apache-2.0
#include "http/h1_writer.h"

#include <gtest/gtest.h>

namespace daruma::http {
namespace {

class H1Writer : public testing::Test {
 protected:
  SlabPool pool_;
  Buffer out_{pool_};
};

TEST_F(H1Writer, heads) {
  write_request_line(out_, "GET", "/x?y");
  write_field(out_, "Host", "h");
  end_head(out_);
  EXPECT_EQ(out_.view(), "GET /x?y HTTP/1.1\r\nHost: h\r\n\r\n");
  out_.clear();
  write_status_line(out_, 460, "");
  write_field(out_, "Content-Length", uint64_t{0});
  write_field(out_, "X", UINT64_MAX);
  end_head(out_);
  EXPECT_EQ(out_.view(), "HTTP/1.1 460 \r\nContent-Length: 0\r\nX: 18446744073709551615\r\n\r\n");
}

TEST_F(H1Writer, chunks) {
  EXPECT_EQ(ChunkHead(1).view(), "1\r\n");
  EXPECT_EQ(ChunkHead(0x1f40).view(), "1f40\r\n");
  EXPECT_EQ(ChunkHead(UINT64_MAX).view(), "ffffffffffffffff\r\n");
  write_last_chunk(out_, "");
  write_last_chunk(out_, "A: b\r\n");
  EXPECT_EQ(out_.view(), "0\r\n\r\n0\r\nA: b\r\n\r\n");
}

}  // namespace
}  // namespace daruma::http
