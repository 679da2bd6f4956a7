// The digest of a disk's guest-visible bytes, independent of the format: docs/content-digest.md.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <imgport/disk.hpp>
#include <imgport/progress.hpp>

#include "support/digest.hpp"

namespace imgport {

// Opens the same disk once more; each thread has its own.
using DiskMaker = std::function<Result<std::shared_ptr<Disk>>()>;

// 64 hex digits. Reads only what the disk's extents call data, on `threads` threads.
Result<std::string> digest_of(const DiskMaker &make_disk, unsigned threads, ProgressSink &progress);

// The same for those who read the disk anyway: it is made of segments of piece_size bytes, in rising order.
class ContentDigest {
public:
    // `size`: of the disk, bytes.
    explicit ContentDigest(std::uint64_t size);
    void add(std::uint64_t offset, const Sha256::Value &segment);
    // Ends the digest; the object may not be used again.
    std::string finish();
    // As it stands.
    ContentDigest copy() const { return ContentDigest(m_sha.copy()); }

private:
    explicit ContentDigest(Sha256 sha) : m_sha(std::move(sha)) {}

    Sha256 m_sha;
};

// Nothing where all of it is zero: such a segment is not part of the digest.
std::optional<Sha256::Value> segment_digest(Bytes segment);

}  // namespace imgport
