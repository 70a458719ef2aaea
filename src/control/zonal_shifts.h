// SPDX-License-Identifier: Apache-2.0
//
// Traffic that operators have shifted away from a zone (AWS: zonal shift of Amazon Application
// Recovery Controller; StartZonalShift, UpdateZonalShift, CancelZonalShift): of each load balancer
// from one zone at most, until a moment of the wall clock. Values, and the file that keeps them in
// the data directory; control thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace daruma::control {

struct ZonalShift {
  std::string load_balancer;
  std::string zone;  // traffic goes away from it
  WallTime started;
  WallTime expires;
  std::string comment;
  bool operator==(const ZonalShift&) const = default;
};

// "90m", "2h", "3d": AWS's expiresIn, from one minute to three days. Or what is wrong.
Result<Duration> parse_shift_duration(std::string_view text);

class ZonalShifts {
 public:
  // By load balancer.
  using Table = std::map<std::string, ZonalShift>;
  const Table& all() const { return shifts_; }
  // The zone that traffic of this load balancer is shifted away from, or "".
  std::string zone_of(const std::string& load_balancer) const;

  void put(ZonalShift shift) { shifts_[shift.load_balancer] = std::move(shift); }
  bool remove(const std::string& load_balancer) { return shifts_.erase(load_balancer) > 0; }
  // Those that have expired by now; they are removed.
  std::vector<ZonalShift> take_expired(WallTime now);
  // Of the one that expires next.
  std::optional<WallTime> next_expiry() const;

 private:
  Table shifts_;
};

// In `directory`, which is made if it is missing, replaced in one step. No file: no shift.
Result<void> save_zonal_shifts(const std::string& directory, const ZonalShifts& shifts);
Result<ZonalShifts> load_zonal_shifts(const std::string& directory);
// What cannot be read is kept for people, and in nobody's way; its new path.
Result<std::string> set_zonal_shifts_aside(const std::string& directory);

}  // namespace daruma::control
