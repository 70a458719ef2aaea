// SPDX-License-Identifier: Apache-2.0
#include "control/port_check.h"

#include <gtest/gtest.h>

#include "io/epoll_loop.h"

namespace daruma::control {
namespace {

struct NobodyAccepts final : io::AcceptHandler {
  void on_accept(std::unique_ptr<io::Socket>) override {}
};

TEST(PortCheck, finds_a_port_that_is_shared_with_others) {
  io::EpollLoop loop(1);
  NobodyAccepts handler;
  auto acceptor = loop.listen(Address::v4({127, 0, 0, 1}, 0), handler, {.share_port = true});
  ASSERT_TRUE(acceptor);
  const Address taken = (*acceptor)->local();
  EXPECT_NE(listening_problem(taken).find(taken.to_string()), std::string::npos);
  acceptor->reset();
  EXPECT_EQ(listening_problem(taken), "");
}

TEST(PortCheck, names_an_address_that_is_not_this_machines) {
  EXPECT_NE(listening_problem(Address::v4({192, 0, 2, 1}, 8080)), "");
}

TEST(PortCheck, lists_every_listener_on_every_address_once) {
  model::api::Resources resources;
  resources.node.addresses = {"127.0.0.2", "127.0.0.1"};
  resources.load_balancers.resize(2);
  for (auto& load_balancer : resources.load_balancers) {
    load_balancer.listeners.resize(1);
    load_balancer.listeners[0].port = 8080;
  }
  const std::vector<Address> expected = {Address::v4({127, 0, 0, 1}, 8080),
                                         Address::v4({127, 0, 0, 2}, 8080)};
  EXPECT_EQ(listening_addresses(resources), expected);
  resources.node.addresses.clear();
  const std::vector<Address> everywhere = {Address::v4({}, 8080), Address::v6({}, 8080)};
  EXPECT_EQ(listening_addresses(resources), everywhere);
}

TEST(PortCheck, asks_only_where_this_process_does_not_listen) {
  const auto every = Address::v4({}, 80);
  const auto one = Address::v4({127, 0, 0, 1}, 80);
  const auto other = Address::v4({127, 0, 0, 2}, 80);
  using Addresses = std::vector<Address>;
  EXPECT_EQ(new_addresses({one, other}, {one}), Addresses{other});
  EXPECT_EQ(new_addresses({every}, {one}), Addresses{});
  EXPECT_EQ(new_addresses({one, other}, {every}), Addresses{});
  EXPECT_EQ(new_addresses({one.with_port(81)}, {every}), Addresses{one.with_port(81)});
  EXPECT_EQ(new_addresses({Address::v6({}, 80)}, {every}), Addresses{Address::v6({}, 80)});
}

}  // namespace
}  // namespace daruma::control
