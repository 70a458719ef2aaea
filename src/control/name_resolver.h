// SPDX-License-Identifier: Apache-2.0
//
// Targets that are host names: which addresses they have now. The resolver lives on the control
// thread and never blocks; the look-ups themselves happen behind NameLookup, in production on a
// thread of their own.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/log.h"
#include "base/result.h"
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
};

// Asks for names without blocking the caller. Every name asked is answered once, by letter.
class NameLookup {
 public:
  virtual ~NameLookup() = default;
  // REQUIRES: called from one thread. `answers` outlives its questions, or withdraws them.
  virtual void ask(const std::string& name, io::Mailbox<NameAnswer>& answers) = 0;
  // `answers` is going away: nothing is posted to it once this has returned. Does not block.
  virtual void withdraw(io::Mailbox<NameAnswer>&) {}
};

// getaddrinfo on a thread of its own, one name after the other. Destroying waits for the look-up
// under way (the C library's own timeout bounds it).
std::unique_ptr<NameLookup> make_system_lookup();

// Asks for every name at once and then again every limits::name_refresh_interval. A name that
// cannot be resolved keeps the addresses it had.
class NameResolver final : private io::Mailbox<NameAnswer>::Reader, private io::TimerHandler {
 public:
  class Observer {
   public:
    // Some name's addresses changed; names() has them.
    virtual void on_names_changed() = 0;

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

 private:
  void on_letter(NameAnswer answer) override;
  void on_timer(io::Timer& timer) override;
  void ask(const std::string& name);
  void schedule();

  io::Loop& loop_;
  NameLookup& lookup_;
  const Log& log_;
  Observer& observer_;
  NameTable table_;              // every watched name; empty until the first answer
  std::set<std::string> asked_;  // no answer yet
  std::set<std::string> failing_;
  io::Mailbox<NameAnswer> answers_;
  io::Timer refresh_;
};

}  // namespace daruma::control
