#include "format/vmdk_disk.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "format/concatenated_disk.hpp"
#include "format/file_container.hpp"
#include "format/mapped_disk.hpp"
#include "format/raw_disk.hpp"
#include "format/reading.hpp"
#include "format/vmdk_sparse.hpp"

namespace imgport {
namespace {

using Kind = StoredRun::Kind;

// Stream-optimized disks have grains of 64 KiB; one is unpacked as a whole.
constexpr std::uint64_t largest_packed_grain = std::uint64_t{2} << 20;

class VmdkDisk final : public MappedDisk {
public:
    VmdkDisk(const VmdkSparseHeader &header, Making making)
        : MappedDisk(std::move(making)), m_header(header), m_grain(header.grain_size * sector_size)
    {}

private:
    // A grain, or all that a grain table would map. "Grain Directory", "Grain Table".
    Result<StoredRun> run_at(std::uint64_t offset, std::uint64_t wanted) override
    {
        std::uint64_t const grain = offset / m_grain;
        std::uint64_t const into = offset % m_grain;
        std::uint64_t const index = grain % m_header.entries_per_table;
        std::uint64_t const table_at = m_header.grain_directory * sector_size + grain / m_header.entries_per_table * 4;
        auto const table = cache().table_le<std::uint32_t>(file(), table_at, "grain directory");
        if (!table)
            return fail(table.error());
        if (*table == 0)
            return StoredRun{Kind::hole, (m_header.entries_per_table - index) * m_grain - into};
        std::uint64_t const entry_at = *table * sector_size + index * 4;
        auto const entry = cache().table_le<std::uint32_t>(file(), entry_at, "grain table");
        if (!entry)
            return fail(entry.error());
        if (*entry == 0 || (*entry == 1 && m_header.has_zero_grains())) {
            std::uint64_t const grains = alike_entries<std::uint32_t>(entry_at, wanted, m_grain);
            return StoredRun{Kind::hole, std::min(grains, m_header.entries_per_table - index) * m_grain - into};
        }
        std::uint64_t const place = *entry * sector_size;
        if (m_header.is_compressed())
            return StoredRun{Kind::packed, m_grain - into, place, 0, into};
        // Of the last grain no more is needed than the disk has.
        std::uint64_t const needed = std::min(m_grain - into, size() - offset);
        if (!range_inside(place + into, needed, file().size()))
            return fail(broken(fmt::format("the grain at {} leaves the file, which ends at {}", place, file().size()),
                               entry_at, "grain table"));
        return StoredRun{Kind::plain, m_grain - into, place + into};
    }

    // The length of a compressed grain is in the marker before it.
    Result<StoredRun> find_packed(StoredRun run) override
    {
        std::array<std::byte, VmdkGrainMarker::length> marker{};
        if (auto done = file().read(run.at, marker); !done)
            return fail(done.error());
        run.packed_size = load_le<std::uint32_t>(marker, VmdkGrainMarker::size_offset);
        // What does not shrink grows by a few bytes, never to the double.
        if (run.packed_size == 0 || run.packed_size > 2 * m_grain)
            return fail(broken(fmt::format("{} bytes are no compressed grain", run.packed_size),
                               run.at + VmdkGrainMarker::size_offset, "grain marker"));
        run.at += VmdkGrainMarker::length;
        return run;
    }

    VmdkSparseHeader m_header;
    std::uint64_t m_grain;  // bytes
};

}  // namespace

Result<std::shared_ptr<Disk>> open_vmdk_sparse_disk(const InputFile &file, std::shared_ptr<ImageCache> cache)
{
    FileView view(file);
    ImageFacts facts;
    auto const first = read_vmdk_sparse_header(view, facts);
    if (!first)
        return fail(first.error());
    auto const header = read_vmdk_grain_header(view, *first, facts);
    if (!header)
        return fail(header.error());
    if (facts.refused())
        return fail(ErrorCode::unsupported, "a VMDK is not read: " + facts.hazards.front().message);
    if (auto done = check_vmdk_grain_directory(view, *header); !done)
        return fail(done.error());
    MappedDisk::Making making{file, header->capacity * sector_size, std::move(cache)};
    if (header->is_compressed()) {
        making.packing = Packing::zlib;
        making.unit = header->grain_size * sector_size;
        if (!header->has_markers() || making.unit > largest_packed_grain)
            return fail(ErrorCode::unsupported, "a VMDK whose compressed grains are without markers, or of more than "
                                                "2 MiB, is not read");
    }
    return std::make_shared<VmdkDisk>(*header, std::move(making));
}

Result<std::shared_ptr<Disk>> open_vmdk_split_disk(const std::vector<VmdkPart> &parts,
                                                   std::shared_ptr<ImageCache> cache)
{
    std::vector<std::shared_ptr<Disk>> disks;
    for (auto const &[extent, file] : parts) {
        bool const flat = extent.type == "FLAT" || extent.type == "VMFS";
        if (file == nullptr || (!flat && extent.type != "SPARSE"))
            return fail(ErrorCode::unsupported, fmt::format("a VMDK extent {} is not read", quoted(extent.type)));
        auto whole = flat ? Result<std::shared_ptr<Disk>>(open_raw_disk(*file, file->size()))
                          : open_vmdk_sparse_disk(*file, cache);
        if (!whole)
            return fail(whole.error());
        auto const start = checked_mul(flat ? extent.offset : std::uint64_t{0}, sector_size);
        auto const length = checked_mul(extent.sectors, sector_size);
        auto part = start && length ? slice(std::move(*whole), *start, *length)
                                    : fail(ErrorCode::malformed, "an extent lies past all files");
        if (!part)
            return fail(part.error());
        disks.push_back(std::move(*part));
    }
    return concatenate(std::move(disks));
}

}  // namespace imgport
