// SPDX-License-Identifier: Apache-2.0
#include "api/ec2_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/base64.h"

namespace daruma::api::ec2 {
namespace {

constexpr int64_t results_min = 5;

}  // namespace

Page Page::read(Input& in, int64_t most) {
  Page page;
  const auto asked = in.number("MaxResults");
  if (asked && (*asked < results_min || *asked > most)) {
    in.fail({"InvalidParameterValue",
             fmt::format("Value ( {} ) for parameter maxResults is invalid. Expecting a value {}.",
                         *asked,
                         *asked < results_min ? fmt::format("greater than {}", results_min)
                                              : fmt::format("less than {}", most))});
  } else if (asked) {
    page.most = static_cast<size_t>(*asked);
  }
  const std::string token = in.text("NextToken");
  if (!token.empty() && (!append_from_base64url(token, page.after) || page.after.empty())) {
    in.fail({"InvalidNextToken", "The token '" + token + "' is not one that was given out"});
  }
  return page;
}

std::string cut(std::vector<Item>& items, const Page& page) {
  if (!page.asked_for()) return "";
  std::ranges::sort(items, {}, &Item::id);
  std::erase_if(items, [&page](const Item& item) { return item.id <= page.after; });
  if (!page.most || items.size() <= *page.most) return "";
  items.resize(*page.most);
  std::string token;
  append_base64url(items.back().id, token);
  return token;
}

}  // namespace daruma::api::ec2
