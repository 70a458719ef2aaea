// SPDX-License-Identifier: Apache-2.0
//
// Where operators shift traffic away from a zone: begins, prolongs and ends shifts, ends those
// whose time is over, and keeps them over restarts. AWS: the ARC zonal-shift API's StartZonalShift,
// UpdateZonalShift, CancelZonalShift, ListZonalShifts. Control thread.
#pragma once

#include <string>

#include "base/log.h"
#include "base/result.h"
#include "control/zonal_shifts.h"
#include "io/loop.h"
#include "io/timer_wheel.h"
#include "model/resources.h"

namespace daruma::control {

class ZonalShiftDesk final : private io::TimerHandler {
 public:
  class Owner {
   public:
    // A shift has expired: what serves should be compiled anew.
    virtual void on_zonal_shift_expired() = 0;

   protected:
    ~Owner() = default;
  };
  // Why a request is refused, as a status of HTTP: 400 it makes no sense, 404 there is no such load
  // balancer or no such shift, 409 it is in the way of another.
  struct Refusal {
    int status = 400;
    std::string message;
  };
  template <class T>
  using Answer = tl::expected<T, Refusal>;

  // `directory` "": shifts are not kept.
  ZonalShiftDesk(io::Loop& loop, const Log& log, std::string directory, Owner& owner);

  // Those kept that have not expired. None where the file is damaged, which is logged: it is moved
  // aside (`zonal_shifts.json.damaged`). A lost shift must not keep a node from serving.
  void restore();
  const ZonalShifts& shifts() const { return shifts_; }

  struct Request {
    std::string load_balancer;
    std::string zone;
    std::string expires;  // "2h", from now
    std::string comment;
  };
  // Each is kept before it is answered. The caller makes it serve.
  Answer<ZonalShift> start(const Request& request, const model::api::Resources& resources);
  Answer<ZonalShift> extend(const Request& request);
  Answer<ZonalShift> cancel(const Request& request);
  // What serves is this from now on: a shift of a load balancer that is gone, or may not be shifted
  // any more, ends.
  void keep_those_of(const model::api::Resources& resources);

 private:
  void on_timer(io::Timer& timer) override;
  void await_expiry();
  Answer<void> keep(const ZonalShifts& shifts);
  void note(const char* what, const ZonalShift& shift) const;

  io::Loop& loop_;
  const Log& log_;
  const std::string directory_;
  Owner& owner_;
  ZonalShifts shifts_;
  io::Timer expiry_;
};

}  // namespace daruma::control
