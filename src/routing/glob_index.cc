// SPDX-License-Identifier: Apache-2.0
#include "routing/glob_index.h"

#include <algorithm>
#include <bit>
#include <map>
#include <unordered_map>

#include "routing/ascii_word.h"

namespace daruma::routing {
namespace {

// Keeps the keys of grams apart from all others: only they may lead to buckets of grams.
constexpr uint64_t gram_bit = uint64_t{1} << 63;

constexpr size_t filter_bits_per_key = 8;

// Multiply and fold: every bit of both factors reaches every bit of the result.
uint64_t mix(uint64_t a, uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

}  // namespace

uint64_t GlobIndex::key_of(Kind kind, std::string_view text, Case letters) {
  constexpr std::array<uint64_t, 4> seeds = {0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f,
                                             0x165667b19e3779f9, 0xd6e8feb86659fd93};
  uint64_t key = seeds[static_cast<size_t>(kind)] ^ (text.size() * 0xff51afd7ed558ccd);
  const auto take = [&key, letters](const char* from, size_t bytes) {
    uint64_t word = word_of(from, bytes);
    if (letters == Case::insensitive) word = ascii_lowered_word(word);
    key = mix(key ^ word, 0xa0761d6478bd642f);
  };
  while (text.size() >= 8) {
    take(text.data(), 8);
    text.remove_prefix(8);
  }
  if (!text.empty()) take(text.data(), text.size());
  return mix(key, 0xe7037ed1a0b428db) & ~gram_bit;
}

uint64_t GlobIndex::gram_key(uint64_t gram, size_t length) {
  return mix(gram ^ (length * 0xff51afd7ed558ccd), 0x8ebc6af09c88c6e3) | gram_bit;
}

// Decides under which literal each glob is filed, then lays the buckets out.
class GlobIndex::Builder {
 public:
  Builder(GlobIndex& index, std::vector<Item> items) : index_(index), items_(std::move(items)) {}
  void build();

 private:
  static size_t gram_length(size_t literal_bytes);
  std::vector<Filing> filings_of(const Glob& glob) const;
  void choose_filings();
  void file(uint32_t item, const Filing& filing);
  void lay_out();
  Bucket append(std::vector<uint32_t>& items);
  void insert(uint64_t key, Bucket bucket);
  static void note_length(std::vector<Length>& lengths, uint32_t length, uint32_t rank);

