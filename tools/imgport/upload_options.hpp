// How an object store is reached and uploaded to: for upload, uploads and prepare --upload.
#pragma once

#include <string>

#include <imgport/uploader.hpp>

#include "cli.hpp"

namespace imgport::cli {

// --endpoint, --cname, --internal, --signature, --retries: the way there. --region is the verb's own.
void add_store_options(CLI::App &verb, UploadOptions &options);
// --region, where it is not an import parameter.
void add_region(CLI::App &verb, UploadOptions &options);
// --parallel, --part-size.
void add_part_options(CLI::App &verb, UploadOptions &options);

// The words for DEST in a help text.
inline constexpr const char *destination_help =
    "oss://BUCKET/KEY, s3://BUCKET/KEY, dir:PATH or \"command:PROGRAM [ARG...]\"; a key that ends with / is a folder";

}  // namespace imgport::cli
