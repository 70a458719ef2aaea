// SPDX-License-Identifier: Apache-2.0
#include "sim/h2_wire.h"

#include <algorithm>

#include "base/bytes.h"
#include "http/h2_frames_for_test.h"

namespace daruma::sim {
namespace {

namespace h2 = http::h2;

constexpr size_t frame_head_bytes = 9;
constexpr size_t frame_bytes_max = 16'384;  // we do not ask for more, and do not write more
constexpr int64_t window_max = 0x7fff'ffff;
constexpr uint8_t padded = 0x8, with_priority = 0x20;

uint32_t number_in(std::string_view bytes) {
  uint32_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

bool is_connection_field(std::string_view name) {
  static constexpr std::string_view names[] = {"connection", "keep-alive", "proxy-connection",
                                               "transfer-encoding", "upgrade"};
  return std::ranges::find(names, name) != std::end(names);
}

// RFC 9113 8.2; "" if nothing is wrong.
std::string wrong_with(const std::pair<std::string, std::string>& field) {
  const auto& [name, value] = field;
  if (name.empty() || name != ascii_lowered(name)) return "the name of a field is '" + name + "'";
  if (is_connection_field(name)) return "a field of connections: " + name;
  if (name == "te" && value != "trailers") return "te: " + value;
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
    return "a line end in " + name;
  return "";
}

}  // namespace

H2Wire::H2Wire(Role role, Handler& handler, const H2Manners& manners)
    : role_(role), handler_(handler), manners_(manners), preface_due_(role == Role::server) {
  nghttp2_hd_inflate_new(&inflater_);
  if (role == Role::client) output_ = h2::preface;
  say_settings({.initial_window = manners.initial_window,
                .streams_max = manners.streams_max,
                .table_bytes = manners.table_bytes});
}

H2Wire::~H2Wire() {
  nghttp2_hd_inflate_del(inflater_);
}

bool H2Wire::broken(const std::string& problem) {
  broken_ = true;
  handler_.on_h2_broken(problem);
  return false;
}

// --- What is said ---

void H2Wire::say_settings(const Settings& settings) {
  std::string entries;
  if (settings.initial_window)
    entries += h2::setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, *settings.initial_window);
  if (settings.streams_max)
    entries += h2::setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, *settings.streams_max);
  if (settings.table_bytes)
    entries += h2::setting(NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, *settings.table_bytes);
  if (role_ == Role::client && settings.table_bytes)
    entries += h2::setting(NGHTTP2_SETTINGS_ENABLE_PUSH, 0);
  output_ += h2::settings(entries);
  unacknowledged_.push_back(settings);
}

void H2Wire::change(std::optional<uint32_t> initial_window, std::optional<uint32_t> streams_max) {
  say_settings({.initial_window = initial_window, .streams_max = streams_max, .table_bytes = {}});
}

uint32_t H2Wire::open_stream() {
  const uint32_t id = next_stream_;
  next_stream_ += 2;
  streams_[id] = {.send_window = peer_initial_window_, .receive_window = initial_window_};
  return id;
}

void H2Wire::send_head(uint32_t id, const H2Fields& fields, bool ended) {
  const std::string section = h2::field_section(fields);
  uint8_t type = NGHTTP2_HEADERS;
  for (size_t at = 0; at == 0 || at < section.size(); at += frame_bytes_max) {
    const std::string_view piece = std::string_view(section).substr(at, frame_bytes_max);
    const bool last = at + piece.size() == section.size();
    const bool first = type == NGHTTP2_HEADERS;
    const int flags = (first && ended ? h2::end_stream : 0) | (last ? h2::end_headers : 0);
    output_ += h2::frame(type, static_cast<uint8_t>(flags), id, piece);
    type = NGHTTP2_CONTINUATION;
  }
  if (ended) streams_[id].ended = true;
}

size_t H2Wire::sendable(uint32_t id) const {
  const auto found = streams_.find(id);
  if (found == streams_.end() || found->second.ended) return 0;
  const int64_t window = std::min(send_window_, found->second.send_window);
  return std::min(static_cast<size_t>(std::max<int64_t>(window, 0)), frame_bytes_max);
}

void H2Wire::send_data(uint32_t id, std::string_view bytes, bool ended) {
  Stream& stream = streams_[id];
  output_ += h2::data(id, bytes, ended ? h2::end_stream : h2::none);
  stream.send_window -= static_cast<int64_t>(bytes.size());
  send_window_ -= static_cast<int64_t>(bytes.size());
  stream.ended |= ended;
}

