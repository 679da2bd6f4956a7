// The structures of a VHD: Microsoft "Virtual Hard Disk Image Format Specification" 1.0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "format/container.hpp"
#include "support/bytes.hpp"

namespace imgport {

// "Hard Disk Footer Format". Big-endian, 512 bytes; Virtual PC before 2004 left the last byte out.
struct VhdFooter {
    static constexpr std::size_t length = 512;
    static constexpr std::size_t old_length = 511;

    enum class Type : std::uint32_t { fixed = 2, dynamic = 3, differencing = 4 };

    std::uint32_t version = 0;
    std::uint64_t data_offset = 0;
    std::string creator_application = {};
    std::uint64_t original_size = 0;
    std::uint64_t current_size = 0;
    std::uint16_t cylinders = 0;
    std::uint8_t heads = 0;
    std::uint8_t sectors_per_track = 0;
    std::uint32_t disk_type = 0;
    bool checksum_valid = false;

    std::uint64_t geometry_size() const;  // bytes
};

// The size that a disk has for its readers, and whether it comes from the geometry.
struct VhdSize {
    std::uint64_t bytes = 0;
    bool by_geometry = false;
};

// Whether the bytes (512, or 511) begin with the cookie.
bool has_vhd_cookie(Bytes bytes);

// `bytes` are 512, or the 511 of an old footer.
VhdFooter parse_vhd_footer(Bytes bytes);

// One's complement of the sum of all bytes but the four of the checksum itself.
std::uint32_t vhd_checksum(Bytes bytes, std::size_t checksum_offset);

// Virtual PC and its kin (QEMU without force_size) go by the geometry; Hyper-V, Disk2vhd, XenServer, Azure and
// VirtualBox by current_size. A geometry at its limit says nothing. QEMU's vpc driver has the same rule with a shorter
// list, so whoever opens the disk by it must tell it which of the two counts.
VhdSize vhd_virtual_size(const VhdFooter &footer);

// A footer as it was found.
struct FoundVhdFooter {
    std::uint64_t offset = 0;
    std::vector<std::byte> bytes = {};  // 512, or 511
    VhdFooter footer = {};
};

// Either has the cookie. A disk whose last sector happens to begin with it is not yet a VHD: at the end, the version or
// the checksum must be right, too.
struct VhdFooters {
    std::optional<FoundVhdFooter> copy = {};  // at the start
    std::optional<FoundVhdFooter> tail = {};  // at the end

    // The one that counts: readers of dynamic disks take the copy. nullptr where there is neither.
    const FoundVhdFooter *in_force() const;
};
VhdFooters find_vhd_footers(Container &container);

// "Dynamic Disk Header Format".
struct VhdDynamicHeader {
    static constexpr std::size_t length = 1024;
    static constexpr std::uint32_t unused_block = 0xffffffff;  // in the block allocation table

    std::uint64_t offset = 0;
    std::uint64_t table_offset = 0;
    std::uint32_t table_entries = 0;
    std::uint32_t block_size = 0;
    bool checksum_valid = false;
    std::string parent = {};  // its name; nothing unless the disk is differencing

    // Bytes of the bitmap of sectors that precedes each block, padded to a sector.
    std::uint64_t bitmap_size() const;
};

// Nothing where a stream did not keep it. The fields are as they were found.
Result<std::optional<VhdDynamicHeader>> read_vhd_dynamic_header(Container &container, const FoundVhdFooter &found);

// The checksum and the bounds of each field, for a disk of `size` bytes.
Result<void> check_vhd_dynamic_header(const Container &container, const VhdDynamicHeader &header, std::uint64_t size);

}  // namespace imgport
