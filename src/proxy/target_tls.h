// SPDX-License-Identifier: Apache-2.0
//
// How one worker speaks TLS with one target: by which context, under which name, and which sessions
// it can resume. Replaced as a whole where the settings change, so that nothing that was not
// verified is resumed where it has to be.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "tls/context.h"

namespace daruma::proxy {

struct TargetTls {
  TargetTls(std::shared_ptr<tls::ClientContext> the_context, std::string the_server_name)
      : context(std::move(the_context)), server_name(std::move(the_server_name)) {}

  const std::shared_ptr<tls::ClientContext> context;
  const std::string server_name;  // "": none is sent
  tls::SessionCache sessions;
};

}  // namespace daruma::proxy
