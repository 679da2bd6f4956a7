// The document that describes an artifact and vouches for it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <imgport/drop.hpp>
#include <imgport/facts.hpp>
#include <imgport/finding.hpp>
#include <imgport/import_parameters.hpp>
#include <imgport/progress.hpp>

namespace imgport {

struct ManifestSource {
    std::string file;  // the name, without folders; of another machine's file ssh://HOST[:PORT]/PATH, without the user
    std::string format;
    std::vector<std::string> wrapped_in = {};
    std::optional<std::string> member = {};
    std::uint64_t file_size = 0;                  // bytes
    std::optional<std::string> consistency = {};  // "crash": the disk was in use while it was read, or may have been

    static void fields(auto &self, auto &&visit)
    {
        visit("file", self.file);
        visit("format", self.format);
        visit("wrapped_in", self.wrapped_in);
        visit("member", self.member);
        visit("file_size", self.file_size);
        visit("consistency", self.consistency);
    }
};

// One of the parts that an artifact was sent in.
struct ManifestPart {
    std::uint32_t number = 0;  // from 1
    std::uint64_t offset = 0;  // in the artifact's file, bytes
    std::uint64_t size = 0;    // bytes
    std::string crc64ecma;     // decimal
    std::string sha256;        // 64 hex digits

    static void fields(auto &self, auto &&visit)
    {
        visit("number", self.number);
        visit("offset", self.offset);
        visit("size", self.size);
        visit("crc64ecma", self.crc64ecma);
        visit("sha256", self.sha256);
    }
};

struct ManifestArtifact {
    std::string file;  // the name, in the manifest's own folder; one that was streamed is not there
    std::string format;
    std::string variant;
    std::uint64_t file_size = 0;                     // bytes
    std::uint64_t virtual_size = 0;                  // bytes
    std::optional<std::string> sha256;               // of the file, 64 hex digits; nothing where it could not be known:
    std::string crc64ecma;                           // of the file, decimal, as OSS's header spells it
    std::optional<std::string> sha256_unknown = {};  // why
    // Of an artifact that was sent while it was made, and never was a file here.
    std::optional<std::string> streamed_to = {};
    std::optional<std::vector<ManifestPart>> parts = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("file", self.file);
        visit("format", self.format);
        visit("variant", self.variant);
        visit("file_size", self.file_size);
        visit("virtual_size", self.virtual_size);
        visit.nullable("sha256", self.sha256);
        visit("crc64ecma", self.crc64ecma);
        visit("sha256_unknown", self.sha256_unknown);
        visit("streamed_to", self.streamed_to);
        visit("parts", self.parts);
    }
};

struct ManifestContent {
    std::string digest;                 // content_digest()
    std::vector<Dropped> dropped = {};  // what the source has and the artifact has not

    static void fields(auto &self, auto &&visit)
    {
        visit("digest", self.digest);
        visit("dropped", self.dropped);
    }
};

struct ManifestCheck {
    std::string profile;
    Verdict verdict = Verdict::error;
    std::vector<std::string> waived = {};  // the rules whose violations are accepted

    static void fields(auto &self, auto &&visit)
    {
        visit("profile", self.profile);
        visit("verdict", self.verdict);
        visit("waived", self.waived);
    }
};

// "schema": "imgport.manifest/1"
struct Manifest {
    ManifestSource source;
    ManifestArtifact artifact;
    ManifestContent content;
    std::optional<GuestFacts> guest = {};
    ManifestCheck check;
    std::optional<Role> role = {};  // what the disk is for
    ImportParameters import;
    std::map<std::string, std::string> tools = {};  // name -> version
    std::optional<std::string> created = {};        // from SOURCE_DATE_EPOCH only, ISO 8601

    static void fields(auto &self, auto &&visit)
    {
        visit("source", self.source);
        visit("artifact", self.artifact);
        visit("content", self.content);
        visit("guest", self.guest);
        visit("check", self.check);
        visit("role", self.role);
        visit("import", self.import);
        visit("tools", self.tools);
        visit("created", self.created);
    }
};

std::string manifest_json(const Manifest &manifest);
Result<Manifest> read_manifest(const std::string &path);

// Whether artifact and manifest still agree: sizes, SHA-256, CRC-64, our probe of the artifact, the content digest.
// One message per disagreement; an error only where one of them cannot be read.
Result<std::vector<std::string>> verify_manifest(const std::string &path, ProgressSink &progress);

}  // namespace imgport
