// SPDX-License-Identifier: Apache-2.0
//
// The last configuration that was applied, kept in the data directory so that a node can start
// although daruma.yaml is broken or gone (`serve --last-good`). One file, replaced in one step, for
// its owner's eyes only: it holds private keys.
#pragma once

#include <map>
#include <string>

#include "base/result.h"

namespace daruma::control {

struct LastGood {
  std::string text;                          // of the configuration file
  std::map<std::string, std::string> files;  // the others that it names: path as written → content
  bool operator==(const LastGood&) const = default;
};

// Makes the directory if it is missing (its parent must exist).
Result<void> make_data_directory(const std::string& directory);

// The directory is made if it is missing (its parent must exist).
Result<void> save_last_good(const std::string& directory, const LastGood& good);
Result<LastGood> load_last_good(const std::string& directory);

}  // namespace daruma::control
