// SPDX-License-Identifier: Apache-2.0
//
// What a simulated client will do, and how a simulated target behaves: drawn before the run, so
// that a change in timing does not change who asks what. Values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/random.h"
#include "base/time.h"
#include "sim/token.h"

namespace daruma::sim {

enum class RequestBody : uint8_t { none, length, chunked };

// What a client does that a polite one would not.
enum class ClientAct : uint8_t {
  polite,
  close_while_sending,  // at act_at bytes of the request
  reset_while_sending,
  stop_sending,           // never says another byte
  close_while_receiving,  // after act_at bytes of the response
  reset_while_receiving,
  stop_receiving,  // after act_at bytes of the response, for half a minute
  half_close,      // FIN after this request; waits for the answer
  // Of HTTP/2 alone: the stream, while the connection goes on.
  reset_stream_while_sending,
  reset_stream_while_receiving,
};

// A request that is not as it should be. Whatever becomes of it, it must not disturb another.
enum class Malformation : uint8_t {
  none,
  not_http,
  http2_preface,
  trace_method,
  length_and_chunked,
  chunked_and_length,
  two_lengths,
  two_equal_lengths,
  signed_length,
  huge_length,
  chunked_twice,
  gzip_coding,
  obfuscated_coding,  // "Transfer-Encoding : chunked"
  coding_with_tab,    // "Transfer-Encoding:\tchunked": that is legal
  no_host,
  two_hosts,
  space_in_name,
  folded_field,
  bare_line_feeds,
  bad_chunk_size,
  no_crlf_after_chunk,
  huge_chunk_size,
  long_line,
  long_field,
  huge_head,
  many_fields,
  get_with_body,
  // Of HTTP/2 alone (RFC 9113 8.1.1).
  h2_upper_case_name,
  h2_no_path,
  h2_pseudo_behind_field,
  h2_two_methods,
  h2_connection_field,
  h2_te,
  h2_length_too_long,
  h2_length_too_short,
  h2_pseudo_in_trailers,
  h2_connect,
};
inline constexpr int malformation_count = static_cast<int>(Malformation::get_with_body) + 1;
inline constexpr int malformation_count_all = static_cast<int>(Malformation::h2_connect) + 1;
std::string_view name_of(Malformation malformation);

struct RequestScript {
  Token token;
  std::string method = "GET";
  std::string path;  // with the token
  std::string host = "www.example.com";
  int minor_version = 1;
  RequestBody body = RequestBody::none;
  size_t body_size = 0;
  size_t chunk_size = 1000;
  size_t head_filler = 0;  // bytes of fields that mean nothing
  std::string trailers;
  bool expect_continue = false;
  bool close = false;      // Connection: close
  bool upgrade = false;    // asks for another protocol
  size_t tunnel_size = 0;  // bytes that it says in that; then FIN
  bool http2 = false;
  bool grpc = false;  // HTTP/2: a call of gRPC
  bool stop_on_early_response = false;
  Duration think{};       // before it is sent
  size_t send_piece = 0;  // bytes at once; 0: as many as go
  Duration send_pause{};
  ClientAct act = ClientAct::polite;
  size_t act_at = 0;
  Malformation malformation = Malformation::none;
};

// The bytes of a request, and where its head ends.
struct RequestWire {
  std::string bytes;
  size_t head_bytes = 0;
};
RequestWire wire_of(const RequestScript& request, std::string_view cookies = "");
// Fields of so many bytes that mean nothing (none where that is too few for one).
std::string filler_fields(size_t bytes);
// Of a message with this token: one line that names it, and so much filler.
std::string trailer_lines(Token token, size_t filler);
// Gives a malformed request the method and the body that its malformation is about.
void shape(RequestScript& request);

struct ClientScript {
  std::vector<RequestScript> requests;
  size_t pipeline_depth = 1;
  size_t requests_per_connection_max = SIZE_MAX;
  size_t read_piece = 0;  // bytes at once; 0: as many as come
  Duration read_pause{};
  bool keeps_cookies = false;
  bool linger = false;  // leaves its last connection open until the other side closes it
};

// Out of 10,000 requests each; 0 switches it off.
struct TargetBehaviour {
  Duration think_most = 2ms;
  size_t body_size_most = 3000;
  uint32_t chunked = 3000;
  uint32_t until_close = 0;
  uint32_t bodiless = 0;  // 204 or 304
  uint32_t interim = 0;   // 1xx first
  uint32_t refuse_upgrade = 2000;
  uint32_t early = 0;  // answers before it has read the body
  uint32_t close = 0;  // Connection: close
  uint32_t trailers = 0;
  uint32_t large = 0;    // heads and trailers nearly as large as may be
  uint32_t slow = 0;     // the answer comes in small pieces
  uint32_t silent = 0;   // no answer, ever
  uint32_t garbage = 0;  // not HTTP
  uint32_t oversized_head = 0;
  uint32_t cut_reset = 0;         // resets at any byte of its answer
  uint32_t cut_close = 0;         // closes at any byte of it
  uint32_t cut_hang = 0;          // stops at any byte of it
  uint32_t extra_bytes = 0;       // says more than its answer
  Duration idle_timeout{};        // closes connections idle for so long; 0: never
  bool announce_timeout = false;  // and says so: Keep-Alive: timeout=
  int requests_max = 0;           // closes after so many requests; 0: never
  bool announce_max = false;      // and says so: Keep-Alive: max=, Connection: close
};

// What a run is made of besides the network's faults.
struct TrafficPlan {
  bool malformed = false;     // some requests are malformed
  bool impolite = false;      // some clients leave, stop or reset
  bool slow_clients = false;  // some send byte by byte or read slowly
  bool pipelining = false;
  bool big_bodies = false;
  bool http10 = false;
  bool large_heads = false;  // and trailers
  bool upgrades = false;
};

RequestScript draw_request(Random& random, const TrafficPlan& plan, std::string_view path_prefix);
ClientScript draw_client(Random& random, const TrafficPlan& plan,
                         const std::vector<std::string>& path_prefixes);
TargetBehaviour draw_target(Random& random, bool faulty);

}  // namespace daruma::sim
