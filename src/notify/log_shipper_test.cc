// SPDX-License-Identifier: Apache-2.0
#include "notify/log_shipper.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "telemetry/temporary_directory.h"

namespace daruma::notify {
namespace {

namespace fs = std::filesystem;

std::string gunzipped(const std::string& compressed) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(1024 * 1024, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

class FakeService final : public HttpSender {
 public:
  Result<HttpReply> send(const HttpRequest& request) override {
    ++asked;
    if (!up) return fail("Couldn't connect to server");
    objects.emplace_back(request.url, gunzipped(request.body));
    return HttpReply{200, ""};
  }
  bool up = true;
  int asked = 0;
  std::vector<std::pair<std::string, std::string>> objects;
};

struct LogShipperTest : testing::Test {
  static constexpr Instant start{1h};
  telemetry::TemporaryDirectory directory;
  FakeService service;
  Buckets buckets{{{.name = "lb-logs",
                    .endpoint = "http://s3",
                    .access_key_id = "a",
                    .secret_access_key = "s"}},
                  service};
  Log log = Log::silent();
  LogShipperOptions options{.directory = directory.path()};
  // When all files were written.
  static constexpr WallTime wall =
      std::chrono::sys_days(std::chrono::year(2026) / 10 / 3) + std::chrono::hours(12);

  void write(const std::string& name, const std::string& text) {
    const fs::path path = directory / name;
    fs::create_directories(path.parent_path());
    directory.write(name, text);
    fs::last_write_time(path, std::chrono::file_clock::from_sys(wall));
  }
};

TEST_F(LogShipperTest, puts_what_is_complete_by_its_key_and_leaves_no_folders) {
  write("buckets/lb-logs/p/AWSLogs/1/2026/a.log", "one\n");
  write("buckets/lb-logs/p/access_log_app.web.1.log", "still written\n");
  write("access_log_app.web.1.log", "stays\n");
  LogShipper shipper(options, buckets, log, [] { return false; });
  shipper.turn(start, wall);
  ASSERT_EQ(service.objects.size(), 1u);
  EXPECT_EQ(service.objects[0].first, "http://s3/lb-logs/p/AWSLogs/1/2026/a.log.gz");
  EXPECT_EQ(service.objects[0].second, "one\n");
  EXPECT_FALSE(fs::exists(directory / "buckets/lb-logs/p/AWSLogs"));
  EXPECT_TRUE(fs::exists(directory / "buckets/lb-logs/p/access_log_app.web.1.log"));
  EXPECT_TRUE(fs::exists(directory / "access_log_app.web.1.log"));
  EXPECT_EQ(shipper.totals().files_put.value(), 1u);
  EXPECT_EQ(shipper.totals().waiting_bytes.load(), 0u);
}

TEST_F(LogShipperTest, keeps_what_nobody_takes_and_tries_less_and_less_often) {
  write("buckets/lb-logs/AWSLogs/a.log", "one\n");
  write("buckets/lb-logs/AWSLogs/b.log", "two\n");
  service.up = false;
  LogShipper shipper(options, buckets, log, [] { return false; });
  for (int second = 0; second < 60; ++second) shipper.turn(start + second * 1s, wall);
  EXPECT_EQ(service.asked, 4) << "at 0, 5, 15 and 35 s, one file each time";
  EXPECT_EQ(shipper.totals().put_errors.value(), 4u);
  EXPECT_EQ(shipper.totals().waiting_bytes.load(), 8u);
  service.up = true;
  shipper.turn(start + 2min, wall);
  EXPECT_EQ(service.objects.size(), 2u);
  EXPECT_EQ(shipper.totals().files_lost.value(), 0u);
}

TEST_F(LogShipperTest, lets_the_oldest_go_beyond_the_bytes) {
  for (const char* name : {"a", "b", "c"})
    write(std::string("buckets/lb-logs/AWSLogs/") + name + ".log", std::string(100, 'x'));
  fs::last_write_time(directory / "buckets/lb-logs/AWSLogs/c.log",
                      std::chrono::file_clock::from_sys(wall - std::chrono::hours(1)));
  service.up = false;
  options.waiting_bytes_max = 200;
  LogShipper shipper(options, buckets, log, [] { return false; });
  shipper.turn(start, wall);
  EXPECT_EQ(shipper.totals().files_lost.value(), 1u);
  EXPECT_FALSE(fs::exists(directory / "buckets/lb-logs/AWSLogs/c.log"));
  EXPECT_TRUE(fs::exists(directory / "buckets/lb-logs/AWSLogs/a.log"));
}

TEST_F(LogShipperTest, lets_go_what_is_too_old) {
  write("buckets/lb-logs/AWSLogs/a.log", "old");
  service.up = false;
  LogShipper shipper(options, buckets, log, [] { return false; });
  shipper.turn(start, wall + std::chrono::hours(7 * 24 - 1));
  EXPECT_EQ(shipper.totals().files_lost.value(), 0u);
  shipper.turn(start, wall + std::chrono::hours(7 * 24 + 1));
  EXPECT_EQ(shipper.totals().files_lost.value(), 1u);
  EXPECT_EQ(shipper.totals().waiting_bytes.load(), 0u);
}

TEST_F(LogShipperTest, one_bucket_does_not_wait_for_another) {
  write("buckets/gone/AWSLogs/a.log", "for a bucket that is configured no more\n");
  write("buckets/lb-logs/AWSLogs/b.log", "b\n");
  LogShipper shipper(options, buckets, log, [] { return false; });
  shipper.turn(start, wall);
  EXPECT_EQ(service.objects.size(), 1u);
  EXPECT_TRUE(fs::exists(directory / "buckets/gone/AWSLogs/a.log"));
}

TEST_F(LogShipperTest, compresses_what_stays_where_that_is_wanted) {
  write("web.20261003T121200Z.log", "line\n");
  write("web.log", "open\n");
  write("notes.log", "not ours\n");
  options.compress = true;
  LogShipper shipper(options, buckets, log, [] { return false; });
  shipper.turn(start, wall);
  EXPECT_EQ(directory.names(),
            (std::vector<std::string>{"notes.log", "web.20261003T121200Z.log.gz", "web.log"}));
  EXPECT_EQ(gunzipped(directory.content("web.20261003T121200Z.log.gz")), "line\n");
}

TEST_F(LogShipperTest, stops_between_two_files) {
  write("buckets/lb-logs/AWSLogs/a.log", "a\n");
  LogShipper shipper(options, buckets, log, [] { return true; });
  shipper.turn(start, wall);
  EXPECT_EQ(service.asked, 0);
}

}  // namespace
}  // namespace daruma::notify
