// The cloud's import: ImportImage is called with what the manifest says, its task is followed until the image can be
// used, and what came of it is written into the receipt, from which a later run goes on.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <imgport/import_parameters.hpp>
#include <imgport/progress.hpp>
#include <imgport/receipt.hpp>

namespace imgport {

struct ImportCallOptions {
    // What the manifest left out, and what says nothing of the image: name, description, role, resource group, licence,
    // tags. Region, bucket and object may only repeat what the manifest says.
    ImportRequest request = {};
    std::string api_endpoint = {};    // "https://HOST[:PORT]"; empty: the region's public one
    bool rpc_signature = false;       // the older signature (HMAC-SHA1) instead of ACS3
    std::string store_endpoint = {};  // where an object is looked at that no receipt tells of; empty: the public one
    bool dry_run = false;             // the cloud checks the call and does nothing
    bool again = false;               // import anew whatever the receipt tells of
    bool wait = true;                 // until the image is available
    std::optional<std::chrono::seconds> timeout = {};
    // Between two looks at the task: a twentieth of the time it has taken so far, within these.
    std::chrono::milliseconds shortest_look{3'000};
    std::chrono::milliseconds longest_look{30'000};
};

struct ImportDone {
    ImportReceipt receipt;
    std::vector<std::pair<std::string, std::string>> parameters = {};  // of the call, where one was made
    bool was_there = false;                                            // an earlier run had imported it
    bool available = false;                                            // not so with `wait` off, or after a dry run
};

// `manifest` is the path of a system disk's manifest; the manifests and receipts of its data disks lie beside it.
// Safe to start again after any failure: the same import is gone on with, and never made twice.
Result<ImportDone> import_image(const std::string &manifest, const ImportCallOptions &options, ProgressSink &progress);

// Ends the import that the receipt tells of, and waits until it has ended.
Result<ImportDone> cancel_import(const std::string &manifest, const ImportCallOptions &options, ProgressSink &progress);

}  // namespace imgport
