// SPDX-License-Identifier: Apache-2.0
//
// What `aws elbv2 describe-…` prints of load balancers at AWS, as what daruma.yaml can say. What
// cannot be said is noted; an action that let only some clients through, or went where nobody is
// here, becomes a fixed response 503: never is anybody let in whom AWS would have kept out. Pure.
#pragma once

#include <string>
#include <vector>

#include "api/json_codec.h"
#include "model/resources.h"

namespace daruma::api {

struct DescribedFile {
  std::string name;  // for what does not say whose it is: holds the resource's id
  Json json;
};

struct Imported {
  model::api::Resources resources;  // not yet checked as a whole
  std::vector<std::string> notes;   // a line each
};

// Of all files together, in any order. Certificates are named and their files as well, which
// somebody else has to put there: AWS gives no private key.
Imported import_described(const std::vector<DescribedFile>& files);

}  // namespace daruma::api
