// SPDX-License-Identifier: Apache-2.0
//
// Requests and responses of llhttp's test suite, where it is at hand. What llhttp accepts in its
// strict mode reads the same here: method, target or status, fields and body, message by message.
// What it rejects is malformed here, or blocked in strictest mode, or 501. Departures are listed
// with their reasons. Cases for its lenient modes, for finish() and for skipped bodies are not ours
// to answer.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "http/desync.h"
#include "http/h1_body.h"
#include "http/h1_parser.h"

namespace daruma::http {
namespace {

struct Message {
  std::string start;  // method and target, or the status
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  bool head_complete = false;
  bool keep_alive = true;
  bool operator==(const Message& other) const {
    return start == other.start && fields == other.fields && body == other.body;
  }
};

std::ostream& operator<<(std::ostream& out, const Message& message) {
  out << message.start;
  for (const auto& [name, value] : message.fields) out << " | " << name << "=" << value;
  return out << " || " << message.body;
}

enum class Outcome { accepted, rejected, upgraded, closed };

struct Case {
  std::string name;
  bool request = true;
  std::string input;
  Outcome outcome = Outcome::accepted;
  std::vector<Message> messages;
};

// Lines end with CRLF but for those that a backslash continues; \r \n \t \f \xHH stand for bytes.
std::string input_of(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  std::string input;
  for (size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (text[i] == '\n') {
      input += "\r\n";
    } else if (text[i] != '\\') {
      input += text[i];
    } else if (next == '\n') {
      ++i;
    } else if (next == 'x') {
      // A character of the suite's language, which writes it as UTF-8.
      const uint64_t c = *parse_hex(std::string_view(text).substr(i + 2, 2));
      if (c >= 0x80) input += static_cast<char>(0xc0 | c >> 6);
      input += static_cast<char>(c < 0x80 ? c : 0x80 | (c & 0x3f));
      i += 3;
    } else if (std::string_view("rntf").find(next) != std::string_view::npos) {
      input += std::string_view("\r\n\t\f")[std::string_view("rntf").find(next)];
      ++i;
    } else {
      input += '\\';
    }
  }
  return input;
}

// The log names each span by place and length.
void read_log(const std::string& log, Case& c) {
  static const std::regex span(R"(off=(\d+) len=(\d+) span\[(\w+)\].*)");
  static const std::regex error(R"(off=\d+ error code=(\d+).*)");
  static const std::regex status(R"(.* headers complete status=(\d+).*)");
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (line.ends_with("message begin")) c.messages.emplace_back();
    if (std::regex_match(line, match, error)) {
      const int code = std::stoi(match[1]);
      c.outcome = code == 22 ? Outcome::upgraded : code == 5 ? Outcome::closed : Outcome::rejected;
    }
    if (c.messages.empty()) continue;
    Message& message = c.messages.back();
    if (line.find(" headers complete") != line.npos) message.head_complete = true;
    if (std::regex_match(line, match, status)) message.start = match[1];
    if (!std::regex_match(line, match, span)) continue;
    const std::string text = c.input.substr(std::stoul(match[1]), std::stoul(match[2]));
    const std::string kind = match[3];
    if (kind == "method") message.start = text + " ";
    if (kind == "url") message.start += text;
    if (kind == "body") message.body += text;
    if (message.head_complete) continue;  // what follows are trailers
    if (kind == "header_field") message.fields.emplace_back(text, "");
    if (kind == "header_value") message.fields.back().second += text;
  }
  for (Message& message : c.messages) {
    for (auto& [name, value] : message.fields) value = trim_ows(value);
  }
  // A head that is not complete is no message.
  if (!c.messages.empty() && !c.messages.back().head_complete) c.messages.pop_back();
}

std::string block(const std::string& text, const std::string& kind) {
  const std::string begin = "```" + kind + "\n";
  const size_t at = text.find(begin);
  if (at == text.npos) return "";
  return text.substr(at + begin.size(), text.find("\n```", at) + 1 - at - begin.size());
}

// A section holds a heading, a type, the input and the log.
std::vector<Case> load(const std::filesystem::path& folder, size_t& not_ours) {
  static const std::regex type(R"re("type":\s*"([^"]+)")re");
  std::vector<Case> cases;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().parent_path() == folder || !entry.is_regular_file()) continue;
    std::stringstream all;
    all << std::ifstream(entry.path()).rdbuf();
    const std::string text = "\n" + all.str();
    for (size_t at = text.find("\n#"); at != text.npos;) {
      const size_t next = text.find("\n#", at + 1);
      const std::string section = text.substr(at + 1, next - at - 1);
      at = next;
      std::smatch match;
      if (block(section, "http").empty() || !std::regex_search(section, match, type)) continue;
      const bool plain = match[1] == "request" || match[1] == "response";
      if (!plain || section.find("\"skipBody\"") != section.npos) {
        ++not_ours;
        continue;
      }
      Case c;
      c.name = entry.path().parent_path().filename().string() + "/" +
               entry.path().filename().string() + ": " +
               section.substr(section.find(' ') + 1, section.find('\n') - section.find(' ') - 1);
      c.request = match[1] == "request";
      c.input = input_of(block(section, "http"));
      read_log(block(section, "log"), c);
      cases.push_back(std::move(c));
    }
  }
  return cases;
}

// What our parsers make of it.
struct Reading {
  std::vector<Message> messages;
  bool rejected = false;
  bool blocked_in_strictest = false;
  bool head_unfinished = false;
};

template <class Head>
Message message_of(std::string start, const Head& head) {
  Message message;
  message.start = std::move(start);
  message.keep_alive = head.keep_alive;
  for (const Field& field : head.fields) message.fields.emplace_back(field.name, field.value);
  return message;
}

// Reads the head at the front of `input` and readies `body`; returns the head's size, nullopt if it
// is not complete or rejected.
std::optional<size_t> read_request(std::string_view input, Reading& reading, H1BodyReader& body) {
  H1RequestParser parser;
  RequestHead head;
  const ParseStatus status = parser.parse(input, head);
  if (status == ParseStatus::need_more) return std::nullopt;
  const DesyncVerdict verdict = classify(head.findings);
  reading.rejected = status != ParseStatus::complete || unframeable(head.findings) ||
                     head.transfer_coding_unsupported;
  reading.blocked_in_strictest |=
      decide(verdict, head.findings, DesyncMode::strictest) == DesyncDecision::block;
  if (reading.rejected) return std::nullopt;
  const std::string start = std::string(head.method_text) + " " + std::string(head.target);
  reading.messages.push_back(message_of(start, head));
  body.begin(head.framing, head.content_length);
  return head.wire_bytes;
}

std::optional<size_t> read_response(std::string_view input, Reading& reading, H1BodyReader& body) {
  H1ResponseParser parser;
  ResponseHead head;
  const ParseStatus status = parser.parse(input, Method::get, head);
  if (status == ParseStatus::need_more) return std::nullopt;
  reading.rejected = status != ParseStatus::complete;
  if (reading.rejected) return std::nullopt;
  reading.messages.push_back(message_of(std::to_string(head.status), head));
  body.begin(head.framing, head.content_length);
  return head.wire_bytes;
}

Reading read(const Case& c) {
  Reading reading;
  for (std::string_view rest = c.input; !rest.empty();) {
    H1BodyReader body;
    const auto head_bytes =
        c.request ? read_request(rest, reading, body) : read_response(rest, reading, body);
    reading.head_unfinished = !head_bytes && !reading.rejected;
    if (!head_bytes) return reading;
    rest.remove_prefix(*head_bytes);
    Message& message = reading.messages.back();
    // What CONNECT sends behind its head is no body to llhttp.
    if (message.start.starts_with("CONNECT ")) return reading;
    while (!body.finished()) {
      const H1BodyReader::Piece piece = body.next(rest);
      message.body += piece.payload;
      rest.remove_prefix(piece.consumed);
      reading.rejected = piece.status == BodyStatus::malformed;
      if (reading.rejected || piece.consumed == 0) return reading;
    }
    // There llhttp does not read on.
    if (c.outcome == Outcome::upgraded) return reading;
    if (c.outcome == Outcome::closed && !message.keep_alive) return reading;
  }
  return reading;
}

constexpr std::string_view accepted_here = "accepted here";
constexpr std::string_view rejected_here = "rejected here";

std::string problem_with(const Case& c) {
  Reading reading = read(c);
  if (c.outcome == Outcome::rejected && reading.head_unfinished) {
    // llhttp rejects before the head has ended; we look when it has.
    Case whole = c;
    whole.input += "\r\n\r\n";
    reading = read(whole);
  }
  if (c.outcome == Outcome::rejected) {
    const bool refused = reading.rejected || reading.blocked_in_strictest;
    return std::string(refused ? "" : accepted_here);
  }
  if (reading.rejected) return std::string(rejected_here);
  const bool closes = !reading.messages.empty() && !reading.messages.back().keep_alive;
  if (c.outcome == Outcome::closed && !closes) return "stays open";
  if (reading.messages == c.messages) return "";
  std::stringstream text;
  for (const Message& message : reading.messages) text << "\n  here  " << message;
  for (const Message& message : c.messages) text << "\n  there " << message;
  return text.str();
}

struct Departure {
  std::string_view problem;
  std::string_view reason;
};

const std::map<std::string_view, Departure> departures = {
    {"request/method.md: SOURCE request with ICE", {rejected_here, "not HTTP"}},
    {"request/method.md: OPTIONS request with RTSP", {rejected_here, "not HTTP"}},
    {"request/method.md: ANNOUNCE request with RTSP", {rejected_here, "not HTTP"}},
    {"response/sample.md: RTSP response", {rejected_here, "not HTTP"}},
    {"response/sample.md: ICE response", {rejected_here, "not HTTP"}},
    {"response/sample.md: HTTP version 0.9", {rejected_here, "0.9 has no status line"}},
    {"request/invalid.md: HTTP protocol and ANNOUNCE method",
     {accepted_here, "any token is a method (RFC 9110 9.1)"}},
    {"request/invalid.md: Invalid method", {accepted_here, "any token is a method (RFC 9110 9.1)"}},
    {"request/uri.md: Disallow UTF-8 in URI path in strict mode",
     {accepted_here, "Compliant by the guard's vectors"}},
    {"request/transfer-encoding.md: No extension after semicolon",
     {accepted_here, "chunk extensions end here, unread"}},
    {"request/transfer-encoding.md: Unbalanced chunk extensions quoting",
     {accepted_here, "chunk extensions end here, unread"}},
    {"response/transfer-encoding.md: No extension after semicolon",
     {accepted_here, "chunk extensions end here, unread"}},
    {"response/transfer-encoding.md: Unbalanced chunk extensions quoting",
     {accepted_here, "chunk extensions end here, unread"}},
    {"request/transfer-encoding.md: POST with `chunked` as last transfer-encoding",
     {rejected_here, "501, as an ALB answers to codings but chunked and identity"}},
    {"request/transfer-encoding.md: POST with `chunked` as last transfer-encoding (multiple "
     "headers)",
     {rejected_here, "501, as an ALB answers to codings but chunked and identity"}},
    {"response/transfer-encoding.md: `chunked` before other transfer-encoding",
     {rejected_here, "a coding that nobody offered to the target"}},
    {"response/transfer-encoding.md: multiple transfer-encoding where chunked is not the last one",
     {rejected_here, "a coding that nobody offered to the target"}},
    {"response/transfer-encoding.md: `chunkedchunked` transfer-encoding does not enable chunked "
     "enconding",
     {rejected_here, "a coding that nobody offered to the target"}},
    {"response/sample.md: No carriage ret",
     {accepted_here, "a target may end lines with LF (RFC 9112 2.2)"}},
    {"response/invalid.md: Only LFs present and no body",
     {accepted_here, "a target may end lines with LF (RFC 9112 2.2)"}},
    {"response/invalid.md: Only LFs present",
     {accepted_here, "a target may end lines with LF (RFC 9112 2.2)"}},
    {"response/sample.md: Response starting with CRLF",
     {rejected_here, "bytes before a status line are nobody's"}},
    {"response/connection.md: HTTP 304 with Content-Length",
     {rejected_here, "bytes before a status line are nobody's"}},
    {"response/connection.md: HTTP 100 first, then 400",
     {rejected_here, "bytes before a status line are nobody's"}},
    {"response/pipelining.md: Should parse multiple events",
     {rejected_here, "bytes before a status line are nobody's"}},
};

constexpr size_t cases_total = 208;
constexpr size_t cases_not_ours = 43;  // lenient modes, finish(), skipped bodies

TEST(H1Vectors, are_read_as_llhttp_reads_them) {
  const std::filesystem::path folder = DARUMA_SOURCE_DIR "/../shared/vectors/http1";
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "no vectors at " << folder;
  size_t not_ours = 0, departed = 0;
  const std::vector<Case> cases = load(folder, not_ours);
  EXPECT_EQ(cases.size(), cases_total);
  EXPECT_EQ(not_ours, cases_not_ours);
  for (const Case& c : cases) {
    const auto departure = departures.find(c.name);
    const bool departs = departure != departures.end();
    departed += departs;
    EXPECT_EQ(problem_with(c), departs ? departure->second.problem : "")
        << c.name << "\n"
        << testing::PrintToString(c.input);
  }
  EXPECT_EQ(departed, departures.size());
}

}  // namespace
}  // namespace daruma::http
