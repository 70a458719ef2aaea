// SPDX-License-Identifier: Apache-2.0
//
// Resources as a shell script of `aws` commands that make them anew, at a Daruma or at AWS. Pure.
#pragma once

#include <string>

#include "model/resources.h"

namespace daruma::api {

// `folder`: where the certificates that were imported are, with its slash. What commands cannot say
// is a comment in its place.
std::string export_commands(const model::api::Resources& resources, const std::string& folder);

}  // namespace daruma::api
