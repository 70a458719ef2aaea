// SPDX-License-Identifier: Apache-2.0
//
// TLS with targets: the attributes daruma.target_tls.* of a target group.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "control/issues.h"
#include "model/resources.h"
#include "model/target_tls.h"

namespace daruma::control {

inline constexpr std::string_view target_tls_ca_key = "daruma.target_tls.ca_bundle.file";
inline constexpr std::string_view target_tls_certificate_key = "daruma.target_tls.certificate";

// As in control/attribute_texts.h.
std::string check_target_server_name(std::string_view value);

// What the attributes say together. `certificates` are the names there are; where they are not all
// known, nullptr.
void validate_target_tls(const model::api::TargetGroup& group,
                         const std::set<std::string>* certificates, const Path& path,
                         Issues& issues);
// Nullptr: as an ALB has it. REQUIRES: a validated group.
std::shared_ptr<const model::TargetTls> compile_target_tls(
    const model::api::TargetGroup& group, const std::vector<model::api::Certificate>& certificates);

}  // namespace daruma::control
