#include "format/vdi_disk.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "format/file_container.hpp"
#include "format/mapped_disk.hpp"
#include "format/reading.hpp"
#include "format/vdi_structure.hpp"

namespace imgport {
namespace {

using Kind = StoredRun::Kind;

class VdiDisk final : public MappedDisk {
public:
    VdiDisk(const VdiHeader &header, Making making) : MappedDisk(std::move(making)), m_header(header) {}

private:
    Result<StoredRun> run_at(std::uint64_t offset, std::uint64_t wanted) override
    {
        std::uint64_t const into = offset % m_header.block_size;
        std::uint64_t const entry_at = m_header.map_offset + offset / m_header.block_size * 4;
        auto const block = cache().table_le<std::uint32_t>(file(), entry_at, "block map");
        if (!block)
            return fail(block.error());
        std::uint64_t const length = m_header.block_size - into;
        if (*block >= VdiHeader::first_special_block) {
            std::uint64_t const blocks = alike_entries<std::uint32_t>(entry_at, wanted, m_header.block_size);
            return StoredRun{Kind::hole, blocks * m_header.block_size - into};
        }
        if (*block >= m_header.blocks)
            return fail(broken(fmt::format("block {} is none of {}", *block, m_header.blocks), entry_at, "block map"));
        // 2^32 blocks of 2^31 bytes at most.
        std::uint64_t const place = m_header.data_offset + std::uint64_t{*block} * m_header.block_size;
        // Of the last block no more is needed than the disk has.
        if (!range_inside(place + into, std::min(length, size() - offset), file().size()))
            return fail(broken(fmt::format("the block at {} leaves the file, which ends at {}", place, file().size()),
                               entry_at, "block map"));
        return StoredRun{Kind::plain, length, place + into};
    }

    VdiHeader m_header;
};

}  // namespace

Result<std::shared_ptr<Disk>> open_vdi_disk(const InputFile &file, std::shared_ptr<ImageCache> cache)
{
    FileView view(file);
    auto const header = read_vdi_header(view);
    if (!header)
        return fail(header.error());
    auto const type = static_cast<VdiHeader::Type>(header->type);
    if (type != VdiHeader::Type::dynamic && type != VdiHeader::Type::fixed)
        return fail(ErrorCode::unsupported, fmt::format("a VDI of type {} is not read", header->type));
    if (header->has_parent)
        return fail(ErrorCode::unsupported, "a VDI with a parent is not read");
    if (header->block_extra != 0)
        return fail(ErrorCode::unsupported, "a VDI whose blocks have data of their own is not read");
    if (header->virtual_size() > largest_sane_disk)
        return fail(ErrorCode::unsupported, fmt::format("a VDI of {} bytes is not read", header->disk_size));
    if (auto done = check_vdi_header(view, *header); !done)
        return fail(done.error());
    return std::make_shared<VdiDisk>(*header, MappedDisk::Making{file, header->virtual_size(), std::move(cache)});
}

}  // namespace imgport
