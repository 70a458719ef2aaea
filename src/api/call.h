// SPDX-License-Identifier: Apache-2.0
//
// One call of an operation of a Query service, and what its operations share.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/catalog.h"
#include "api/content_links.h"
#include "api/outside.h"
#include "api/query_reader.h"
#include "api/service_error.h"
#include "api/shapes.h"
#include "api/xml_writer.h"
#include "base/result.h"
#include "base/time.h"
#include "control/controller.h"
#include "model/resources.h"

namespace daruma::api {

// How the node stands, apart from what is configured.
class NodeState {
 public:
  virtual bool serves_everywhere(const shapes::LoadBalancer& balancer) const = 0;
  // Why a worker does not serve one of its listeners as it is configured; "" if all do.
  virtual std::string problem_of(const shapes::LoadBalancer& balancer) const = 0;
  virtual const control::Controller::TargetHealthTable& target_health() const = 0;
  virtual model::AnomalyLetter anomaly(const model::TargetKey& target) const = 0;
  virtual bool shifted_away(const model::TargetKey& target) const = 0;
  virtual const control::Controller::DrainingTable& draining_targets() const = 0;
  virtual std::string started() const = 0;  // ISO 8601
  virtual std::string now() const = 0;      // the same
  virtual WallTime wall_now() const = 0;
  // A URL under which it can be fetched for a while.
  virtual std::string location_of(const LinkedContent& content) const = 0;

 protected:
  ~NodeState() = default;
};

struct Call {
  Catalog& catalog;
  const NodeState& node;
  Outside& outside;
  QueryReader in;
  XmlWriter out;  // the result's members

  // Everything was read: whether it was right.
  Expected<void> finish_input() {
    if (auto problem = in.finish()) return tl::unexpected(std::move(*problem));
    return {};
  }
  // A required ARN. It is read even if it is missing, which finish_input() then tells.
  std::string arn(std::string_view name) {
    in.need(name);
    std::string arn;
    in.text(name, arn);
    return arn;
  }
};

using Operation = Expected<void> (*)(Call& call);

enum class Effect : uint8_t { reads, changes };
struct OperationRow {
  std::string_view name;
  Effect effect;
  Operation run;
};

// ---- lists in pages ----

struct Paging {
  std::string after;  // "": from the beginning
  size_t size = 400;
};
Expected<Paging> read_paging(QueryReader& in);

// Items under keys that sort them and that nobody else has.
template <class T>
using Keyed = std::vector<std::pair<std::string, T>>;

template <class T, class F>
void write_page(XmlWriter& out, std::string_view name, Keyed<T> items, const Paging& paging, F f) {
  std::ranges::sort(items, {}, &std::pair<std::string, T>::first);
  if (!paging.after.empty()) {
    std::erase_if(items, [&](const auto& item) { return item.first <= paging.after; });
  }
  const bool more = items.size() > paging.size;
  if (more) items.resize(paging.size);
  out.each(name, items, [&](const auto& item) { f(item.second); });
  if (more) out.element("NextMarker", items.back().first);
}

// ---- what several operations read, check and show ----

// Into tags that are there already.
void read_tags(QueryReader& in, shapes::Tags& tags);
void write_tags(XmlWriter& out, const shapes::Tags& tags);

std::string make_id();                             // 16 hexadecimal digits
shapes::Identity make_identity(const Call& call);  // without tags

// As Describe shows them: defaults filled in, short forms beside the long ones.
shapes::Action shown(shapes::Action action);
shapes::RuleCondition shown(shapes::RuleCondition condition);
void write_actions(XmlWriter& out, std::string_view name,
                   const std::vector<shapes::Action>& actions);
// As they are kept: a short form that says the same as the long one is dropped.
void read_actions(QueryReader& in, std::string_view name, std::vector<shapes::Action>& actions);

// Quotas and associations of a load balancer after a change, with the codes AWS has for them.
Expected<void> check_balancer(const Catalog& catalog, const shapes::LoadBalancer& balancer);

}  // namespace daruma::api
