// The QCOW2 header, taken apart: docs/interop/qcow2.txt of QEMU, "Header" and "Header extensions".
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "format/container.hpp"

namespace imgport {

namespace qcow2 {

// Bits of incompatible_features.
inline constexpr std::uint64_t dirty = 1U << 0;
inline constexpr std::uint64_t corrupt = 1U << 1;
inline constexpr std::uint64_t external_data_file = 1U << 2;
inline constexpr std::uint64_t compression_type = 1U << 3;
inline constexpr std::uint64_t extended_l2 = 1U << 4;
inline constexpr std::uint64_t known_features = 0x1f;

// "L1 table entry" and "L2 table entry": the offset of a table or of a standard cluster, and the flags.
inline constexpr std::uint64_t offset_mask = 0x00fffffffffffe00;  // bits 9 to 55
inline constexpr std::uint64_t compressed_flag = std::uint64_t{1} << 62;
inline constexpr std::uint64_t zero_flag = 1;

// "Compressed Clusters Descriptor": the offset grows narrower as the clusters get larger; the number of further sectors
// takes what is left up to bit 61.
constexpr std::uint64_t compressed_offset(std::uint64_t entry, std::uint32_t cluster_bits)
{
    return entry & ((std::uint64_t{1} << (62 - (cluster_bits - 8))) - 1);
}
constexpr std::uint64_t compressed_sectors(std::uint64_t entry, std::uint32_t cluster_bits)
{
    return (entry & (compressed_flag - 1)) >> (62 - (cluster_bits - 8));
}

}  // namespace qcow2

struct Qcow2Header {
    std::uint32_t version = 0;
    std::uint64_t backing_file_offset = 0;
    std::uint32_t backing_file_size = 0;
    std::uint32_t cluster_bits = 0;
    std::uint64_t size = 0;
    std::uint32_t crypt_method = 0;
    std::uint32_t l1_size = 0;
    std::uint64_t l1_table_offset = 0;
    std::uint64_t refcount_table_offset = 0;
    std::uint32_t refcount_table_clusters = 0;
    std::uint32_t nb_snapshots = 0;
    std::uint64_t snapshots_offset = 0;
    std::uint64_t incompatible_features = 0;
    std::uint64_t compatible_features = 0;
    std::uint64_t autoclear_features = 0;
    std::uint32_t refcount_order = 4;
    std::uint32_t header_length = 72;
    std::uint8_t compression_type = 0;

    std::uint64_t cluster_size() const { return std::uint64_t{1} << cluster_bits; }
    std::uint64_t l2_entry_size() const { return incompatible_features & qcow2::extended_l2 ? 16 : 8; }
    std::uint64_t l2_entries() const { return cluster_size() / l2_entry_size(); }
    bool has(std::uint64_t feature) const { return (incompatible_features & feature) != 0; }
};

// Reads the header; the fields that measure others (version, cluster_bits, refcount_order) are sane. Version 2 gets the
// values that version 3 would have.
Result<Qcow2Header> read_qcow2_header(Container &container);

// Holds every other field to the specification: an error (malformed) where one is out of bounds, or where the L1 table,
// the refcount table or the backing file's name leaves the file.
Result<void> check_qcow2_header(const Container &container, const Qcow2Header &header);

// Walks the snapshot table, the refcount table and the L1 table, and as many L2 tables as table_budget allows. An
// error (malformed) where data lies outside the file; hazards for what is merely untidy.
Result<void> check_qcow2_tables(Container &container, const Qcow2Header &header, ImageFacts &facts);

}  // namespace imgport