void H2Wire::reset(uint32_t id, uint32_t code) {
  output_ += h2::rst_stream(id, code);
  streams_[id].ended = streams_[id].peer_ended = true;
}

void H2Wire::goaway(uint32_t last, uint32_t code) {
  output_ += h2::frame(NGHTTP2_GOAWAY, 0, 0, h2::number(last, 4) + h2::number(code, 4));
}

void H2Wire::grant(uint32_t id, int64_t& window) {
  const int64_t due = manners_.grant_bytes - window;
  if (due <= 0) return;
  output_ += h2::window_update(id, static_cast<uint32_t>(due));
  window += due;
}

void H2Wire::give_windows() {
  for (auto& [id, stream] : streams_) {
    if (!stream.peer_ended && !stream.withheld) grant(id, stream.receive_window);
  }
  if (receive_window_ >= 32'768) return;
  output_ += h2::window_update(0, static_cast<uint32_t>(65'535 - receive_window_));
  receive_window_ = 65'535;
}

void H2Wire::withhold(uint32_t id) {
  streams_[id].withheld = true;
}

bool H2Wire::owes_window() const {
  return receive_window_ < 32'768 || std::ranges::any_of(streams_, [this](const auto& entry) {
           const Stream& stream = entry.second;
           return !stream.peer_ended && !stream.withheld &&
                  stream.receive_window < manners_.grant_bytes;
         });
}

bool H2Wire::is_open(uint32_t id) const {
  const auto found = streams_.find(id);
  return found != streams_.end() && !found->second.closed();
}

size_t H2Wire::open_streams() const {
  return static_cast<size_t>(
      std::ranges::count_if(streams_, [](const auto& entry) { return !entry.second.closed(); }));
}

// --- What is heard ---

void H2Wire::receive(std::string_view bytes) {
  input_ += bytes;
  if (preface_due_) {
    const size_t known = std::min(input_.size(), h2::preface.size());
    if (input_.compare(0, known, h2::preface, 0, known) != 0) {
      broken("no preface");
      return;
    }
    if (known < h2::preface.size()) return;
    preface_due_ = false;
    input_.erase(0, known);
  }
  read_frames();
}

void H2Wire::read_frames() {
  size_t at = 0;
  while (!broken_ && input_.size() - at >= frame_head_bytes) {
    const std::string_view rest = std::string_view(input_).substr(at);
    const size_t size = number_in(rest.substr(0, 3));
    if (size > frame_bytes_max) {
      broken("a frame of " + std::to_string(size) + " bytes");
      return;
    }
    if (rest.size() < frame_head_bytes + size) break;
    // The handler may cause output, not input.
    const std::string payload(rest.substr(frame_head_bytes, size));
    at += frame_head_bytes + size;
    if (!read_frame(static_cast<uint8_t>(rest[3]), static_cast<uint8_t>(rest[4]),
                    number_in(rest.substr(5, 4)), payload))
      return;
  }
  input_.erase(0, at);
}

bool H2Wire::read_frame(uint8_t type, uint8_t flags, uint32_t id, std::string_view payload) {
  if (section_stream_ != 0 && (type != NGHTTP2_CONTINUATION || id != section_stream_))
    return broken("a field section is interrupted");
  if (!introduced_ && type != NGHTTP2_SETTINGS) return broken("the first frame is no SETTINGS");
  switch (type) {
    case NGHTTP2_DATA:
      return read_data(flags, id, payload);
    case NGHTTP2_HEADERS:
      if (flags & (padded | with_priority)) return broken("padding or priority");
      section_ = payload;
      section_ends_ = flags & h2::end_stream;
      return read_section(flags, id);
    case NGHTTP2_CONTINUATION:
      if (section_stream_ == 0) return broken("a CONTINUATION of nothing");
      section_ += payload;
      return read_section(flags, id);
    case NGHTTP2_RST_STREAM:
      return read_reset(id, payload);
    case NGHTTP2_SETTINGS:
      return id == 0 ? read_settings(flags, payload) : broken("SETTINGS of a stream");
    case NGHTTP2_PING:
      if (id != 0 || payload.size() != 8) return broken("a PING that is none");
      if (!(flags & h2::ack)) output_ += h2::frame(NGHTTP2_PING, h2::ack, 0, payload);
      return true;
    case NGHTTP2_GOAWAY:
      if (id != 0 || payload.size() < 8) return broken("a GOAWAY that is none");
      handler_.on_h2_goaway(number_in(payload.substr(0, 4)), number_in(payload.substr(4, 4)));
      return !broken_;
    case NGHTTP2_WINDOW_UPDATE:
      return read_window(id, payload);
    default:
      return broken("a frame of type " + std::to_string(type));
  }
}

bool H2Wire::read_data(uint8_t flags, uint32_t id, std::string_view payload) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return broken("DATA of a stream that is none");
  Stream& stream = found->second;
  const auto size = static_cast<int64_t>(payload.size());
  receive_window_ -= size;
  if (receive_window_ < 0) return broken("more DATA than the connection's window");
  if (flags & padded) return broken("padding");
  if (stream.closed()) return true;  // we have reset it
  if (stream.peer_ended || !stream.head_came) return broken("DATA where none may be");
  stream.receive_window -= size;
  if (size > 0 && stream.receive_window < 0) return broken("more DATA than the stream's window");
  stream.came += size;
  if (size > 0) handler_.on_h2_data(id, payload);
  if (broken_) return false;
  return !(flags & h2::end_stream) || end_peer(id, stream, "");
}

