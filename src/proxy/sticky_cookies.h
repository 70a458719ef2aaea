// SPDX-License-Identifier: Apache-2.0
//
// The cookies of stickiness, as clients bring and take them: AWSALB and AWSALBCORS, AWSALBAPP-0 to
// -3, AWSALBTG and AWSALBTGCORS (AWS user guide, "Sticky sessions for your Application Load
// Balancer"; RFC 6265). What they hold is sealed (tls/cookie_sealer). One per worker.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "http/message.h"
#include "routing/sticky_record.h"
#include "tls/cookie_sealer.h"

namespace daruma::proxy {

enum class StickyCookie : uint8_t {
  target,       // AWSALB and its twin
  application,  // AWSALBAPP-0 to -3
  group         // AWSALBTG and its twin
};

class StickyCookies {
 public:
  // This node's own, until others are told. None: a key that nobody else has.
  void set_own_keys(tls::CookieKeys keys);
  // Those of all nodes that share them; none: this node's own.
  void set_shared_keys(const tls::CookieKeys& keys);

  enum class Read : uint8_t {
    absent,   // the client brings none
    read,     //
    refused,  // forged, damaged, or sealed with a key that is not, or no longer, ours
  };
  // Of a twin, the one that ends in CORS is read where there are both.
  Read read(StickyCookie which, const http::Fields& request, routing::StickyRecord& record);

  // Appends the Set-Cookie fields, each with its line end. They expire in the client after a week,
  // whatever is said in them. Those of an application say SameSite=None where the request came
  // from another site by a browser that asks for it.
  void write(StickyCookie which, const routing::StickyRecord& record, WallTime now,
             std::string& fields, bool from_another_site = false);

 private:
  tls::CookieSealer& sealer();
  void use(const tls::CookieKeys& keys);

  tls::CookieKeys own_;
  tls::CookieKeys shared_;
  std::optional<tls::CookieSealer> sealer_;
};

}  // namespace daruma::proxy
