#include "format/qcow2_disk.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "format/file_container.hpp"
#include "format/mapped_disk.hpp"
#include "format/qcow2_header.hpp"
#include "format/reading.hpp"

namespace imgport {
namespace {

using Kind = StoredRun::Kind;

// "Extended L2 Entries": each cluster has 32 subclusters, of at least a sector.
constexpr std::uint64_t subclusters = 32;

class Qcow2Disk final : public MappedDisk {
public:
    Qcow2Disk(const Qcow2Header &header, Making making)
        : MappedDisk(std::move(making)), m_header(header), m_cluster(header.cluster_size()),
          m_l2_entries(header.l2_entries())
    {}

private:
    // A cluster, one subcluster or more that are of one kind, or all that an L2 table would map.
    Result<StoredRun> run_at(std::uint64_t offset, std::uint64_t wanted) override
    {
        std::uint64_t const cluster = offset / m_cluster;
        std::uint64_t const into = offset % m_cluster;
        std::uint64_t const l1_entry_at = m_header.l1_table_offset + cluster / m_l2_entries * 8;
        auto const l1_entry = cache().table_be<std::uint64_t>(file(), l1_entry_at, "L1 table");
        if (!l1_entry)
            return fail(l1_entry.error());
        std::uint64_t const table = *l1_entry & qcow2::offset_mask;
        std::uint64_t const index = cluster % m_l2_entries;
        if (table == 0) {
            std::uint64_t const tables = alike_entries<std::uint64_t>(l1_entry_at, wanted, m_l2_entries * m_cluster);
            return StoredRun{Kind::backing, (tables * m_l2_entries - index) * m_cluster - into};
        }
        if (table % m_cluster != 0)
            return fail(broken(fmt::format("an entry points to {}, which is not at a cluster", table), l1_entry_at,
                               "L1 table"));
        std::uint64_t const entry_at = table + index * m_header.l2_entry_size();
        auto const entry = cache().table_be<std::uint64_t>(file(), entry_at, "L2 table");
        if (!entry)
            return fail(entry.error());
        if ((*entry & qcow2::compressed_flag) != 0)
            return compressed_run(*entry, entry_at, into);
        std::uint64_t const target = *entry & qcow2::offset_mask;
        if (target % m_cluster != 0)
            return fail(
                broken(fmt::format("an entry points to {}, which is not at a cluster", target), entry_at, "L2 table"));
        if (m_header.has(qcow2::extended_l2))
            return subcluster_run(target, entry_at, into);
        if (*entry == 0) {
            std::uint64_t const clusters = alike_entries<std::uint64_t>(entry_at, wanted, m_cluster);
            return StoredRun{Kind::backing, std::min(clusters, m_l2_entries - index) * m_cluster - into};
        }
        if ((*entry & qcow2::zero_flag) == 0)
            return target == 0 ? StoredRun{Kind::backing, m_cluster - into}
                               : plain_run(target + into, m_cluster - into, entry_at);
        // "Standard Cluster Descriptor": bit 0 has no meaning before version 3.
        if (m_header.version < 3)
            return fail(broken("a cluster of zeroes in an image of version 2", entry_at, "L2 table"));
        return StoredRun{target == 0 ? Kind::hole : Kind::zero, m_cluster - into};
    }

    // The last cluster of a file may be cut off; what is missing reads as zeroes, as it does for QEMU.
    Result<StoredRun> plain_run(std::uint64_t at, std::uint64_t length, std::uint64_t entry_at) const
    {
        std::uint64_t const cluster_start = at / m_cluster * m_cluster;
        if (cluster_start >= file().size())
            return fail(broken(fmt::format("an entry points to {}, but the file ends at {}: it is cut short or damaged",
                                           cluster_start, file().size()),
                               entry_at, "L2 table"));
        if (at >= file().size())
            return StoredRun{Kind::zero, length};
        return StoredRun{Kind::plain, std::min(length, file().size() - at), at};
    }

