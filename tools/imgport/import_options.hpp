// What the verbs that call the cloud's import share.
#pragma once

#include <string>

#include <imgport/import_call.hpp>

#include "cli.hpp"

namespace imgport::cli {

struct CallOptions {
    std::string api_endpoint = {};
    std::string api_signature = "acs3";
};
// --api-endpoint, --api-signature
void add_call_options(CLI::App &verb, CallOptions &options);
ImportCallOptions import_call_options(const CallOptions &options);

// What came of it, for standard output.
std::string describe(const ImportDone &done);

}  // namespace imgport::cli
