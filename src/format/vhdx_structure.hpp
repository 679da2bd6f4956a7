// The structures of a VHDX: [MS-VHDX]. Little-endian.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "format/container.hpp"
#include "support/bytes.hpp"

namespace imgport {

using Guid = std::array<std::byte, 16>;  // as stored

// The section 2.2.2 header that is in force.
struct VhdxHeader {
    std::uint64_t place = 0;
    std::uint64_t sequence_number = 0;
    bool has_log = false;  // LogGuid is not zero: there is something to replay
    std::uint16_t version = 0;
    std::uint32_t log_length = 0;
    std::uint64_t log_offset = 0;
};

// Section 2.2.3.
struct VhdxRegion {
    std::uint64_t entry_place = 0;
    std::uint64_t offset = 0;
    std::uint32_t length = 0;
};

struct VhdxRegions {
    std::optional<VhdxRegion> bat = {};
    std::optional<VhdxRegion> metadata = {};
    bool unknown_required = false;
};

// Section 2.6: what the metadata region says. Absent items stay empty.
struct VhdxMetadata {
    std::optional<std::uint32_t> block_size = {};
    bool leave_blocks_allocated = false;  // a fixed disk
    bool has_parent = false;
    std::optional<std::uint64_t> virtual_disk_size = {};
    std::optional<std::uint32_t> logical_sector_size = {};
    std::string parent = {};  // the parent locator's path, where there is one
    bool unknown_required = false;
};

// Each of these is empty where a stream did not keep the bytes, and an error (malformed) where no valid copy is there.
Result<std::optional<VhdxHeader>> read_vhdx_header(Container &container);
Result<std::optional<VhdxRegions>> read_vhdx_regions(Container &container);
Result<std::optional<VhdxMetadata>> read_vhdx_metadata(Container &container, const VhdxRegion &region);

// Section 2.6.2: that the items are there, and the bounds of each. `place`: of the metadata region.
Result<void> check_vhdx_metadata(const VhdxMetadata &metadata, std::uint64_t place);

// Section 2.5: the BAT has the entries of payload blocks, with one of a sector bitmap after each chunk.
struct VhdxBatLayout {
    std::uint64_t blocks = 0;
    std::uint64_t chunk_ratio = 0;  // payload blocks in a chunk: 2^23 sectors by the block's size, a power of two
    std::uint64_t entries = 0;

    // The number of the entry of a payload block.
    std::uint64_t entry_of(std::uint64_t block) const { return block + block / chunk_ratio; }
};
// Of metadata that was checked.
VhdxBatLayout vhdx_bat_layout(const VhdxMetadata &metadata);

namespace vhdx_bat {

// Section 2.5.1.1: the states of a payload block that matter. In all others it reads as zeroes, or as the parent.
inline constexpr std::uint64_t fully_present = 6;
inline constexpr std::uint64_t partially_present = 7;

constexpr std::uint64_t state(std::uint64_t entry)
{
    return entry & 7;
}
constexpr std::uint64_t offset(std::uint64_t entry)  // bytes
{
    return entry >> 20 << 20;
}

}  // namespace vhdx_bat

}  // namespace imgport
