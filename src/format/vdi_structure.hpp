// The header of a VDI of VirtualBox. There is no specification; the layout is the one that VirtualBox and QEMU share
// (block/vdi.c of QEMU describes it). Little-endian.
#pragma once

#include <cstdint>

#include "format/container.hpp"

namespace imgport {

struct VdiHeader {
    enum class Type : std::uint32_t { dynamic = 1, fixed = 2, undo = 3, differencing = 4 };

    // Entries of the block map from here up are no blocks: 0xfffffffe reads as zeros, 0xffffffff was never written.
    static constexpr std::uint32_t first_special_block = 0xfffffffe;

    std::uint32_t version = 0;
    std::uint32_t type = 0;
    std::uint32_t map_offset = 0;
    std::uint32_t data_offset = 0;
    std::uint32_t sector = 0;
    std::uint64_t disk_size = 0;
    std::uint32_t block_size = 0;
    std::uint32_t block_extra = 0;  // bytes of its own that precede each block
    std::uint32_t blocks = 0;
    std::uint32_t blocks_allocated = 0;
    bool has_parent = false;  // one of the two UUIDs that lead to another image is set

    // QEMU counts whole sectors, and here it rounds up.
    std::uint64_t virtual_size() const;
};

// An error (malformed) where it is not of version 1; the other fields are as they were found.
Result<VdiHeader> read_vdi_header(Container &container);

// Holds the fields to their bounds; the block map lies in the file.
Result<void> check_vdi_header(const Container &container, const VdiHeader &header);

}  // namespace imgport
