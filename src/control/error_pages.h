// SPDX-License-Identifier: Apache-2.0
//
// A listener's own error pages: the attributes daruma.error_page.STATUS.file, .text and
// .content_type, where STATUS is one that Daruma answers by itself, or 4xx or 5xx. Pure.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "control/attributes.h"
#include "control/issues.h"
#include "model/resources.h"
#include "model/rule.h"

namespace daruma::control {

bool is_error_page_key(std::string_view key);
bool is_error_page_file_key(std::string_view key);  // its value is a path
// As check_attribute(). REQUIRES: is_error_page_key(key).
std::optional<AttributeProblem> check_error_page(std::string_view key, std::string_view value);

// What the attributes say together, and what the files hold.
void validate_error_pages(const model::api::Listener& listener, const Path& path, Issues& issues);

// Those of one status before those of a class. REQUIRES: a validated listener.
std::vector<model::ErrorPage> compile_error_pages(const model::api::Listener& listener);

}  // namespace daruma::control
