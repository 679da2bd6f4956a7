// Where the artifact is uploaded to is where it is imported from.
#pragma once

#include <string>

#include <imgport/import_parameters.hpp>
#include <imgport/uploader.hpp>

namespace imgport {

// The user's request with what the destination tells of bucket, key and region. An error (usage) where they contradict
// each other.
Result<ImportRequest> with_destination(ImportRequest request, const std::string &destination,
                                       const UploadOptions &options, const std::string &file_name);

// A region or a key that is missing is said now, and not after the conversion.
Result<void> check_way(const std::string &destination, UploadOptions options, const ImportRequest &request);

// Said before any work: the import at the end would fail for it.
Result<void> check_importable(const ImportParameters &parameters, Role role);

}  // namespace imgport
