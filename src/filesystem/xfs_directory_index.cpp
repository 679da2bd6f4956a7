// The index of a large XFS directory: leaves of (hash, address) sorted by hash, and above them, where there are
// several, nodes of (last hash, block).
#include <bit>

#include <fmt/format.h>

#include "filesystem/xfs_directory.hpp"

namespace imgport {
namespace {

constexpr XfsSeal seal{.checksum = 12, .block = 16, .uuid = 32, .owner = 48};

// Of nodes and leaves alike: forw, back, magic; version 5 goes on with its seal. Then the number of records.
constexpr std::size_t magic_at = 8;
struct Layout {
    std::uint16_t node;
    std::uint16_t only_leaf;  // of an index that is one block
    std::uint16_t leaf;
    std::size_t count_at;
    std::size_t header;
};
constexpr Layout layout_4{0xfebe, 0xd2f1, 0xd2ff, 12, 16};
constexpr Layout layout_5{0x3ebe, 0x3df1, 0x3dff, 56, 64};
constexpr std::size_t record_size = 8;
constexpr std::uint16_t most_levels = 5;  // XFS_DA_NODE_MAXDEPTH
constexpr std::uint64_t address_unit = 8;

// Names of one hash that are compared at most. Honest names share theirs with a few others.
constexpr std::size_t most_collisions = 4096;

const Layout &layout_of(const XfsGeometry &geometry)
{
    return geometry.version_5 ? layout_5 : layout_4;
}

// The records of a node or leaf; nullopt where its count is wrong.
std::optional<Bytes> records_of(Bytes block, const Layout &layout)
{
    std::size_t const size = load_be<std::uint16_t>(block, layout.count_at) * record_size;
    if (!range_inside(layout.header, size, block.size()))
        return std::nullopt;
    return block.subspan(layout.header, size);
}

// The first record with that hash or a greater one; the number of records where there is none.
std::size_t first_from(Bytes records, std::uint32_t hash)
{
    std::size_t low = 0;
    std::size_t high = records.size() / record_size;
    while (low < high) {
        std::size_t const middle = low + (high - low) / 2;
        if (load_be<std::uint32_t>(records, middle * record_size) < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

}  // namespace

std::uint32_t xfs_name_hash(std::string_view name)
{
    std::uint32_t hash = 0;
    for (char const c : name)
        hash = static_cast<std::uint8_t>(c) ^ std::rotl(hash, 7);
    return hash;
}

Result<XfsDirectory::KeptBlock> XfsDirectory::index_block(std::uint64_t offset)
{
    if (offset < index_begin() || offset > index_end() - blocks_each() || offset % blocks_each() != 0)
        return fail(broken(m_inode.at, fmt::format("block {} is none of the index", offset)));
    return kept_block(offset, seal);
}

Result<XfsDirectory::KeptBlock> XfsDirectory::find_leaf(std::uint32_t hash)
{
    auto const &layout = layout_of(m_volume->geometry());
    std::optional<std::uint16_t> level;  // nullopt: of the root, which says it itself
    for (std::uint64_t offset = index_begin();;) {
        auto const found = index_block(offset);
        if (!found)
            return found;
        Bytes const block = (*found)->bytes;
        auto const magic = load_be<std::uint16_t>(block, magic_at);
        bool const is_leaf = magic == layout.leaf || (!level && magic == layout.only_leaf);
        if (is_leaf && level.value_or(0) == 0)
            return found;
        auto const own = load_be<std::uint16_t>(block, layout.count_at + 2);
        if (magic != layout.node || own == 0 || own > most_levels || own != level.value_or(own))
            return fail(broken((*found)->at, "no index block of the expected level"));
        auto const records = records_of(block, layout);
        if (!records)
            return fail(broken((*found)->at, "a wrong number of index records"));
        std::size_t const child = first_from(*records, hash) * record_size;
        if (child == records->size())
            return KeptBlock();
        offset = load_be<std::uint32_t>(*records, child + 4);
        level = own - 1;
    }
}

Result<std::optional<std::uint64_t>> XfsDirectory::inode_at(std::uint64_t address, std::string_view name)
{
    std::uint32_t const size = m_volume->geometry().directory_block_size;
    auto const block = data_block(address / size * blocks_each());
    if (!block)
        return fail(block.error());
    auto const data = XfsDataBlock::of((*block)->bytes, m_volume->geometry());
    if (!data)
        return fail(broken((*block)->at, data.error().message));
    auto const entry = data->entry_at(address % size);
    if (!entry)
        return fail(broken((*block)->at, entry.error().message));
    return entry->name == name ? std::optional(entry->inode) : std::nullopt;
}

Result<std::optional<std::uint64_t>> XfsDirectory::look_up_by_hash(std::string_view name)
{
    auto const &layout = layout_of(m_volume->geometry());
    std::uint32_t const hash = xfs_name_hash(name);
    auto leaf = find_leaf(hash);
    if (!leaf)
        return fail(leaf.error());
    std::size_t compared = 0;
    while (*leaf) {
        Bytes const block = (*leaf)->bytes;
        auto const records = records_of(block, layout);
        if (!records)
            return fail(broken((*leaf)->at, "a wrong number of index records"));
        std::size_t at = first_from(*records, hash) * record_size;
        if (at == records->size())
            break;
        for (; at < records->size(); at += record_size) {
            if (load_be<std::uint32_t>(*records, at) != hash)
                return std::optional<std::uint64_t>();
            if (++compared > most_collisions)
                return fail(ErrorCode::unsupported, fmt::format("a directory of more than {} names of one hash "
                                                                "(inode {})",
                                                                most_collisions, m_inode.number));
            std::uint64_t const address = load_be<std::uint32_t>(*records, at + 4) * address_unit;
            if (address == 0)
                continue;  // a removed name
            auto found = inode_at(address, name);
            if (!found || *found)
                return found;
        }
        // Names of one hash may go on in the next leaf. The walk ends, as every leaf on it adds to `compared`.
        auto const next = load_be<std::uint32_t>(block, 0);
        if (next == 0 || load_be<std::uint16_t>(block, magic_at) != layout.leaf)
            break;
        auto following = index_block(next);
        if (!following)
            return fail(following.error());
        if (load_be<std::uint16_t>((*following)->bytes, magic_at) != layout.leaf)
            return fail(broken((*following)->at, "no index leaf"));
        *leaf = *following;
    }
    return std::optional<std::uint64_t>();
}

}  // namespace imgport
