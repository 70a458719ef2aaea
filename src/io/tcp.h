// SPDX-License-Identifier: Apache-2.0
//
// Linux TCP sockets in Daruma's terms: addresses, errors, options. No state.
#pragma once

#include "base/address.h"
#include "base/result.h"
#include "io/descriptor.h"
#include "io/loop.h"
#include "io/socket.h"

namespace daruma::io::tcp {

SocketError error_of(int error_number);

// What the kernel holds against the socket, and forgets by being asked.
SocketError take_error(const Descriptor& socket);

// Non-blocking, close-on-exec and without Nagle's delay, as all sockets here. Not open if the
// system refuses; errno says why.
Descriptor open_stream(Address::Family family);
// Whether this machine has the family at all: IPv6 can be turned off.
bool has_family(Address::Family family);
// True if the connection is made or under way; else errno says why.
bool begin_connect(const Descriptor& socket, const Address& address);
// Bound and listening. Errors tell the operator what to do.
Result<Descriptor> open_listening(const Address& address, const ListenOptions& options);
// The next connection in the queue, and where it comes from. Not open if there is none; errno says
// why.
Descriptor accept(const Descriptor& listening, Address& peer);

// An IPv4 address that reached an IPv6 socket is told as IPv4.
Address local_of(const Descriptor& socket);

// Closing will send RST and drop what was not sent yet.
void abort_on_close(const Descriptor& socket);

}  // namespace daruma::io::tcp
