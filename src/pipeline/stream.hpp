// prepare --stream: an image into an object in one pass, without a file of it on this machine.
#pragma once

#include <string>

#include <imgport/convert.hpp>
#include <imgport/manifest.hpp>
#include <imgport/uploader.hpp>

#include "handoff/stream_upload.hpp"

namespace imgport {

// Refuses (usage) what cannot be streamed: to a destination that is no object store, by qemu-img.
Result<void> check_streamable(const ConvertOptions &options, const std::string &destination);

struct Streamed {
    ConvertResult converted;  // its path is empty
    StreamedObject object;
    std::string sha256_unknown = {};  // why, where it is
};

// `manifest` is complete but for what only the conversion tells; it will be written to `manifest_path`. The journal
// beside it stays until the caller removes it: until then the same call finds out that the object is there.
Result<Streamed> stream_image(const std::string &path, const ImageFacts &image, const Manifest &manifest,
                              const std::string &manifest_path, const std::string &destination,
                              const ConvertOptions &options, const UploadOptions &upload_with, ProgressSink &progress);

}  // namespace imgport
