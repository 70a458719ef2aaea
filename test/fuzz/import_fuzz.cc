// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as what AWS's client has printed: reading ends, and what is made of it can be written
// as a file and as commands.
#include <string>
#include <vector>

#include "api/aws_import.h"
#include "api/export.h"
#include "api/export_commands.h"
#include "fuzz_input.h"

using namespace daruma;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const bool by_name = input.choice() % 2 == 1;
  api::Json json = api::Json::parse(input.rest(), nullptr, false);
  if (json.is_discarded()) return 0;
  // As `daruma import` sees one file, or two of which one's name says whose it is.
  std::vector<api::DescribedFile> files{{"all.json", json}};
  if (by_name) files.push_back({"health-aaaaaaaaaaaaaaaa.json", std::move(json)});
  const api::Imported imported = api::import_described(files);
  FUZZ_CHECK(!api::export_yaml(imported.resources, "").empty());
  FUZZ_CHECK(api::export_commands(imported.resources, "").starts_with("#!/bin/sh"));
  return 0;
}
