// A disk with changes that are planned before anything is read through it: a size, ranges that became empty, and
// some bytes that became others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <imgport/disk.hpp>

namespace imgport {

// Bytes.
struct ByteRange {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;

    friend bool operator==(const ByteRange &, const ByteRange &) = default;
};

struct BytePatch {
    std::uint64_t offset = 0;
    std::vector<std::byte> bytes = {};

    friend bool operator==(const BytePatch &, const BytePatch &) = default;
};

// Plain data, so that every thread can put it over a disk of its own. Holes and patches lie inside the changed disk.
struct DiskChanges {
    std::uint64_t size = 0;               // the new virtual size; 0: as it is. Never smaller.
    std::vector<ByteRange> holes = {};    // read as zeroes, nothing stored: sorted, apart from one another
    std::vector<BytePatch> patches = {};  // win over holes and over what the disk has: sorted, apart from one another

    bool empty() const { return size == 0 && holes.empty() && patches.empty(); }
};

// The disk as it is after the changes; the disk itself where there are none. Cheap: one is made per thread. Extents:
// holes are ExtentKind::hole (a range that is only partly covered is cut to the byte), patches are data, and what lies
// past the old end is a hole.
std::shared_ptr<Disk> changed(std::shared_ptr<Disk> disk, std::shared_ptr<const DiskChanges> changes);

}  // namespace imgport
