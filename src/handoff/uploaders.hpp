// The makers of the uploaders; the table in uploader.cpp names them.
#pragma once

#include <memory>
#include <string_view>

#include <imgport/uploader.hpp>

namespace imgport {

// Copies (or reflinks) artifact and manifest into a folder, reads them back and compares.
Result<std::unique_ptr<Uploader>> make_directory_uploader(std::string_view path);

// Runs a program with IMGPORT_ARTIFACT, IMGPORT_MANIFEST and IMGPORT_DESTINATION set. The text is split on blanks;
// no shell sees it. IMGPORT_DESTINATION is "oss://BUCKET/KEY" where the manifest has both, else empty.
Result<std::unique_ptr<Uploader>> make_command_uploader(std::string_view command);

// In parts into an object store, resumable. The whole destination: "oss://BUCKET/KEY", "s3://BUCKET/KEY", a URL of OSS.
Result<std::unique_ptr<Uploader>> make_object_uploader(std::string_view destination, const UploadOptions &options);

}  // namespace imgport
