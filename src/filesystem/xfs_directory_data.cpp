#include "filesystem/xfs_directory_data.hpp"

#include <fmt/format.h>

namespace imgport {
namespace {

constexpr std::uint32_t block_magic_4 = 0x58443242;  // "XD2B"
constexpr std::uint32_t block_magic_5 = 0x58444233;  // "XDB3"
constexpr std::uint32_t data_magic_4 = 0x58443244;   // "XD2D"
constexpr std::uint32_t data_magic_5 = 0x58444433;   // "XDD3"
constexpr std::size_t header_4 = 16;
constexpr std::size_t header_5 = 64;
constexpr std::uint16_t unused_tag = 0xffff;
constexpr std::size_t alignment = 8;
// The index at the end of a block form: records of a hash and an address, then their number and that of stale ones.
constexpr std::size_t index_record = 8;
constexpr std::size_t index_tail = 8;

tl::unexpected<Error> broken(std::string_view what, std::size_t offset)
{
    return fail(ErrorCode::malformed, fmt::format("{} at byte {}", what, offset));
}

bool is_name(std::string_view name)
{
    return !name.empty() && name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

}  // namespace

Result<bool> visit_short_form(Bytes fork, bool file_types, const XfsEntryVisitor &visit)
{
    auto const count = read_be<std::uint8_t>(fork, 0);
    auto const large_numbers = read_be<std::uint8_t>(fork, 1);
    if (!count || !large_numbers)
        return broken("no short form", 0);
    std::size_t const number_size = *large_numbers != 0 ? 8 : 4;
    std::size_t at = 2 + number_size;  // past the parent's number
    for (std::uint8_t i = 0; i < *count; ++i) {
        // namelen, offset, name, type, number
        auto const length = read_be<std::uint8_t>(fork, at);
        std::size_t const name_at = at + 3;
        std::size_t const size = 3 + length.value_or(0) + (file_types ? 1 : 0) + number_size;
        if (!length || !range_inside(at, size, fork.size()))
            return broken("an entry that leaves the short form", at);
        XfsEntry entry;
        entry.name = text_of(fork.subspan(name_at, *length));
        if (!is_name(entry.name))
            return broken("no name in the short form", at);
        std::size_t const number_at = at + size - number_size;
        if (file_types)
            entry.type = load_be<std::uint8_t>(fork, number_at - 1);
        entry.inode =
            number_size == 8 ? load_be<std::uint64_t>(fork, number_at) : load_be<std::uint32_t>(fork, number_at);
        auto const more = visit(entry);
        if (!more || !*more)
            return more;
        at += size;
    }
    return true;
}

Result<XfsDataBlock> XfsDataBlock::of(Bytes block, const XfsGeometry &geometry)
{
    XfsDataBlock out;
    out.m_block = block;
    out.m_file_types = geometry.file_types;
    out.m_begin = geometry.version_5 ? header_5 : header_4;
    out.m_end = block.size();
    auto const magic = load_be<std::uint32_t>(block, 0);
    if (magic == (geometry.version_5 ? data_magic_5 : data_magic_4))
        return out;
    if (magic != (geometry.version_5 ? block_magic_5 : block_magic_4))
        return broken("no directory block", 0);
    out.m_form = XfsDirectoryForm::block;
    std::uint64_t const count = load_be<std::uint32_t>(block, block.size() - index_tail);
    std::uint64_t const index = count * index_record + index_tail;
    if (index > block.size() - out.m_begin)
        return broken("a wrong number of index entries", block.size() - index_tail);
    out.m_end = block.size() - index;
    return out;
}

Result<XfsDataBlock::Placed> XfsDataBlock::parse(std::size_t offset) const
{
    // inumber, namelen, name, type; then, at the end of what is rounded up, the offset again as a tag
    constexpr std::size_t name_at = 9;
    constexpr std::size_t tag_size = 2;
    if (offset < m_begin || offset % alignment != 0 || !range_inside(offset, 2 * alignment, m_end))
        return broken("an entry out of place", offset);
    Bytes const rest = m_block.first(m_end).subspan(offset);
    std::size_t const length = load_be<std::uint8_t>(rest, 8);
    std::size_t const used = name_at + length + (m_file_types ? 1 : 0) + tag_size;
    std::size_t const size = (used + alignment - 1) / alignment * alignment;
    if (size > rest.size())
        return broken("an entry that leaves the block", offset);
    Placed placed{{}, size};
    placed.entry.inode = load_be<std::uint64_t>(rest, 0);
    placed.entry.name = text_of(rest.subspan(name_at, length));
    if (m_file_types)
        placed.entry.type = load_be<std::uint8_t>(rest, name_at + length);
    if (load_be<std::uint16_t>(rest, size - tag_size) != offset)
        return broken("an entry with a wrong tag", offset);
    if (!is_name(placed.entry.name))
        return broken("no name in the entry", offset);
    return placed;
}

Result<XfsEntry> XfsDataBlock::entry_at(std::size_t offset) const
{
    auto const placed = parse(offset);
    if (!placed)
        return fail(placed.error());
    return placed->entry;
}

Result<bool> XfsDataBlock::visit(const XfsEntryVisitor &visit) const
{
    for (std::size_t offset = m_begin; offset < m_end;) {
        if (read_be<std::uint16_t>(m_block.first(m_end), offset) == unused_tag) {
            auto const length = read_be<std::uint16_t>(m_block.first(m_end), offset + 2);
            // A block of 64 KiB may be unused up to its end, but never as a whole: its header is in it.
            if (!length || *length == 0 || *length % alignment != 0 || *length > m_end - offset)
                return broken("an unused part of a wrong length", offset);
            offset += *length;
            continue;
        }
        auto const placed = parse(offset);
        if (!placed)
            return fail(placed.error());
        auto const more = visit(placed->entry);
        if (!more || !*more)
            return more;
        offset += placed->size;
    }
    return true;
}

}  // namespace imgport
