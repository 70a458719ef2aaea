// SPDX-License-Identifier: Apache-2.0
//
// Targets as the incident knows them: a limited number of workers behind a kernel's accept queue,
// or an event loop that accepts without limit. They answer /health through the same door as pages.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "io/loop.h"
#include "sim/incident_scenario.h"
#include "sim/message_reader.h"
#include "transport/secure_socket.h"

namespace daruma::sim {
class SimLoop;
}

namespace daruma::sim::incident {

// What the n-th page takes that is begun in a group: uniform over the plan's range, and evenly over
// any run of numbers. So it is no luck which requests a balancer lets in, and the bound can know it
// too.
Duration page_time(const TargetPlan& plan, uint64_t n);

// A request as a target reads it.
struct PageRequest {
  bool health = false;
  bool post = false;
  bool close = false;  // the client wants the connection closed
  uint64_t attempt = 0;
};

// Reads requests one after another.
class PageReader {
 public:
  enum class Status : uint8_t { more, request, broken };
  void feed(std::string_view bytes) { reader_.feed(bytes); }
  Status next(PageRequest& request);

 private:
  MessageReader reader_{MessageReader::Kind::request};
  PageRequest begun_;
};

// Hears of each request that reached an application, answered or not.
class TargetWatcher {
 public:
  // The number of this page in its group, as page_time() has it.
  virtual uint64_t on_page_begun(size_t target, const PageRequest& request) = 0;

 protected:
  ~TargetWatcher() = default;
};

class Target : protected io::AcceptHandler {
 public:
  Target(SimLoop& loop, size_t index, const Address& address, const TargetPlan& plan,
         TargetWatcher& watcher);
  virtual ~Target();
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  // REQUIRES: no loop has its turn.
  void apply(const TargetTurn& turn);

  struct Facts {
    bool alive = false;      // serves
    size_t door = 0;         // connections in the accept queue
    size_t connections = 0;  // accepted ones
    size_t serving = 0;      // pages and health checks being made
  };
  Facts facts() const;

 protected:
  virtual void open_door() {}  // the listener is there, or may accept again
  virtual void drop_all(bool reset) = 0;
  virtual void thaw() {}
  virtual void set_workers(int) {}
  virtual size_t connections() const = 0;
  virtual size_t serving() const = 0;

  // The process answers the handshake of a connection that it has accepted.
  std::unique_ptr<io::Socket> secure(std::unique_ptr<io::Socket> socket,
                                     io::SocketHandler& handler);
  Duration handshake_time() const { return paced(handshake_); }
  Duration paced(Duration time) const { return time * pace_ / 100; }
  // A page or a health check is begun: what it takes.
  Duration begin_page(const PageRequest& request);
  std::string answer_to(const PageRequest& request, int requests_left) const;

  SimLoop& loop_;
  const size_t index_;
  const Address address_;
  const TargetPlan plan_;
  TargetWatcher& watcher_;
  std::unique_ptr<io::Acceptor> acceptor_;
  bool frozen_ = false;

 private:
  SlabPool slabs_;
  transport::SecureTransport transport_;
  std::unique_ptr<tls::ServerContext> tls_;
  void start();
  void freeze();

  int pace_ = 100;
  Duration handshake_;
};

std::unique_ptr<Target> make_target(SimLoop& loop, size_t index, const Address& address,
                                    const TargetPlan& plan, TargetWatcher& watcher);

}  // namespace daruma::sim::incident
