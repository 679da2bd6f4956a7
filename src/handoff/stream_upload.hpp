// An image into an object while it is made: no file of it is ever here. Its parts go one after the other, the first one
// last, since the header is known last; a part that must be sent again is made again.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <imgport/manifest.hpp>
#include <imgport/receipt.hpp>

#include "cloud/object_store.hpp"
#include "cloud/retry.hpp"
#include "convert/image_stream.hpp"
#include "handoff/object_destination.hpp"
#include "handoff/upload_journal.hpp"

namespace imgport {

struct StreamUploadSettings {
    std::uint64_t part_size = 0;  // bytes; the stream's
    std::uint64_t disk_size = 0;  // bytes; for the progress
    bool overwrite = false;
    RetryPolicy retry = {};
    RetryPolicy first_contact{.attempts = 4};
    // What is in the stream: when this is no longer so, an unfinished upload is of something else.
    JournalArtifact identity = {};
    // Where the image was measured before, what came of it.
    std::optional<StreamedImage> measured = {};
    // Whether the head is final as soon as it is passed: nothing is written into it at the end.
    bool head_is_final = false;
    // Asked when all is sent and nothing is completed yet: whether the source is still what was read.
    std::function<Result<void>()> check_source = [] { return Result<void>(); };
};

struct StreamedObject {
    std::string sha256 = {};  // 64 hex digits; empty: it could not be known
    std::uint64_t crc64 = 0;
    std::vector<ManifestPart> parts = {};
    UploadReceipt receipt = {};
};

// `manifest_path`: where the manifest will be; the journal is kept beside it, and is the caller's to remove once the
// manifest is there: until then the same call finds out that the object is what it would make.
Result<StreamedObject> upload_stream(const std::string &manifest_path, ImageStream &stream,
                                     const ObjectDestination &destination, ObjectStore &store,
                                     const StreamUploadSettings &settings, ProgressSink &progress);

}  // namespace imgport
