// SPDX-License-Identifier: Apache-2.0
//
// All operations of each service, for whoever goes through them: fuzz programs. Requests find
// theirs by name (find_operation).
#pragma once

#include <span>

#include "api/acm.h"
#include "api/call.h"
#include "api/iam.h"

namespace daruma::api {

namespace elbv2 {
std::span<const OperationRow> operation_table();
}
namespace acm {
std::span<const JsonOperationRow> operation_table();
}
namespace iam {
std::span<const IamRow> operation_table();
}

}  // namespace daruma::api