bool H2Wire::end_peer(uint32_t id, Stream& stream, const std::string& trailers) {
  if (stream.closed()) return true;
  stream.peer_ended = true;
  if (stream.length >= 0 && !stream.bodiless && stream.length != stream.came)
    return broken("content-length " + std::to_string(stream.length) + ", and " +
                  std::to_string(stream.came) + " bytes");
  handler_.on_h2_end(id, trailers);
  return !broken_;
}

bool H2Wire::read_section(uint8_t flags, uint32_t id) {
  section_stream_ = flags & h2::end_headers ? 0 : id;
  if (section_stream_ != 0) return true;
  const std::optional<H2Fields> fields = decode(section_);
  if (!fields) return broken("HPACK");
  return on_section(id, *fields, section_ends_);
}

std::optional<H2Fields> H2Wire::decode(std::string_view section) {
  H2Fields fields;
  const auto* at = reinterpret_cast<const uint8_t*>(section.data());
  size_t left = section.size();
  for (int flags = 0; !(flags & NGHTTP2_HD_INFLATE_FINAL);) {
    nghttp2_nv field{};
    flags = 0;
    const ssize_t used = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, at, left, 1);
    if (used < 0) return std::nullopt;
    at += used;
    left -= static_cast<size_t>(used);
    if (flags & NGHTTP2_HD_INFLATE_EMIT)
      fields.emplace_back(std::string(reinterpret_cast<const char*>(field.name), field.namelen),
                          std::string(reinterpret_cast<const char*>(field.value), field.valuelen));
  }
  nghttp2_hd_inflate_end_headers(inflater_);
  return fields;
}

bool H2Wire::open_by_peer(uint32_t id) {
  if (id % 2 == 0 || id <= last_peer_stream_) return broken("stream " + std::to_string(id));
  last_peer_stream_ = id;
  streams_[id] = {.send_window = peer_initial_window_, .receive_window = initial_window_};
  if (open_streams() > streams_max_)
    return broken(std::to_string(open_streams()) + " streams, where " +
                  std::to_string(streams_max_) + " are allowed");
  return true;
}

bool H2Wire::on_section(uint32_t id, const H2Fields& fields, bool ended) {
  if (!streams_.contains(id) && (role_ == Role::client || !open_by_peer(id)))
    return broken_ ? false : broken("HEADERS of a stream that is none");
  Stream& stream = streams_[id];
  for (const auto& field : fields) {
    const std::string wrong = wrong_with(field);
    if (!wrong.empty()) return broken(wrong);
  }
  if (stream.closed()) return true;  // we have reset it
  if (stream.head_came) return on_trailers(id, stream, fields, ended);
  SimHead head;
  const std::string problem = make_head(fields, head);
  if (!problem.empty()) return broken(problem);
  const bool interim = role_ == Role::client && head.status() < 200;
  if (interim && ended) return broken("an interim response that ends the stream");
  stream.head_came = !interim;
  if (const std::string* length = head.find("content-length"); length && !interim)
    stream.length = static_cast<int64_t>(parse_decimal(*length).value_or(0));
  stream.bodiless = role_ == Role::client && ended;  // HEAD, 304: the client knows
  handler_.on_h2_head(id, head, ended);
  if (broken_ || !ended) return !broken_;
  return end_peer(id, stream, "");
}

