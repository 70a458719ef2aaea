// SPDX-License-Identifier: Apache-2.0
//
// Letters that wait to be read, in the order in which they were posted. One that tells how a thing
// is now takes the place of an unread one about the same thing: it stands where it was posted, and
// the older one is gone. So what waits is bounded by the number of things, however long nobody
// reads. Pure.
//
// What a letter is about says key_of(letter), found in the letter's namespace: an optional key,
// nullopt for a letter that must be read whatever follows. Letters without key_of() all are.
#pragma once

#include <iterator>
#include <list>
#include <map>
#include <optional>
#include <utility>

namespace daruma::io {

template <class Letter>
concept Keyed = requires(const Letter& letter) {
  key_of(letter).has_value();
};

template <class Letter>
auto key_type_of(const Letter& letter) {
  if constexpr (Keyed<Letter>) {
    return key_of(letter);
  } else {
    return std::optional<int>();
  }
}

template <class Letter>
class LetterQueue {
 public:
  // Returns the letter that this one has replaced, if any.
  std::optional<Letter> push(Letter letter) {
    if constexpr (Keyed<Letter>) {
      if (auto key = key_of(letter)) return push_as(std::move(*key), std::move(letter));
    }
    letters_.push_back(std::move(letter));
    return std::nullopt;
  }

  bool empty() const { return letters_.empty(); }
  // REQUIRES: !empty().
  const Letter& newest() const { return letters_.back(); }
  std::list<Letter> take() {
    newest_of_.clear();
    return std::exchange(letters_, {});
  }

 private:
  using Key = typename decltype(key_type_of(std::declval<const Letter&>()))::value_type;
  using Place = typename std::list<Letter>::iterator;

  std::optional<Letter> push_as(Key key, Letter letter) {
    letters_.push_back(std::move(letter));
    const auto [known, is_new] = newest_of_.try_emplace(std::move(key), std::prev(letters_.end()));
    if (is_new) return std::nullopt;
    const Place older = std::exchange(known->second, std::prev(letters_.end()));
    std::optional<Letter> replaced(std::move(*older));
    letters_.erase(older);
    return replaced;
  }

  std::list<Letter> letters_;
  std::map<Key, Place> newest_of_;
};

}  // namespace daruma::io
