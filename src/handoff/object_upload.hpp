// One artifact into one object, in parts, over as many runs as it takes.
#pragma once

#include <chrono>
#include <string>

#include <imgport/uploader.hpp>

#include "cloud/object_store.hpp"
#include "cloud/retry.hpp"
#include "handoff/object_destination.hpp"

namespace imgport {

struct ObjectUploadSettings {
    unsigned parallel = 4;
    std::uint64_t part_size = 0;  // bytes; 0: chosen
    bool overwrite = false;
    RetryPolicy retry = {};
    // Of the very first request, where a mistake in the address is likelier than trouble on the way.
    RetryPolicy first_contact{.attempts = 4};
    std::chrono::milliseconds journal_pace{2000};  // between two notes of parts that have arrived
};

// `destination`: complete for this manifest (destination_for).
Result<Receipt> upload_object(const std::string &manifest_path, const Manifest &manifest,
                              const ObjectDestination &destination, ObjectStore &store,
                              const ObjectUploadSettings &settings, ProgressSink &progress);

// Aborts what the journal beside the manifest names, and removes the journal.
Result<void> abort_object_upload(const std::string &manifest_path, const std::string &key, ObjectStore &store,
                                 const RetryPolicy &retry);

}  // namespace imgport
