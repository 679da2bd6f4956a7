#include "format/vhdx_disk.hpp"

#include <fmt/format.h>

#include "format/file_container.hpp"
#include "format/mapped_disk.hpp"
#include "format/reading.hpp"
#include "format/vhdx_structure.hpp"

namespace imgport {
namespace {

using Kind = StoredRun::Kind;

class VhdxDisk final : public MappedDisk {
public:
    VhdxDisk(std::uint64_t bat_offset, const VhdxMetadata &metadata, Making making)
        : MappedDisk(std::move(making)), m_bat_offset(bat_offset), m_block_size(*metadata.block_size),
          m_layout(vhdx_bat_layout(metadata))
    {}

private:
    Result<StoredRun> run_at(std::uint64_t offset, std::uint64_t) override
    {
        std::uint64_t const into = offset % m_block_size;
        std::uint64_t const entry_at = m_bat_offset + m_layout.entry_of(offset / m_block_size) * 8;
        auto const entry = cache().table_le<std::uint64_t>(file(), entry_at, "BAT");
        if (!entry)
            return fail(entry.error());
        std::uint64_t const length = m_block_size - into;
        std::uint64_t const state = vhdx_bat::state(*entry);
        // Section 2.5.1.1: only a disk with a parent has blocks that are partially present.
        if (state == vhdx_bat::partially_present)
            return fail(broken("a block that is partially present, in a disk without a parent", entry_at, "BAT"));
        if (state != vhdx_bat::fully_present)
            return StoredRun{Kind::hole, length};
        std::uint64_t const place = vhdx_bat::offset(*entry);
        if (!range_inside(place, m_block_size, file().size()))
            return fail(broken(fmt::format("the block at {} leaves the file, which ends at {}", place, file().size()),
                               entry_at, "BAT"));
        return StoredRun{Kind::plain, length, place + into};
    }

    std::uint64_t m_bat_offset;
    std::uint64_t m_block_size;
    VhdxBatLayout m_layout;
};

// Both are there where the whole file is.
tl::unexpected<Error> missing(const char *what)
{
    return fail(malformed("it is missing", std::nullopt, what));
}

}  // namespace

Result<std::shared_ptr<Disk>> open_vhdx_disk(const InputFile &file, std::shared_ptr<ImageCache> cache)
{
    FileView view(file);
    auto const header = read_vhdx_header(view);
    if (!header)
        return fail(header.error());
    if (*header && (*header)->has_log)
        return fail(ErrorCode::unsupported, "a VHDX whose log was not replayed is not read");
    auto const regions = read_vhdx_regions(view);
    if (!regions)
        return fail(regions.error());
    if (!*regions || !(*regions)->bat || !(*regions)->metadata)
        return missing("region table");
    VhdxRegion const &bat = *(*regions)->bat;
    auto const found = read_vhdx_metadata(view, *(*regions)->metadata);
    if (!found)
        return fail(found.error());
    if (!*found)
        return missing("metadata table");
    VhdxMetadata const &metadata = **found;
    if (metadata.has_parent)
        return fail(ErrorCode::unsupported, "a VHDX with a parent is not read");
    if ((*regions)->unknown_required || metadata.unknown_required)
        return fail(ErrorCode::unsupported, "a VHDX with structures that are not known is not read");
    if (auto done = check_vhdx_metadata(metadata, (*regions)->metadata->offset); !done)
        return fail(done.error());
    if (*metadata.virtual_disk_size > largest_sane_disk)
        return fail(ErrorCode::unsupported, fmt::format("a VHDX of {} bytes is not read", *metadata.virtual_disk_size));
    if (std::uint64_t const entries = vhdx_bat_layout(metadata).entries; entries > bat.length / 8)
        return fail(malformed(fmt::format("{} bytes are too few for {} entries", bat.length, entries),
                              bat.entry_place + 24, "region table Length"));
    return std::make_shared<VhdxDisk>(bat.offset, metadata,
                                      MappedDisk::Making{file, *metadata.virtual_disk_size, std::move(cache)});
}

}  // namespace imgport
