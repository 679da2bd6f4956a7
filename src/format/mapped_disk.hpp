// A disk whose bytes are found by tables in an image file. A format says what lies at an offset; reading, unpacking and
// the map of holes are here, once.
#pragma once

#include <memory>
#include <vector>

#include <imgport/disk.hpp>

#include "format/decompress.hpp"
#include "format/image_cache.hpp"
#include "format/packed_clusters.hpp"
#include "support/file.hpp"

namespace imgport {

// How a run of the disk is stored. Bytes.
struct StoredRun {
    enum class Kind {
        plain,    // at `at` in the file
        packed,   // a part of a cluster that is compressed; `at` tells it from all others
        zero,     // reads as zeroes, for which the file has room
        hole,     // reads as zeroes, nothing stored
        backing,  // what the disk below has there; zeroes where there is none, or past its end
    };
    Kind kind = Kind::hole;
    std::uint64_t length = 0;       // from the offset that was asked for on; more than 0, and it may leave the disk
    std::uint64_t at = 0;           // plain: where the run begins in the file; packed: where the compressed bytes do
    std::uint64_t packed_size = 0;  // packed: the compressed bytes, and perhaps some more
    std::uint64_t into = 0;         // packed: where the run begins in the cluster
};

class MappedDisk : public Disk, public PackedClusters {
public:
    // `file` must outlive the disk. `unit`: the bytes of an unpacked cluster; 0 where nothing is packed.
    struct Making {
        const InputFile &file;
        std::uint64_t size = 0;
        std::shared_ptr<ImageCache> cache;
        std::shared_ptr<Disk> backing = {};
        Packing packing = Packing::deflate;
        std::uint64_t unit = 0;
    };
    explicit MappedDisk(Making making) : m(std::move(making)) {}

    std::uint64_t size() const final { return m.size; }
    Result<void> read(std::uint64_t offset, std::span<std::byte> out) final;
    // The answer has a million extents at most, and some more: from there on only large holes are told from data.
    Result<std::vector<Extent>> extents(std::uint64_t offset, std::uint64_t length) final;
    Result<std::optional<PackedCluster>> packed_cluster(std::uint64_t offset, std::uint64_t unit,
                                                        Packing packing) final;

protected:
    const InputFile &file() const { return m.file; }
    ImageCache &cache() const { return *m.cache; }
    // How many entries from the one at `entry_at` on are the same, of those that `wanted` bytes from there need, when
    // each is for `unit` bytes of the disk.
    template <std::unsigned_integral T>
    std::uint64_t alike_entries(std::uint64_t entry_at, std::uint64_t wanted, std::uint64_t unit)
    {
        return cache().alike<T>(m.file, entry_at, wanted / unit + 2);
    }
    // An error (malformed) of this file.
    Error broken(std::string message, std::uint64_t at, const char *field) const;

private:
    // `offset` lies inside the disk. A run ends where it is easiest; those that go together are joined here. `wanted`
    // bytes of it are of interest: no need to look any further.
    virtual Result<StoredRun> run_at(std::uint64_t offset, std::uint64_t wanted) = 0;
    // The same packed run with `at` and `packed_size` as they are: where the tables do not say how many bytes there
    // are, it is found out here, when they are needed.
    virtual Result<StoredRun> find_packed(StoredRun run) { return run; }

    Result<void> check(std::uint64_t offset, std::uint64_t length) const;
    Result<StoredRun> joined_run(std::uint64_t offset, std::uint64_t most);
    Result<void> read_run(const StoredRun &run, std::uint64_t offset, std::span<std::byte> out);
    Result<void> read_backing(std::uint64_t offset, std::span<std::byte> out);
    Result<void> read_packed(const StoredRun &run, std::span<std::byte> out);
    Result<std::size_t> unpack(const StoredRun &run, std::span<std::byte> unit);

    Making m;
    std::vector<std::byte> m_packed;  // the compressed bytes of one cluster
};

}  // namespace imgport
