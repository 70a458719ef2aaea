// SPDX-License-Identifier: Apache-2.0
//
// The simulation's own HTTP/1.1 reader: strict, slow, and shares nothing with src/http, so that it
// is a second opinion on every byte that Daruma writes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace daruma::sim {

struct SimHead {
  std::string start_line;
  std::vector<std::pair<std::string, std::string>> fields;

  // The value of the only field of that name (ASCII case-insensitive); nullptr if there is none.
  const std::string* find(std::string_view name) const;
  size_t count(std::string_view name) const;
  int status() const;  // of a response
  std::string method() const;
  std::string target() const;
};

class MessageReader {
 public:
  enum class Kind : uint8_t { request, response };
  enum class Status : uint8_t {
    more,      // needs more bytes
    head,      // head() is there
    body,      // body() is the next piece
    finished,  // the message has ended; next() goes on with the following one
    broken,    // problem() says why
  };
  enum class Framing : uint8_t { none, length, chunked, until_close };

  explicit MessageReader(Kind kind) : kind_(kind) {}

  void feed(std::string_view bytes) { input_.append(bytes); }
  // Responses only, before the head: the answer is to HEAD.
  void expect_no_body(bool none) { no_body_ = none; }
  Status next();
  // Between two requests: all that follows is another protocol's, told as a body.
  void switch_protocols();
  // The peer sent FIN. True if no message is cut short by it.
  bool finish_at_close();

  const SimHead& head() const { return head_; }
  std::string_view body() const { return body_; }
  Framing framing() const { return framing_; }
  uint64_t content_length() const { return content_length_; }
  const std::string& trailers() const { return trailers_; }
  const std::string& problem() const { return problem_; }
  // Bytes of a message are there or expected.
  bool in_message() const { return state_ != State::start || at_ < input_.size(); }
  size_t leftover() const { return input_.size() - at_; }

 private:
  enum class State : uint8_t {
    start,
    length,
    chunk_size,
    chunk_data,
    chunk_end,
    trailers,
    until_close,
    end,
    broken
  };
  Status read_head();
  bool parse_fields(std::string_view lines);
  bool choose_framing();
  Status read_body();
  Status take_body(uint64_t most);
  Status read_chunk_size();
  Status read_trailers();
  Status fail(std::string problem);
  std::string_view rest() const { return std::string_view(input_).substr(at_); }

  Kind kind_;
  State state_ = State::start;
  std::string input_;
  size_t at_ = 0;
  SimHead head_;
  std::string body_;
  bool no_body_ = false;
  Framing framing_ = Framing::none;
  uint64_t content_length_ = 0;
  uint64_t remaining_ = 0;
  std::string trailers_;
  std::string problem_;
};

}  // namespace daruma::sim
