// SPDX-License-Identifier: Apache-2.0
#include "record_file.h"

namespace daruma::lab {
namespace {

int64_t microseconds(Duration duration) {
  return duration == Record::absent
             ? -1
             : std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

}  // namespace

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::answered:
      return "answered";
    case Outcome::wrong_body:
      return "wrong_body";
    case Outcome::not_sent:
      return "not_sent";
    case Outcome::connect:
      return "connect";
    case Outcome::tls:
      return "tls";
    case Outcome::reset:
      return "reset";
    case Outcome::closed:
      return "closed";
    case Outcome::malformed:
      return "malformed";
    case Outcome::timed_out:
      return "timed_out";
  }
  return "";
}

Result<RecordFile> RecordFile::create(const std::string& path, WallTime start) {
  std::ofstream file(path);
  file << "# start_unix_us=" << start.time_since_epoch().count() << "\n"
       << "number,attempt,reused,status,outcome,intended_us,sent_us,first_byte_us,done_us\n";
  file.flush();
  if (!file) return fail("cannot write " + path);
  return RecordFile(std::move(file));
}

void RecordFile::write(const Record& record) {
  file_ << record.number << ',' << record.attempt << ',' << record.reused << ',' << record.status
        << ',' << name_of(record.outcome) << ',' << microseconds(record.intended) << ','
        << microseconds(record.sent) << ',' << microseconds(record.first_byte) << ','
        << microseconds(record.done) << '\n';
}

}  // namespace daruma::lab
