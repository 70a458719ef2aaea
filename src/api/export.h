// SPDX-License-Identifier: Apache-2.0
//
// Resources → the text of a daruma.yaml that declares them: what `daruma export` prints. Pure.
#pragma once

#include <string>
#include <vector>

#include "api/json_codec.h"
#include "model/resources.h"

namespace daruma::api {

// Members are written as control/decode reads them. Secrets that stand in the file itself are left
// out; certificates without files get names of files: NAME.crt and NAME.key in `folder`;
// trust stores NAME.ca.pem and NAME.ID.crl.
std::string export_yaml(const model::api::Resources& resources, const std::string& folder);

// The files of a trust store, as written; of one that the API made, in `folder`.
std::string bundle_file_of(const model::api::TrustStore& store, const std::string& folder);
std::string revocation_file_of(const model::api::TrustStore& store,
                               const model::api::Revocation& one, const std::string& folder);

// What CreateTargetGroup takes of a group, and a file has of it, but for its type: what is exported
// has its targets by address, since neither knows instances.
Json exported_group(const model::api::TargetGroup& group);
std::vector<model::api::TargetDescription> exported_targets(const model::api::TargetGroup& group);

// What CreateRule takes of a rule, and a file has of it.
void write_rule(JsonWriter& writer, const model::api::Rule& rule);

// Block style; a text is plain where nobody could take it for something else, else quoted.
std::string yaml_of(const Json& json);

}  // namespace daruma::api
