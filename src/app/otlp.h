// SPDX-License-Identifier: Apache-2.0
//
// OTLP export as its environment variables have it ("OpenTelemetry Environment Variable
// Specification"), and the timer that hands over the metrics.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "control/admin_pages.h"
#include "io/loop.h"
#include "io/timer_wheel.h"
#include "notify/otlp_exporter.h"

namespace daruma::app {

// A variable's value; "" if it is not set.
using Variables = std::function<std::string(const std::string& name)>;
std::string environment_variable(const std::string& name);

// Nullopt: nothing is exported. Fails if a variable has a value that cannot be served.
Result<std::optional<notify::OtlpSettings>> otlp_settings(const Variables& variables,
                                                          const std::string& version);

class OtlpDesk final : private io::TimerHandler {
 public:
  // All of it outlives the desk.
  OtlpDesk(io::Loop& loop, control::AdminBackend& backend, notify::OtlpExporter& exporter,
           Duration every);

 private:
  void on_timer(io::Timer& timer) override;

  io::Loop& loop_;
  control::AdminBackend& backend_;
  notify::OtlpExporter& exporter_;
  const Duration every_;
  io::Timer timer_;
};

}  // namespace daruma::app
