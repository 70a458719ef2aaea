// SPDX-License-Identifier: Apache-2.0
//
// Targets that are host names: which addresses they have now. The resolver lives on the control
// thread and never blocks; the look-ups themselves happen behind NameLookup, in production on
// threads of their own.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "io/loop.h"
#include "io/mailbox.h"

namespace daruma::control {

// Host name → its addresses, without ports, in ascending order.
using NameTable = std::map<std::string, std::vector<Address>>;

// lookup → control: one answer per name asked. `problem` is empty, or says why there is none.
struct NameAnswer {
  std::string name;
  std::vector<Address> addresses;
  std::string problem;
  // How long it may be used, the least of its records (RFC 1035 3.2.1); nullopt if nobody told.
  std::optional<Duration> ttl{};
  // No server answered for this family: of it, `addresses` has none, whether there are some or not.
  std::optional<Address::Family> unanswered{};
};

enum class NameTurn : uint8_t {
  first,
  last,  // it failed last time and may take long again: others go before
};

// Asks for names without blocking the caller. Every name asked is answered once, by letter.
class NameLookup {
 public:
  virtual ~NameLookup() = default;
  // REQUIRES: called from one thread. `answers` outlives its questions, or withdraws them.
  virtual void ask(const std::string& name, NameTurn turn, io::Mailbox<NameAnswer>& answers) = 0;
  // The name servers for look-ups that begin from now on; none: the system's.
  virtual void use_servers(const std::vector<Address>&) {}
  // `answers` is going away: nothing is posted to it once this has returned. Does not block.
  virtual void withdraw(io::Mailbox<NameAnswer>&) {}
};

// Looks one name up, at these servers or the system's; may take its time. Called by several
// threads.
using BlockingLookup =
    std::function<NameAnswer(const std::string& name, const std::vector<Address>& servers)>;

// Up to limits::lookups_at_once_max at once, on threads of their own. Destroying does not wait for
// those under way, so what `look_up` uses must outlive them.
std::unique_ptr<NameLookup> make_threaded_lookup(BlockingLookup look_up);
// /etc/hosts, and then name servers by way of c-ares. Reads the system's files at every look-up, so
// that their changes need no restart.
std::unique_ptr<NameLookup> make_system_lookup();

// Asks for every name at once, and again when the answer's TTL is over (limits::name_ttl_least …).
// A name that cannot be resolved keeps the addresses it had.
class NameResolver final : private io::Mailbox<NameAnswer>::Reader, private io::TimerHandler {
 public:
  class Observer {
   public:
    // Some name's addresses changed; names() has them.
    virtual void on_names_changed() = 0;
    // A look-up failed.
    virtual void on_name_failed() = 0;

   protected:
    ~Observer() = default;
  };

  NameResolver(io::Loop& loop, NameLookup& lookup, const Log& log, Observer& observer);
  ~NameResolver() { lookup_.withdraw(answers_); }
  NameResolver(const NameResolver&) = delete;
  NameResolver& operator=(const NameResolver&) = delete;

  // The names that matter from now on; new ones are asked at once, others are forgotten.
  void watch(const std::set<std::string>& names);
  const NameTable& names() const { return table_; }
  // Some name has not had its first answer, good or bad.
  bool waiting() const { return !unanswered_.empty(); }
  // Names that have no address, each with the reason.
  std::vector<std::string> problems() const;

 private:
  struct Failure {
    std::string problem;
    Duration retry_after;
  };

  void on_letter(NameAnswer answer) override;
  void on_timer(io::Timer& timer) override;
  void ask(const std::string& name);
  void ask_again_in(Duration pause, const std::string& name);
  void schedule();
  void note_failure(const NameAnswer& answer, size_t addresses_kept);

  io::Loop& loop_;
  NameLookup& lookup_;
  const Log& log_;
  Observer& observer_;
  NameTable table_;                         // every watched name; empty until the first answer
  std::set<std::string> asked_;             // a question is under way
  std::set<std::string> unanswered_;        // watched, and never answered so far
  std::map<std::string, Failure> failing_;  // watched, and the last look-up failed
  std::set<std::pair<Instant, std::string>> due_;  // when each name is asked that is not in asked_
  io::Mailbox<NameAnswer> answers_;
  io::Timer refresh_;
};

}  // namespace daruma::control
