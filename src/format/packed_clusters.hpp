// A disk whose source has compressed clusters, for those who move them without unpacking.
#pragma once

#include <cstdint>
#include <optional>

#include <imgport/error.hpp>

#include "format/decompress.hpp"
#include "support/file.hpp"

namespace imgport {

struct PackedCluster {
    const InputFile *file = nullptr;  // outlives the disk
    std::uint64_t at = 0;             // in the file
    std::uint64_t size = 0;           // the compressed bytes, and perhaps some more
};

class PackedClusters {
public:
    virtual ~PackedClusters() = default;

    // The cluster of `unit` bytes at `offset`, a multiple of it, where it is compressed in that way as a whole; nothing
    // where it is anything else.
    virtual Result<std::optional<PackedCluster>> packed_cluster(std::uint64_t offset, std::uint64_t unit,
                                                                Packing packing) = 0;
};

}  // namespace imgport
