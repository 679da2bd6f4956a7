// What ImportImage is called with: from the manifest, from what the user adds, and from what the receipts tell.
#pragma once

#include <string>
#include <vector>

#include <imgport/error.hpp>
#include <imgport/import_parameters.hpp>
#include <imgport/manifest.hpp>
#include <imgport/receipt.hpp>

#include "cloud/http.hpp"

namespace imgport {

// One disk of the image: the system disk first, then its data disks.
struct DiskToImport {
    std::string manifest;          // the path; of a data disk: beside the system disk's
    std::optional<Manifest> told;  // what it says; nullopt: it is not there
    HandOver receipt = {};
    DiskMapping mapping = {};
};

struct ImportToCall {
    ImportParameters parameters;
    std::vector<DiskToImport> disks;

    // SHA-256 of each disk's artifact, its CRC-64 where there is none, empty where neither is known.
    std::vector<std::string> artifacts() const;
    std::string role() const;  // the one that reads the bucket
};

// Reads the manifest and those of its data disks. What the user adds is held against the manifest, everything against
// the documented limits: all that is wrong is in the list (code usage).
tl::expected<ImportToCall, std::vector<Error>> plan_import(const std::string &manifest, const ImportRequest &request);

// Not so of one that another store took, whatever it is called.
bool lies_in_oss(const UploadReceipt &upload);

// Spelt and numbered as the API wants them; nothing that is deprecated.
NamedValues api_parameters(const ImportParameters &parameters);

// Tells one call from another.
std::string digest_of_parameters(const NamedValues &parameters);

// The same for the same call of the same artifacts; another one after an attempt that came to its end (`previous`: its
// token).
std::string make_client_token(const NamedValues &parameters, const std::vector<std::string> &artifacts,
                              const std::string &previous);

}  // namespace imgport
