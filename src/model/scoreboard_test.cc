// SPDX-License-Identifier: Apache-2.0
#include "model/scoreboard.h"

#include <gtest/gtest.h>

namespace daruma::model {
namespace {

// As Apache 2.4 answers /server-status?auto, with ExtendedStatus Off and mod_ssl.
std::string page(const std::string& busy, const std::string& idle, const std::string& slots) {
  return "localhost\nServerVersion: Apache/2.4.57 (Debian) OpenSSL/3.0.11\nServerMPM: prefork\n"
         "ServerUptimeSeconds: 12\nBusyWorkers: " +
         busy + "\nIdleWorkers: " + idle + "\nScoreboard: " + slots +
         "\nTLSSessionCacheStatus\nCacheType: SHMCB\n";
}

TEST(Scoreboard, counts_slots_by_what_they_do) {
  const auto board = parse_scoreboard(page("8", "2", "_WKKSRDCLGI_.."));
  ASSERT_TRUE(board) << board.error().message;
  EXPECT_EQ(board->busy_workers, 8u);
  EXPECT_EQ(board->idle_workers, 2u);
  EXPECT_EQ(board->slots_all(), 14u);
  EXPECT_EQ(board->workers(), 12u);
  EXPECT_EQ(board->in(WorkerState::idle), 2u);
  EXPECT_EQ(board->in(WorkerState::keep_alive), 2u);
  EXPECT_EQ(board->in(WorkerState::no_process), 2u);
  for (const WorkerState each :
       {WorkerState::starting, WorkerState::reading, WorkerState::sending, WorkerState::lookup,
        WorkerState::closing, WorkerState::logging, WorkerState::finishing, WorkerState::cleanup}) {
    EXPECT_EQ(board->in(each), 1u) << name_of(each);
  }
  EXPECT_FALSE(board->full());
  EXPECT_FALSE(board->settled());
}

TEST(Scoreboard, is_full_when_nobody_is_free) {
  EXPECT_TRUE(parse_scoreboard(page("3", "0", "WKK..."))->full());
  EXPECT_TRUE(parse_scoreboard(page("3", "0", "WKK..."))->settled());
  EXPECT_FALSE(parse_scoreboard(page("0", "0", "..."))->full());
}

TEST(Scoreboard, lines_may_end_as_those_of_other_systems) {
  EXPECT_TRUE(parse_scoreboard("BusyWorkers: 1\r\nIdleWorkers: 1\r\nScoreboard: W_\r\n"));
}

TEST(Scoreboard, what_is_none_is_refused_and_said_why) {
  struct Row {
    std::string text;
    const char* problem;
  };
  const std::string good = page("1", "1", "W_");
  const Row rows[] = {
      {"", "has no line BusyWorkers"},
      {"<!DOCTYPE html>\n<html>...</html>\n", "has no line BusyWorkers"},
      {page("", "1", "W_"), "BusyWorkers is no number of workers"},
      {page("-1", "1", "W_"), "BusyWorkers is no number of workers"},
      {page("99999999999999999999", "1", "W_"), "BusyWorkers is no number of workers"},
      {page("1", "1000001", "W_"), "IdleWorkers is no number of workers"},
      {"BusyWorkers: 1\nScoreboard: W\n", "has no line IdleWorkers"},
      {"BusyWorkers: 1\nIdleWorkers: 0\n", "has no Scoreboard, or not all of it"},
      {"BusyWorkers: 1\nIdleWorkers: 0\nScoreboard: W", "has no Scoreboard, or not all of it"},
      {page("0", "0", ""), "has no Scoreboard, or not all of it"},
      {page("1", "1", "W_x"), "has an unknown letter in its Scoreboard"},
      {page("1", "2", "W_"), "has more BusyWorkers and IdleWorkers than its Scoreboard has slots"},
  };
  for (const Row& row : rows) {
    const auto board = parse_scoreboard(row.text);
    ASSERT_FALSE(board) << row.text;
    EXPECT_EQ(board.error().message, row.problem) << row.text;
  }
  // Cut off anywhere within, it is not taken for less.
  for (size_t bytes = 0; bytes <= good.find("W_\n") + 2; ++bytes)
    EXPECT_FALSE(parse_scoreboard(good.substr(0, bytes))) << bytes;
}

}  // namespace
}  // namespace daruma::model