    // "Compressed Clusters Descriptor": the offset, then the number of further sectors that the bytes touch.
    Result<StoredRun> compressed_run(std::uint64_t entry, std::uint64_t entry_at, std::uint64_t into) const
    {
        std::uint64_t const at = qcow2::compressed_offset(entry, m_header.cluster_bits);
        std::uint64_t const sectors = qcow2::compressed_sectors(entry, m_header.cluster_bits);
        if (at >= file().size())
            return fail(broken(fmt::format("a compressed cluster lies at {}, but the file ends at {}: it is cut short "
                                           "or damaged",
                                           at, file().size()),
                               entry_at, "L2 table"));
        // The last sector need not be whole at the end of the file.
        std::uint64_t const length = std::min((sectors + 1) * sector_size - at % sector_size, file().size() - at);
        return StoredRun{Kind::packed, m_cluster - into, at, length, into};
    }

    // "Extended L2 Entries": bits 0 to 31 of the second half say which subclusters are there, 32 to 63 which are zero.
    Result<StoredRun> subcluster_run(std::uint64_t target, std::uint64_t entry_at, std::uint64_t into)
    {
        auto const bitmap = cache().table_be<std::uint64_t>(file(), entry_at + 8, "L2 table");
        if (!bitmap)
            return fail(bitmap.error());
        std::uint64_t const present = *bitmap & 0xffffffff;
        std::uint64_t const zero = *bitmap >> 32;
        if ((present & zero) != 0 || (present != 0 && target == 0))
            return fail(
                broken(fmt::format("the subclusters {:#x} contradict the entry", *bitmap), entry_at + 8, "L2 table"));
        auto const kind_of = [&](std::uint64_t number) {
            if ((zero >> number & 1) != 0)
                return target == 0 ? Kind::hole : Kind::zero;
            return (present >> number & 1) != 0 ? Kind::plain : Kind::backing;
        };
        std::uint64_t const size = m_cluster / subclusters;
        std::uint64_t const first = into / size;
        std::uint64_t end = first + 1;
        while (end < subclusters && kind_of(end) == kind_of(first))
            ++end;
        std::uint64_t const length = end * size - into;
        if (kind_of(first) == Kind::plain)
            return plain_run(target + into, length, entry_at);
        return StoredRun{kind_of(first), length};
    }

    Qcow2Header m_header;
    std::uint64_t m_cluster;
    std::uint64_t m_l2_entries;
};

Result<void> check_supported(const Qcow2Header &header, bool has_backing)
{
    auto const unsupported = [](std::string what) {
        return fail(ErrorCode::unsupported, "a QCOW2 " + std::move(what) + " is not read");
    };
    if (header.crypt_method != 0)
        return unsupported("that is encrypted");
    if (header.has(qcow2::external_data_file))
        return unsupported("with an external data file");
    if (std::uint64_t const unknown = header.incompatible_features & ~qcow2::known_features)
        return unsupported(fmt::format("with the incompatible features {:#x}", unknown));
    if (header.compression_type > 1)
        return unsupported(fmt::format("of compression type {}", header.compression_type));
    if (header.has(qcow2::extended_l2) && header.cluster_size() < subclusters * sector_size)
        return unsupported("with subclusters smaller than a sector");
    if (header.backing_file_offset != 0 && !has_backing)
        return unsupported("without its backing file");
    if (header.size > largest_sane_disk)
        return unsupported(fmt::format("of {} bytes", header.size));
    return {};
}

}  // namespace

Result<std::shared_ptr<Disk>> open_qcow2_disk(const InputFile &file, std::shared_ptr<ImageCache> cache,
                                              std::shared_ptr<Disk> backing)
{
    FileView view(file);
    auto const header = read_qcow2_header(view);
    if (!header)
        return fail(header.error());
    if (auto done = check_supported(*header, backing != nullptr); !done)
        return fail(done.error());
    if (auto done = check_qcow2_header(view, *header); !done)
        return fail(done.error());
    MappedDisk::Making making{file, header->size / sector_size * sector_size, std::move(cache), std::move(backing)};
    making.packing = header->compression_type == 1 ? Packing::zstd : Packing::deflate;
    making.unit = header->cluster_size();
    return std::make_shared<Qcow2Disk>(*header, std::move(making));
}

}  // namespace imgport
