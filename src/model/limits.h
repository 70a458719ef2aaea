// SPDX-License-Identifier: Apache-2.0
//
// Every limit and default in one place, by its AWS name where AWS has one. Ranges are AWS's (elbv2
// API reference, "Quotas for your Application Load Balancers"); the rest is ours.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/buffer.h"
#include "base/time.h"

namespace daruma::model::limits {

struct Range {
  int64_t least;
  int64_t most;
  int64_t standard;
};

// Messages. What http/ bounds whoever calls it stands there: chunk lines and trailers (h1_body.h),
// addresses of X-Forwarded-For (forwarded_request.cc).
inline constexpr size_t request_line_bytes_max = 16 * 1024;
inline constexpr size_t field_line_bytes_max = 16 * 1024;
inline constexpr size_t request_head_bytes_max = 64 * 1024;
inline constexpr size_t response_head_bytes_max = 32 * 1024;
inline constexpr size_t fields_max = 256;
inline constexpr size_t location_bytes_max = 8 * 1024;
// What is read of a body before others have their turn.
inline constexpr size_t relay_turn_bytes_max = 256 * 1024;
static_assert(request_head_bytes_max <= Buffer::size_max());
static_assert(response_head_bytes_max <= request_head_bytes_max);

// Connections, per worker
inline constexpr size_t client_connections_max = 100'000;
// One in so many may be upgraded: each holds a connection to a target too, for which there are a
// third as many descriptors as for clients.
inline constexpr size_t clients_per_upgrade = 4;
// What a process needs besides connections to and from clients: files, listening sockets, probes.
inline constexpr uint64_t descriptors_reserved = 256;
inline constexpr size_t interim_responses_bytes_max = 32 * 1024;  // all that one request is given
inline constexpr size_t pipelined_bytes_max = 16 * 1024;
// HTTP/2, per client connection. What is kept in memory stands in http/h2_session.h.
inline constexpr uint32_t http2_streams_max = 128;
inline constexpr uint64_t http2_requests_max = 10'000;       // then GOAWAY
inline constexpr size_t http2_heads_bytes_max = 304 * 1024;  // of requests under way, together
// HTTP/2, per connection to a target: streams at once, however many the target allows.
inline constexpr uint32_t http2_target_streams_max = 100;
// Of requests over it, what is kept until they are answered, in case the target refuses to look at
// them: of each, and together.
inline constexpr size_t http2_kept_bytes_max = 16 * 1024;
inline constexpr size_t http2_kept_together_bytes_max = 128 * 1024;
// A stream that hears nothing for so long speaks against its connection.
inline constexpr Duration http2_target_silence = 1s;
// Of a request's body, what has to be there before it takes a place at a target.
inline constexpr size_t body_beginning_bytes_max = 16 * 1024;
inline constexpr size_t idle_target_connections_max = 1'024;  // per target

// Time
inline constexpr Duration connect_timeout = 10s;
inline constexpr Duration tls_handshake_timeout = 10s;  // to targets and from clients
inline constexpr Duration request_head_timeout =
    20s;  // from the first byte of a request to the end of its head
// The least pace of a request's body: this, and then so many bytes a second on average. Above it,
// a pause costs credit; idle_timeout ends it in any case.
inline constexpr Duration request_body_grace = 20s;
inline constexpr Duration request_body_credit_max = 1h;
inline constexpr Range request_body_bytes_per_second{0, 1'000'000, 500};  // 0: no limit
// How long one key seals session tickets; it opens them for as long again.
inline constexpr Duration ticket_key_period = 4h;
// The same for cookies of stickiness: as long as one may be good.
inline constexpr Duration cookie_key_period = 7 * 24h;
inline constexpr Duration drain_timeout = 30s;         // SIGTERM to exit
inline constexpr Duration listen_retry_interval = 1s;  // a listener whose port is taken
// When a target's name is looked up again: when its TTL is over, within these bounds; where nobody
// tells one (/etc/hosts), after the interval; after a failure soon, and then twice as late each
// time.
inline constexpr Duration name_ttl_least = 1s;
inline constexpr Duration name_ttl_most = 300s;
inline constexpr Duration name_refresh_interval = 30s;
inline constexpr Duration name_retry_first = 1s;
inline constexpr Duration name_retry_most = 30s;
// A server has so long to answer, and in the second of two rounds twice as long.
inline constexpr Duration name_server_timeout = 2s;
inline constexpr int name_server_rounds = 2;
inline constexpr size_t name_servers_max = 3;             // Node.Resolvers; as in resolv.conf
inline constexpr size_t lookups_at_once_max = 8;          // of names
inline constexpr size_t failing_lookups_at_once_max = 4;  // of those that failed last time
static_assert(failing_lookups_at_once_max < lookups_at_once_max);
// Between the first and the last GOAWAY, if the client does not answer the PING between them.
inline constexpr Duration http2_goaway_patience = 1s;
inline constexpr Range idle_timeout_seconds{1, 4000, 60};
inline constexpr Range client_keep_alive_seconds{60, 604800, 3600};

// Target groups
inline constexpr Range deregistration_delay_seconds{0, 3600, 300};
inline constexpr Range minimum_healthy_count{1, 10'000, 1};    // targets_quota's
inline constexpr Range minimum_healthy_percentage{1, 100, 0};  // or off
// Until traffic that was shifted away from a zone comes back (AWS: expiresIn).
inline constexpr Duration zonal_shift_least = 1min;
inline constexpr Duration zonal_shift_most = 72h;
inline constexpr size_t zonal_shift_comment_bytes_max = 128;
inline constexpr Range slow_start_seconds{30, 900, 0};  // or 0: none
inline constexpr Range health_check_interval_seconds{5, 300, 30};
inline constexpr Range health_check_timeout_seconds{2, 120, 5};
inline constexpr Range healthy_threshold{2, 10, 5};
inline constexpr Range unhealthy_threshold{2, 10, 2};
inline constexpr Range saturation_queue_milliseconds{10, 10'000, 250};
inline constexpr size_t waiting_requests_max = 4'096;  // per target group and worker
inline constexpr uint32_t openings_at_first = 8;  // connections being opened at once, per target
inline constexpr uint32_t openings_max = 1'024;   // and worker
inline constexpr Duration connect_retry_interval = 100ms;   // where this node lacks resources
inline constexpr Duration unused_connection_timeout = 60s;  // opened, and nobody came for it
inline constexpr Duration saturated_idle_timeout = 1s;      // of connections to a full target
inline constexpr size_t targets_looked_at_max = 32;         // of a group, for one request
inline constexpr int retries_per_request_max = 2;
inline constexpr int refusals_per_request_max = 6;  // by targets that have not looked at it
inline constexpr Range stickiness_seconds{1, 604800, 86400};
static_assert(cookie_key_period >= std::chrono::seconds(stickiness_seconds.most));
inline constexpr Duration sticky_cookie_age = 7 * 24h;  // its Expires, whatever the duration
// Of one cookie: what browsers keep is 4096 bytes with name and attributes (RFC 6265 6.1).
inline constexpr size_t sticky_cookie_value_bytes_max = 3'900;
inline constexpr size_t header_name_bytes_max = 128;  // of listener attributes
inline constexpr size_t header_value_bytes_max = 1024;
inline constexpr size_t sticky_cookie_shards = 4;  // AWSALBAPP-0 to -3
inline constexpr size_t sticky_groups_max = 100;   // that one AWSALB or AWSALBTG remembers
inline constexpr size_t app_sticky_groups_max = 500;
inline constexpr size_t health_check_path_bytes_max = 1024;
inline constexpr size_t health_check_body_bytes_max = 64 * 1024;
inline constexpr size_t target_status_path_bytes_max = 1024;

// Who may use the API
inline constexpr size_t access_keys_max = 100;
inline constexpr size_t access_key_id_bytes_min = 8;
inline constexpr size_t access_key_id_bytes_max = 128;
inline constexpr size_t access_secret_bytes_min = 16;
inline constexpr size_t access_secret_bytes_max = 256;

// Monitoring elsewhere
inline constexpr Range mackerel_interval_seconds{1, 600, 60};
inline constexpr size_t mackerel_roles_max = 10;
inline constexpr size_t mackerel_name_bytes_min = 2;  // of a service or a role
inline constexpr size_t mackerel_name_bytes_max = 63;

inline constexpr size_t notice_ways_max = 20;        // of each kind
inline constexpr size_t notice_recipients_max = 50;  // of a mail
inline constexpr size_t notice_arguments_max = 50;   // of a command

// Stories, per worker
inline constexpr size_t stories_of_errors_max = 1'024;
inline constexpr size_t stories_of_detours_max = 256;
inline constexpr size_t stories_of_others_max = 4'096;
inline constexpr size_t story_text_bytes_max = 256;
inline constexpr Range stories_asked_for{1, 100, 10};
inline constexpr Duration inquiry_timeout = 1s;

// Rules
inline constexpr Range rule_priority{1, 50000, 0};
inline constexpr Range forward_weight{0, 999, 1};
inline constexpr size_t condition_value_bytes_max = 128;
inline constexpr size_t condition_method_bytes_max = 40;
inline constexpr size_t condition_header_name_bytes_max = 40;
inline constexpr size_t rewrite_bytes_max = 1024;  // of Regex and of Replace
// What RE2 may use for one expression: its program and, for the most part, the automata that it
// builds as requests come, and throws away when this is full. Enough for several dozen states of
// the largest program, below which RE2 would have to match without an automaton, many times slower.
inline constexpr size_t regex_memory_bytes_max = 1024 * 1024;
inline constexpr size_t regex_program_max = 1'200;  // instructions
// The same for all expressions together that cannot be filed under a text, per rule table and
// field.
inline constexpr size_t regex_set_memory_bytes_max = 64 * 1024 * 1024;
inline constexpr size_t host_bytes_max = 255;  // of a rewritten Host
inline constexpr size_t message_body_bytes_max = 1024;
inline constexpr size_t name_bytes_max = 32;
inline constexpr size_t error_page_bytes_max = 32 * 1024;
inline constexpr size_t error_page_keywords_max = 16;
inline constexpr size_t error_page_trace_id_bytes_max = 256;
static_assert(error_page_bytes_max + error_page_keywords_max * 3 * error_page_trace_id_bytes_max +
                  8 * 1024 <=  // the head
              Buffer::size_max());

// Quotas, as they can be set; without that, an ALB's
inline constexpr Range rules_quota{1, 100'000, 100};  // per load balancer, default rules aside
inline constexpr Range condition_values_quota{1, 100'000, 5};     // per rule
inline constexpr Range condition_wildcards_quota{1, 100'000, 6};  // per rule
inline constexpr Range action_target_groups_quota{1, 64, 5};      // per action
inline constexpr Range listeners_quota{1, 1'000, 50};             // per load balancer
inline constexpr Range certificates_quota{1, 2'500, 26};  // per listener, the default one included
inline constexpr Range target_groups_quota{1, 3'000, 100};  // per load balancer
inline constexpr Range targets_quota{1, 10'000, 1'000};     // per target group
inline constexpr Range reserved_units{100, 15'000, 100};    // capacity units of a load balancer

inline constexpr size_t load_balancers_max = 500;
inline constexpr size_t inventory_items_max = 10'000;  // of each kind
inline constexpr size_t inventory_text_max = 255;
inline constexpr size_t security_group_rules_max = 60;  // of each direction, as with AWS
// A worker adopts a configuration in pieces, so that requests need not wait: of so many targets and
// listeners at most, and none is begun when a piece has taken so long.
inline constexpr size_t adopted_per_turn_max = 256;
inline constexpr Duration adoption_piece_time = 250us;
inline constexpr size_t draining_targets_max = 10'000;  // that GET /targets still shows
inline constexpr size_t target_groups_max = 3000;
inline constexpr size_t certificates_max = 2500;      // ACM's quota
inline constexpr size_t certificate_names_max = 100;  // of one that is requested: ACM's most
// Trust stores; AWS's quotas, where it has one.
inline constexpr size_t trust_stores_max = 100;              // AWS: 20
inline constexpr size_t trust_store_certificates_max = 100;  // AWS: 25
inline constexpr size_t trust_store_certificate_bytes_max = 16 * 1024;
inline constexpr size_t trust_store_subject_bytes_max = 10'000;  // DER, together
inline constexpr size_t revocation_lists_max = 30;               // files, of a trust store
inline constexpr size_t revocation_entries_max = 500'000;
inline constexpr size_t revocation_bytes_max = 50 * 1024 * 1024;  // of a file
inline constexpr size_t file_bytes_max =
    16 * 1024 * 1024;  // the configuration's, and each it names

}  // namespace daruma::model::limits
