// SPDX-License-Identifier: Apache-2.0
#include "model/letter.h"

namespace daruma::model {
namespace {

// Of one kind of letter; the variant adds the kind.
using Key = std::optional<LetterKey>;

Key about(const SnapshotLetter&) {
  return LetterKey{};
}
Key about(const TicketKeyLetter&) {
  return LetterKey{};
}
Key about(const CookieKeyLetter&) {
  return LetterKey{};
}
Key about(const DrainLetter&) {
  return LetterKey{};
}
Key about(const HealthLetter& letter) {
  return LetterKey{.target = letter.target};
}
Key about(const DoorLetter& letter) {
  return LetterKey{.target = letter.target};
}
Key about(const WeightLetter& letter) {
  return LetterKey{.target = letter.target};
}
Key about(const AnomalyLetter& letter) {
  return LetterKey{.target = letter.target};
}
Key about(const ServerStatusLetter& letter) {
  return LetterKey{.target = letter.target};
}
Key about(const DoorReport& report) {
  return LetterKey{.sender = report.worker, .target = report.target};
}
Key about(const LoadReport& report) {
  return LetterKey{.sender = report.worker, .target = report.target};
}
Key about(const LoadLetter& letter) {
  return LetterKey{.target = letter.target};
}
// Each length of a row counts, and lengths double: they are some thirty.
Key about(const FailureReport& report) {
  return LetterKey{.sender = report.worker, .which = report.in_a_row, .target = report.target};
}
Key about(const AdoptedLetter& letter) {
  return LetterKey{.sender = letter.worker, .target = {}};
}
Key about(const StoppedLetter& letter) {
  return LetterKey{.sender = letter.worker, .target = {}};
}
// Who asked has given up when so many have asked after.
Key about(const InquiryLetter& letter) {
  constexpr uint64_t unread_max = 64;
  return LetterKey{.which = static_cast<uint32_t>(letter.number % unread_max), .target = {}};
}
Key about(const AnswerLetter&) {
  return std::nullopt;
}
Key about(const RetiredLetter&) {
  return std::nullopt;
}

template <class Letter>
Key key(const Letter& letter) {
  Key key = std::visit([](const auto& each) { return about(each); }, letter);
  if (key) key->kind = letter.index();
  return key;
}

}  // namespace

std::optional<LetterKey> key_of(const WorkerLetter& letter) {
  return key(letter);
}
std::optional<LetterKey> key_of(const HealthThreadLetter& letter) {
  return key(letter);
}
std::optional<LetterKey> key_of(const ControlLetter& letter) {
  return key(letter);
}

}  // namespace daruma::model
