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

    bool has_zero_grains() const { return (flags & 1U << 2) != 0; }  // a grain table entry of 1 stands for zeroes
    bool is_compressed() const { return (flags & 1U << 16) != 0; }
    bool has_markers() const { return (flags & 1U << 17) != 0; }
    // capacity / (grain_size * entries_per_table), rounded up. Of a header that was checked.
    std::uint64_t directory_entries() const;
};

// "Grain Marker": where a compressed grain belongs (8 bytes), then the length of the bytes that follow.
struct VmdkGrainMarker {
    static constexpr std::size_t length = 12;
    static constexpr std::size_t size_offset = 8;
};

// Reads the header. Each field is held to the specification; the result has sane bounds. Also sets virtual_size, and
// the hazard absurd-size.
Result<VmdkSparseHeader> read_vmdk_sparse_header(Container &container, ImageFacts &facts);

// The header that knows where the grain directory is: the footer where it is at the end, which must agree with the
// header in everything else (hazard header-footer-mismatch). Unchanged where a stream was not read to its end.
Result<VmdkSparseHeader> read_vmdk_grain_header(Container &container, const VmdkSparseHeader &header,
                                                ImageFacts &facts);

// That the grain directory lies inside the file.
Result<void> check_vmdk_grain_directory(const Container &container, const VmdkSparseHeader &header);

// Walks the grain directory and as many grain tables as table_budget allows. An error (malformed) where a table or a
// grain lies outside the file.
Result<void> check_vmdk_grains(Container &container, const VmdkSparseHeader &header, ImageFacts &facts);

}  // namespace imgport