  using Buckets = std::map<uint64_t, std::vector<uint32_t>>;  // items by key
  GlobIndex& index_;
  std::vector<Item> items_;
  Buckets buckets_;
  Buckets gram_buckets_;
  std::vector<Length> prefix_lengths_;
  std::vector<Length> suffix_lengths_;
  std::vector<Length> gram_lengths_;
  size_t gram_members_ = 0;
  std::vector<uint32_t> scanned_;
};

void GlobIndex::Builder::build() {
  if (items_.size() <= scan_max) {
    for (uint32_t item = 0; item < items_.size(); ++item) scanned_.push_back(item);
  } else {
    choose_filings();
  }
  lay_out();
}

// Few lengths, so that there are few look-ups per character.
size_t GlobIndex::Builder::gram_length(size_t literal_bytes) {
  if (literal_bytes >= 8) return 8;
  return std::min<size_t>(literal_bytes, 4);
}

// In order of preference, where equally rare.
std::vector<GlobIndex::Filing> GlobIndex::Builder::filings_of(const Glob& glob) const {
  const auto filing = [this](Kind kind, std::string_view text) {
    return Filing{kind, key_of(kind, text, index_.letters_), static_cast<uint32_t>(text.size())};
  };
  if (!glob.has_wildcards()) return {filing(Kind::exact, glob.text())};
  std::vector<Filing> filings;
  const Glob::Literals literals = glob.literals();
  if (!literals.prefix.empty()) filings.push_back(filing(Kind::prefix, literals.prefix));
  if (!literals.suffix.empty()) filings.push_back(filing(Kind::suffix, literals.suffix));
  for (const std::string_view literal : literals.inner) {
    const size_t length = gram_length(literal.size());
    uint64_t gram = 0;
    for (size_t read = 1; read <= literal.size(); ++read) {
      gram = (gram << 8) | static_cast<uint8_t>(literal[read - 1]);
      if (read < length) continue;
      filings.push_back(
          {Kind::gram, gram_key(gram & gram_mask(length), length), static_cast<uint32_t>(length)});
    }
  }
  return filings;
}

void GlobIndex::Builder::choose_filings() {
  std::unordered_map<uint64_t, uint32_t> sharers;
  for (const Item& item : items_) {
    for (const Filing& filing : filings_of(item.glob)) ++sharers[filing.key];
  }
  for (uint32_t item = 0; item < items_.size(); ++item) {
    const std::vector<Filing> filings = filings_of(items_[item].glob);
    const auto rarest = std::min_element(
        filings.begin(), filings.end(),
        [&sharers](const Filing& a, const Filing& b) { return sharers[a.key] < sharers[b.key]; });
    if (rarest == filings.end()) {
      scanned_.push_back(item);
    } else {
      file(item, *rarest);
    }
  }
}

void GlobIndex::Builder::file(uint32_t item, const Filing& filing) {
  const uint32_t rank = items_[item].rank;
  switch (filing.kind) {
    case Kind::exact:
      index_.exact_least_rank_ = std::min(index_.exact_least_rank_, rank);
      break;
    case Kind::prefix:
      note_length(prefix_lengths_, filing.length, rank);
      break;
    case Kind::suffix:
      note_length(suffix_lengths_, filing.length, rank);
      break;
    case Kind::gram:
      if (gram_members_ == gram_members_max) {
        scanned_.push_back(item);
        return;
      }
      ++gram_members_;
      note_length(gram_lengths_, filing.length, rank);
      gram_buckets_[filing.key].push_back(item);
      return;
  }
  buckets_[filing.key].push_back(item);
}

// Lengths stay in ascending order.
void GlobIndex::Builder::note_length(std::vector<Length>& lengths, uint32_t length, uint32_t rank) {
  const auto at =
      std::lower_bound(lengths.begin(), lengths.end(), length,
                       [](const Length& entry, uint32_t value) { return entry.length < value; });
  if (at == lengths.end() || at->length != length) {
    lengths.insert(at, {length, rank});
  } else {
    at->least_rank = std::min(at->least_rank, rank);
  }
}

void GlobIndex::Builder::lay_out() {
  const size_t buckets = buckets_.size() + gram_buckets_.size();
  if (buckets > 0) index_.slots_.resize(std::bit_ceil(2 * buckets));
  const size_t bits = std::bit_ceil(std::max<size_t>(64, filter_bits_per_key * buckets));
  index_.filter_.resize(bits / 64);
  index_.members_.reserve(items_.size());
  for (auto& [key, items] : gram_buckets_) insert(key, append(items));
  index_.gram_members_ = static_cast<uint32_t>(index_.members_.size());
  for (auto& [key, items] : buckets_) insert(key, append(items));
  index_.scan_ = append(scanned_);
  for (const auto* lengths : {&prefix_lengths_, &suffix_lengths_, &gram_lengths_}) {
    index_.lengths_.insert(index_.lengths_.end(), lengths->begin(), lengths->end());
  }
  index_.prefixes_end_ = static_cast<uint32_t>(prefix_lengths_.size());
  index_.grams_begin_ = index_.prefixes_end_ + static_cast<uint32_t>(suffix_lengths_.size());
}

GlobIndex::Bucket GlobIndex::Builder::append(std::vector<uint32_t>& items) {
  std::sort(items.begin(), items.end(),
            [this](uint32_t a, uint32_t b) { return items_[a].rank < items_[b].rank; });
  const Bucket bucket{static_cast<uint32_t>(index_.members_.size()),
                      static_cast<uint32_t>(items.size())};
  for (const uint32_t item : items) {
    const uint32_t told = items_[item].rank_is_all ? no_item : item;
    index_.members_.push_back({items_[item].rank, told, std::move(items_[item].glob)});
  }
  return bucket;
}

void GlobIndex::Builder::insert(uint64_t key, Bucket bucket) {
  const uint64_t bit = (key >> 32) & (64 * index_.filter_.size() - 1);
  index_.filter_[bit / 64] |= uint64_t{1} << (bit % 64);
  const size_t mask = index_.slots_.size() - 1;
  size_t at = key & mask;
  while (index_.slots_[at].bucket.count != 0) at = (at + 1) & mask;
  index_.slots_[at] = {key, bucket};
}

GlobIndex::GlobIndex(std::vector<Item> items, Case letters) : letters_(letters) {
  Builder(*this, std::move(items)).build();
}

}  // namespace daruma::routing
