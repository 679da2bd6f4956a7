// One image to another.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <imgport/disk_size.hpp>
#include <imgport/drop.hpp>
#include <imgport/image.hpp>
#include <imgport/overwrite.hpp>
#include <imgport/progress.hpp>

namespace imgport {

enum class Compression { none, fast, small, zstd };
enum class VhdType { dynamic, fixed };
enum class Preallocation { none, metadata };
enum class Verify { none, structure, content };
enum class Engine { automatic, native, qemu };

struct ConvertOptions {
    Format target = Format::qcow2;  // qcow2, vhd or raw
    Compression compression = Compression::none;
    VhdType vhd_type = VhdType::dynamic;
    Preallocation preallocation = Preallocation::none;  // metadata: every cluster of a QCOW2 has its place in the file
    Verify verify = Verify::structure;
    Engine engine = Engine::automatic;
    Overwrite overwrite = Overwrite::no;
    AllowedFiles allowed = {};
    std::string temp_dir = {};
    std::uint64_t max_unpacked = 0;       // bytes; 0: 2 TiB
    unsigned threads = 0;                 // 0: as many as there are cores
    bool digest = false;                  // compute the content digest even where the verification does not need it
    std::optional<WantedSize> grow = {};  // how large the disk should be, with its backup GPT at the new end
    DropOptions drop = {};
    bool offer_drop = false;  // find out what `drop` could have left out
};

struct ConvertResult {
    std::string path;                   // of the artifact
    ImageFacts artifact;                // our own probe of it
    std::string engine;                 // "native" or "qemu"
    std::string engine_version;         // our own, or qemu-img's: "7.2.22"
    std::vector<Dropped> dropped = {};  // with `drop`: what was left out; else, with `offer_drop`, could be
    std::string compressor = {};        // of the native engine: "isa-l 2.30.0"; empty: nothing compressed
    std::optional<std::string> content_digest = {};  // 64 hex digits; where asked for, or verified by content
    std::string sha256;     // of the artifact file, 64 hex digits; with `digest` or Verify::content
    std::string crc64ecma;  // of the artifact file, decimal, as OSS's header spells it; likewise
};

// Writes `destination` only when the whole of it was written, synced and verified (docs/contract.md, "Output").
Result<ConvertResult> convert(const std::string &source, const ImageFacts &image, const std::string &destination,
                              const ConvertOptions &options, ProgressSink &progress);

struct DigestOptions {
    AllowedFiles allowed = {};
    std::string temp_dir = {};
    std::uint64_t max_unpacked = 0;  // bytes; 0: 2 TiB
    unsigned threads = 0;            // 0: as many as there are cores
};

// The digest of the guest-visible bytes, independent of the format: docs/content-digest.md. 64 hex digits.
Result<std::string> content_digest(const std::string &path, const ImageFacts &image, const DigestOptions &options,
                                   ProgressSink &progress);

}  // namespace imgport
