// What an upload needs to be gone on with: NAME.upload.json beside the manifest, as long as it is unfinished. Whatever
// it says of parts, the store's own list of them is the truth; the journal saves the reading of what arrived.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <imgport/error.hpp>
#include <imgport/manifest.hpp>

#include "handoff/object_destination.hpp"
#include "support/file_lock.hpp"

namespace imgport {

// Who the artifact is. When this is no longer so, the upload is of something else.
struct JournalArtifact {
    std::string file;           // the name, beside the manifest
    std::uint64_t size = 0;     // bytes
    std::int64_t modified = 0;  // nanoseconds since the epoch; of a stream: the source was
    std::string sha256;         // as the manifest says
    std::string crc64ecma;      // as the manifest says

    friend bool operator==(const JournalArtifact &, const JournalArtifact &) = default;
    static void fields(auto &self, auto &&visit)
    {
        visit("file", self.file);
        visit("size", self.size);
        visit("modified", self.modified);
        visit("sha256", self.sha256);
        visit("crc64ecma", self.crc64ecma);
    }
};

// A part that arrived whole.
struct JournalPart {
    std::uint32_t number = 0;
    std::string etag;
    std::string crc64ecma;  // of the local bytes, decimal
    bool compared = false;  // by checksum with what arrived; else by size only

    static void fields(auto &self, auto &&visit)
    {
        visit("number", self.number);
        visit("etag", self.etag);
        visit("crc64ecma", self.crc64ecma);
        visit("compared", self.compared);
    }
};

// "schema": "imgport.upload/1"
struct UploadJournal {
    std::string destination;  // "oss://BUCKET/KEY"
    std::string region = {};
    std::string endpoint = {};  // empty: the cloud's own
    bool custom_domain = false;
    std::string signature = {};              // v1, v4; empty: the usual one
    std::optional<std::string> upload = {};  // the store's id; none: it was asked for, and no answer is noted
    // Unfinished uploads of that key that were there before; none: the store did not tell.
    std::optional<std::vector<std::string>> others = {};
    std::uint64_t part_size = 0;  // bytes
    bool overwrite = false;
    JournalArtifact artifact = {};
    std::vector<JournalPart> parts = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("destination", self.destination);
        visit("region", self.region);
        visit("endpoint", self.endpoint);
        visit("custom_domain", self.custom_domain);
        visit("signature", self.signature);
        visit("upload", self.upload);
        visit("others", self.others);
        visit("part_size", self.part_size);
        visit("overwrite", self.overwrite);
        visit("artifact", self.artifact);
        visit("parts", self.parts);
    }
};

// "out/web.manifest.json" -> "out/web.upload.json".
std::string journal_path(const std::string &manifest);
// Nothing where there is none.
Result<std::optional<UploadJournal>> read_journal(const std::string &manifest);
// Synced; replaces the old one in one step.
Result<void> write_journal(const std::string &manifest, const UploadJournal &journal);
Result<void> remove_journal(const std::string &manifest);

// One at a time works on the journal of a manifest, whether it sends a file, streams an image or gives the upload up:
// held as long as the lock lives. An error (environment) where another process has it.
Result<PathLock> lock_journal(const std::string &manifest);

}  // namespace imgport
