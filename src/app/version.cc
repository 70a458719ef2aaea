// SPDX-License-Identifier: Apache-2.0
#include "app/version.h"

#include "tls/version.h"

namespace daruma::app {
namespace {

#ifdef __clang__
constexpr const char* compiler = "clang " __clang_version__;
#else
constexpr const char* compiler = "g++ " __VERSION__;
#endif

}  // namespace

std::string version_number() {
  return DARUMA_VERSION;
}

std::string version_text() {
  return "daruma " + version_number() + " (" + compiler + ", " + tls::library_version() + ")";
}

}  // namespace daruma::app
