// SPDX-License-Identifier: Apache-2.0
//
// Names that are ours to make: ARNs have AWS's form, with account 000000000000 and region
// us-east-1, which the AWS clients know. Their ids are what the API gave at random, or, for
// resources that daruma.yaml declares, hashes of names, so they survive restarts. Pure.
#pragma once

#include <string>
#include <string_view>

#include "model/resources.h"

namespace daruma::control {

inline constexpr std::string_view account_id = "000000000000";
inline constexpr std::string_view region = "us-east-1";

std::string id_of(const model::api::LoadBalancer& balancer);
std::string id_of(const model::api::TargetGroup& group);
std::string id_of(const model::api::LoadBalancer& balancer, const model::api::Listener& listener);
std::string id_of(const model::api::LoadBalancer& balancer, const model::api::Listener& listener,
                  const model::api::Rule& rule);
std::string default_rule_id(const model::api::LoadBalancer& balancer,
                            const model::api::Listener& listener);

// As logs and metrics spell them: "app/{name}/{id}", "targetgroup/{name}/{id}".
std::string resource_id(const model::api::LoadBalancer& balancer);
std::string resource_id(const model::api::TargetGroup& group);

std::string arn_of(const model::api::LoadBalancer& balancer);
std::string arn_of(const model::api::TargetGroup& group);
std::string arn_of(const model::api::LoadBalancer& balancer, const model::api::Listener& listener);
std::string arn_of(const model::api::LoadBalancer& balancer, const model::api::Listener& listener,
                   const model::api::Rule& rule);
std::string default_rule_arn(const model::api::LoadBalancer& balancer,
                             const model::api::Listener& listener);
std::string arn_of(const model::api::Certificate& certificate);
std::string arn_of(const model::api::TrustStore& store);
// Uploaded to IAM: its id begins so, as AWS's, and its ARN has its path and name.
inline constexpr std::string_view server_certificate_prefix = "ASCA";
bool is_server_certificate(const model::api::Certificate& certificate);

// A load balancer's DNS name ends in daruma.internal (.internal is the top-level domain for private
// use): nobody's name server knows it, unless an operator's does. One that the API made has AWS's
// form before that, with a number of its own.
std::string dns_name_of(const model::api::LoadBalancer& balancer);

}  // namespace daruma::control
