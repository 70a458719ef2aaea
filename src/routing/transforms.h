// SPDX-License-Identifier: Apache-2.0
//
// What a rule makes of a request's Host and URL before it is forwarded (elbv2 RuleTransform:
// host-header-rewrite, url-rewrite). It plays no part in choosing the rule. Immutable, thread-safe,
// pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "routing/regex.h"

namespace daruma::routing {

// Replaces the first place where `regex` matches.
class Rewrite {
 public:
  // `replace` is text in which $0 stands for the whole match and $1 to $99 for what a group matched
  // ("" if it took no part); any other '$' stands for itself. Fails as Regex::compile() does, or if
  // a group is named that is not there.
  static Result<Rewrite> compile(std::string_view regex, std::string_view replace, Case letters);

  enum class Outcome : uint8_t { no_match, rewritten, too_long };
  // `result` is replaced if there is a match. too_long: it would have more than `bytes_max`.
  Outcome apply(std::string_view subject, size_t bytes_max, std::string& result) const;

 private:
  using Part = std::variant<std::string, int>;  // text, or a group
  static Result<std::vector<Part>> parse(std::string_view replace, int groups);

  explicit Rewrite(Regex regex) : regex_(std::move(regex)) {}
  Regex regex_;
  std::vector<Part> parts_;
  int groups_used_ = 0;  // the highest
};

// Named as the access log of an ALB names them.
enum class TransformStatus : uint8_t {
  none,  // the rule has no transform
  success,
  buffer_too_small,
  invalid_host,
  invalid_path,
};
std::string_view name_of(TransformStatus status);  // "TransformSuccess"; "" for none

struct Transforms {
  std::optional<Rewrite> host;
  std::optional<Rewrite> url;

  struct Rewritten {
    std::string host;  // "" : as received
    std::string url;
  };
  // `host` is without port, `url` path and query. What is not rewritten, or to itself, stays empty
  // in `result`; so does everything if the status is not success.
  TransformStatus apply(std::string_view host_received, std::string_view url_received,
                        Rewritten& result) const;
};

}  // namespace daruma::routing
