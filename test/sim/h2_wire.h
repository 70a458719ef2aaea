// SPDX-License-Identifier: Apache-2.0
//
// The simulation's own end of an HTTP/2 connection (RFC 9113), of either role: frames written and
// read by hand, so that it is a second opinion on every frame that Daruma writes; of nghttp2 it
// uses HPACK's decoder alone. Strict with its peer – order, names, windows, the number of streams –
// and free in what it says itself, right or wrong, and when.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/message_reader.h"

namespace daruma::sim {

using H2Fields = std::vector<std::pair<std::string, std::string>>;

namespace h2_code {
inline constexpr uint32_t none = 0x0, protocol = 0x1, internal = 0x2, refused = 0x7, cancel = 0x8,
                          calm = 0xb;
}

// What an end says of itself, and what windows it gives.
struct H2Manners {
  uint32_t initial_window = 65'535;
  std::optional<uint32_t> streams_max;
  uint32_t table_bytes = 4096;
  // Given at once for what has come, but at least so much while the window is smaller than that.
  uint32_t grant_bytes = 65'535;
};

class H2Wire {
 public:
  enum class Role : uint8_t { client, server };
  // `ended`: nothing follows; on_h2_end() is called next.
  class Handler {
   public:
    virtual void on_h2_head(uint32_t stream, const SimHead& head, bool ended) = 0;
    virtual void on_h2_data(uint32_t stream, std::string_view bytes) = 0;
    // Trailers as HTTP/1.1 writes them.
    virtual void on_h2_end(uint32_t stream, const std::string& trailers) = 0;
    virtual void on_h2_reset(uint32_t stream, uint32_t code) = 0;
    virtual void on_h2_goaway(uint32_t last, uint32_t code) = 0;
    // The peer is no HTTP/2.
    virtual void on_h2_broken(const std::string& problem) = 0;

   protected:
    ~Handler() = default;
  };

  H2Wire(Role role, Handler& handler, const H2Manners& manners);
  ~H2Wire();
  H2Wire(const H2Wire&) = delete;
  H2Wire& operator=(const H2Wire&) = delete;

  void receive(std::string_view bytes);
  // What is to be written.
  std::string& output() { return output_; }

  // Client: the next stream's number.
  uint32_t open_stream();
  void send_head(uint32_t stream, const H2Fields& fields, bool ended);
  // How much of a body the peer takes now, in one frame.
  size_t sendable(uint32_t stream) const;
  void send_data(uint32_t stream, std::string_view bytes, bool ended);
  void reset(uint32_t stream, uint32_t code);
  void goaway(uint32_t last, uint32_t code);
  void say(std::string_view frames) { output_ += frames; }
  void change(std::optional<uint32_t> initial_window, std::optional<uint32_t> streams_max);
  // Window for all that has come.
  void give_windows();
  // No more window for this one.
  void withhold(uint32_t stream);

  bool introduced() const { return introduced_; }
  bool is_open(uint32_t stream) const;
  // Streams that are not closed in both directions.
  size_t open_streams() const;
  // How many the peer lets us open.
  size_t peer_streams_max() const { return peer_streams_max_; }
  // Of the peer's, the newest.
  uint32_t last_peer_stream() const { return last_peer_stream_; }
  bool owes_window() const;

 private:
  struct Stream {
    int64_t send_window = 0;
    int64_t receive_window = 0;
    int64_t length = -1;  // announced by the peer
    int64_t came = 0;
    bool head_came = false;
    bool bodiless = false;
    bool peer_ended = false;
    bool ended = false;  // our side
    bool withheld = false;
    bool closed() const { return peer_ended && ended; }
  };
  struct Settings {
    std::optional<uint32_t> initial_window;
    std::optional<uint32_t> streams_max;
    std::optional<uint32_t> table_bytes;
  };

  void say_settings(const Settings& settings);
  void read_frames();
  bool read_frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload);
  bool read_data(uint8_t flags, uint32_t id, std::string_view payload);
  bool read_section(uint8_t flags, uint32_t id);
  bool read_settings(uint8_t flags, std::string_view payload);
  bool read_window(uint32_t id, std::string_view payload);
  bool read_reset(uint32_t id, std::string_view payload);
  bool take_settings(uint32_t name, uint32_t value);
  bool settings_acknowledged();
  bool on_section(uint32_t id, const H2Fields& fields, bool ended);
  bool on_trailers(uint32_t id, Stream& stream, const H2Fields& fields, bool ended);
  bool open_by_peer(uint32_t id);
  bool end_peer(uint32_t id, Stream& stream, const std::string& trailers);
  std::optional<H2Fields> decode(std::string_view section);
  std::string make_head(const H2Fields& fields, SimHead& head) const;
  void grant(uint32_t id, int64_t& window);
  bool broken(const std::string& problem);

  const Role role_;
  Handler& handler_;
  const H2Manners manners_;
  nghttp2_hd_inflater* inflater_ = nullptr;
  std::string input_;
  std::string output_;
  std::map<uint32_t, Stream> streams_;
  uint32_t next_stream_ = 1;
  uint32_t last_peer_stream_ = 0;

  // Of a field section that comes in several frames.
  std::string section_;
  uint32_t section_stream_ = 0;  // 0: none
  bool section_ends_ = false;

  bool preface_due_;
  bool introduced_ = false;
  bool broken_ = false;
  int64_t send_window_ = 65'535;
  int64_t receive_window_ = 65'535;
  int64_t peer_initial_window_ = 65'535;
  size_t peer_streams_max_ = SIZE_MAX;
  std::deque<Settings> unacknowledged_;
  int64_t initial_window_ = 65'535;  // ours, acknowledged
  size_t streams_max_ = SIZE_MAX;
};

}  // namespace daruma::sim