bool H2Wire::on_trailers(uint32_t id, Stream& stream, const H2Fields& fields, bool ended) {
  if (!ended || stream.peer_ended) return broken("fields in mid-body");
  std::string text;
  for (const auto& [name, value] : fields) {
    if (name.starts_with(':')) return broken(name + " in trailers");
    text += name + ": " + value + "\r\n";
  }
  return end_peer(id, stream, text);
}

// As HTTP/1.1 writes it; says what is wrong.
std::string H2Wire::make_head(const H2Fields& fields, SimHead& head) const {
  std::map<std::string, std::string> pseudo;
  for (const auto& [name, value] : fields) {
    if (!name.starts_with(':')) {
      head.fields.emplace_back(name, value);
      continue;
    }
    if (!head.fields.empty()) return name + " behind a field";
    if (!pseudo.emplace(name, value).second) return name + " twice";
  }
  if (role_ == Role::client) {
    if (pseudo.size() != 1 || pseudo[":status"].size() != 3) return "pseudo-fields of a response";
    head.start_line = "HTTP/1.1 " + pseudo[":status"] + " ";
    return "";
  }
  const size_t wanted = pseudo.contains(":authority") ? 4 : 3;
  if (pseudo.size() != wanted || pseudo[":method"].empty() || pseudo[":path"].empty() ||
      pseudo[":scheme"].empty())
    return "pseudo-fields of a request";
  head.start_line = pseudo[":method"] + " " + pseudo[":path"] + " HTTP/1.1";
  if (pseudo.contains(":authority")) head.fields.emplace_back("Host", pseudo[":authority"]);
  return "";
}

bool H2Wire::read_reset(uint32_t id, std::string_view payload) {
  const auto found = streams_.find(id);
  if (found == streams_.end() || payload.size() != 4) return broken("a RST_STREAM that is none");
  Stream& stream = found->second;
  if (stream.closed()) return true;
  stream.ended = stream.peer_ended = true;
  handler_.on_h2_reset(id, number_in(payload));
  return !broken_;
}

bool H2Wire::read_window(uint32_t id, std::string_view payload) {
  const uint32_t bytes = payload.size() == 4 ? number_in(payload) : 0;
  const auto found = streams_.find(id);
  if (bytes == 0 || (id != 0 && found == streams_.end())) return broken("a WINDOW_UPDATE of none");
  int64_t& window = id == 0 ? send_window_ : found->second.send_window;
  window += bytes;
  return window <= window_max || broken("a window too large");
}

bool H2Wire::read_settings(uint8_t flags, std::string_view payload) {
  introduced_ = true;
  if (flags & h2::ack) return settings_acknowledged();
  if (payload.size() % 6 != 0) return broken("SETTINGS of odd size");
  for (; !payload.empty(); payload.remove_prefix(6)) {
    if (!take_settings(number_in(payload.substr(0, 2)), number_in(payload.substr(2, 4))))
      return false;
  }
  output_ += h2::settings("", h2::ack);
  return true;
}

bool H2Wire::take_settings(uint32_t name, uint32_t value) {
  if (name == NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS) peer_streams_max_ = value;
  if (name != NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE) return true;
  if (value > window_max) return broken("an initial window too large");
  const int64_t change = value - std::exchange(peer_initial_window_, value);
  for (auto& [id, stream] : streams_) stream.send_window += change;
  return true;
}

// From here on the peer goes by them.
bool H2Wire::settings_acknowledged() {
  if (unacknowledged_.empty()) return broken("an acknowledgement of nothing");
  const Settings settings = unacknowledged_.front();
  unacknowledged_.pop_front();
  if (settings.table_bytes) nghttp2_hd_inflate_change_table_size(inflater_, *settings.table_bytes);
  if (settings.streams_max) streams_max_ = *settings.streams_max;
  if (!settings.initial_window) return true;
  const int64_t change =
      *settings.initial_window - std::exchange(initial_window_, *settings.initial_window);
  for (auto& [id, stream] : streams_) stream.receive_window += change;
  return true;
}

}  // namespace daruma::sim
