// SPDX-License-Identifier: Apache-2.0
#include "api/ec2_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/base64.h"

namespace daruma::api::ec2 {
namespace {

constexpr int64_t results_min = 5;
constexpr int64_t results_max = 1000;

}  // namespace

Page Page::read(Input& in) {
  Page page;
  const auto most = in.number("MaxResults");
  if (most && (*most < results_min || *most > results_max)) {
    in.fail({"InvalidParameterValue",
             fmt::format("Value ( {} ) for parameter maxResults is invalid. Expecting a value {}.",
                         *most,
                         *most < results_min ? fmt::format("greater than {}", results_min)
                                             : fmt::format("less than {}", results_max))});
  } else if (most) {
    page.most = static_cast<size_t>(*most);
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
