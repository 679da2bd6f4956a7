#include "format/vhd_disk.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "format/file_container.hpp"
#include "format/mapped_disk.hpp"
#include "format/raw_disk.hpp"
#include "format/reading.hpp"
#include "format/vhd_structure.hpp"

namespace imgport {
namespace {

using Kind = StoredRun::Kind;

class VhdDisk final : public MappedDisk {
public:
    VhdDisk(VhdDynamicHeader header, Making making) : MappedDisk(std::move(making)), m_header(std::move(header)) {}

private:
    Result<StoredRun> run_at(std::uint64_t offset, std::uint64_t wanted) override
    {
        std::uint64_t const into = offset % m_header.block_size;
        std::uint64_t const entry_at = m_header.table_offset + offset / m_header.block_size * 4;
        auto const sector = cache().table_be<std::uint32_t>(file(), entry_at, "block allocation table");
        if (!sector)
            return fail(sector.error());
        std::uint64_t const length = m_header.block_size - into;
        if (*sector == VhdDynamicHeader::unused_block) {
            std::uint64_t const blocks = alike_entries<std::uint32_t>(entry_at, wanted, m_header.block_size);
            return StoredRun{Kind::hole, blocks * m_header.block_size - into};
        }
        std::uint64_t const block = *sector * sector_size + m_header.bitmap_size();
        // Of the last block no more is needed than the disk has.
        std::uint64_t const needed = std::min(length, size() - offset);
        if (!range_inside(block + into, needed, file().size()))
            return fail(broken(fmt::format("the block at {} leaves the file, which ends at {}", block, file().size()),
                               entry_at, "block allocation table"));
        return StoredRun{Kind::plain, length, block + into};
    }

    VhdDynamicHeader m_header;
};

}  // namespace

Result<std::shared_ptr<Disk>> open_vhd_disk(const InputFile &file, std::shared_ptr<ImageCache> cache,
                                            std::uint64_t size)
{
    FileView view(file);
    auto const footers = find_vhd_footers(view);
    auto const *const found = footers.in_force();
    if (found == nullptr || !found->footer.checksum_valid)
        return fail(malformed("there is no sound footer", std::nullopt, "cookie"));
    switch (static_cast<VhdFooter::Type>(found->footer.disk_type)) {
    case VhdFooter::Type::fixed:
        if (size > found->offset)
            return fail(malformed(fmt::format("only {} bytes lie before the footer", found->offset), found->offset + 48,
                                  "current size"));
        return open_raw_disk(file, size);
    case VhdFooter::Type::dynamic: break;
    case VhdFooter::Type::differencing:
    default: return fail(ErrorCode::unsupported, fmt::format("a VHD of type {} is not read", found->footer.disk_type));
    }
    auto header = read_vhd_dynamic_header(view, *found);
    if (!header)
        return fail(header.error());
    if (!*header)
        return fail(ErrorCode::unreadable, "the dynamic disk header cannot be read");
    if (auto done = check_vhd_dynamic_header(view, **header, size); !done)
        return fail(done.error());
    return std::make_shared<VhdDisk>(std::move(**header), MappedDisk::Making{file, size, std::move(cache)});
}

}  // namespace imgport
