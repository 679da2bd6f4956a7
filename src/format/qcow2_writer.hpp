// QCOW2, version 3, in clusters of 64 KiB: docs/interop/qcow2.txt of QEMU.
#pragma once

#include "format/image_writer.hpp"

namespace imgport {

struct Qcow2Making {
    std::uint64_t size = 0;  // of the disk, bytes: a multiple of 512
    Compression compression = Compression::none;
    bool preallocate = false;  // every cluster has its place, also where nothing is written; not with compression
    // So many L2 tables are kept in memory; then they are written in one run, each of them for 512 MiB of the disk.
    std::size_t kept_tables = 64;
};

// The header at the start, then the clusters in the disk's order, compressed ones byte by byte after one another; after
// them, in one run, L2 tables, L1 table, refcount table and refcount blocks. No cluster is leaked.
std::unique_ptr<ImageWriter> make_qcow2_writer(const Qcow2Making &making);

inline constexpr std::uint64_t qcow2_cluster_size = 65536;

}  // namespace imgport
