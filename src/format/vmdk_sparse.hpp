// The hosted sparse extent of a VMDK: VMware "Virtual Disk Format 5.0", "Hosted Sparse Extents" and
// "Stream-Optimized Compressed Sparse Extents". Little-endian.
#pragma once

#include <cstdint>

#include "format/container.hpp"
#include "support/bytes.hpp"

namespace imgport {

struct VmdkSparseHeader {
    static constexpr std::size_t length = 512;
    static constexpr std::uint64_t grain_directory_at_end = ~std::uint64_t{0};

    std::uint64_t place = 0;  // of the header itself, in the file
    std::uint32_t version = 0;
    std::uint32_t flags = 0;
    std::uint64_t capacity = 0;           // sectors
    std::uint64_t grain_size = 0;         // sectors
    std::uint64_t descriptor_offset = 0;  // sectors
    std::uint64_t descriptor_size = 0;    // sectors
    std::uint32_t entries_per_table = 0;  // numGTEsPerGT
    std::uint64_t grain_directory = 0;    // gdOffset, sectors
    std::uint64_t overhead = 0;           // sectors
    bool unclean_shutdown = false;
    std::uint16_t compression = 0;  // 0 none, 1 deflate

    bool is_compressed() const { return (flags & 1U << 16) != 0; }
};

// Reads the header and, where the grain directory is at the end, the footer that stands for it. Each field is held to
// the specification; the result has sane bounds. Also sets virtual_size, and the hazard absurd-size.
Result<VmdkSparseHeader> read_vmdk_sparse_header(Container &container, ImageFacts &facts);

// Walks the grain directory and as many grain tables as table_budget allows. An error (malformed) where a table or a
// grain lies outside the file.
Result<void> check_vmdk_grains(Container &container, const VmdkSparseHeader &header, ImageFacts &facts);

}  // namespace imgport
