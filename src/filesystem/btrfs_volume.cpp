#include "filesystem/btrfs_volume.hpp"

#include <fmt/format.h>

namespace imgport::btrfs {
namespace {

constexpr std::size_t most_remembered_roots = 4096;
// struct btrfs_root_item up to its level, which is all that the oldest ones and the latest have in common.
constexpr std::size_t smallest_root_item = 239;

}  // namespace

Result<std::shared_ptr<Volume>> Volume::open(std::shared_ptr<Disk> disk)
{
    auto super = read_superblock(*disk);
    if (!super)
        return fail(super.error());
    auto chunks = ChunkMap::of_superblock(*super);
    if (!chunks)
        return fail(chunks.error());
    std::shared_ptr<Volume> const volume(new Volume(std::move(disk), std::move(*super), std::move(*chunks)));
    if (auto const read = volume->read_chunk_tree(); !read)
        return fail(read.error());
    return volume;
}

Result<void> Volume::read_chunk_tree()
{
    Cursor cursor(m_nodes, m_super.chunk_tree);
    auto found = cursor.seek({first_chunk_tree, chunk_item_key, 0});
    while (found && *found) {
        if (cursor.key().objectid != first_chunk_tree || cursor.key().type != chunk_item_key)
            return {};
        if (auto const added = m_nodes.chunks().add(cursor.key().offset, cursor.data()); !added)
            return added;
        found = cursor.next();
    }
    if (!found)
        return fail(found.error());
    return {};
}

Result<std::optional<Root>> Volume::find_root(std::uint64_t id)
{
    if (auto const known = m_roots.find(id); known != m_roots.end())
        return known->second;
    auto cursor = root_tree();
    // A snapshot's item has the generation it was made in as its offset.
    auto const found = cursor.seek_last({id, root_item_key, largest_offset});
    if (!found)
        return fail(found.error());
    std::optional<Root> root;
    if (*found && cursor.key().objectid == id && cursor.key().type == root_item_key) {
        Bytes const item = cursor.data();
        if (item.size() < smallest_root_item)
            return fail(ErrorCode::malformed, fmt::format("the root item of tree {} has {} bytes", id, item.size()));
        auto const references = load_le<std::uint32_t>(item, 216);
        root = Root{load_le<std::uint64_t>(item, 176), load_le<std::uint64_t>(item, 160),
                    load_le<std::uint8_t>(item, 238)};
        if (root->level >= most_levels)
            return fail(ErrorCode::malformed, fmt::format("the level of tree {} is {}", id, root->level));
        if (references == 0)
            root.reset();
    }
    if (m_roots.size() >= most_remembered_roots)
        m_roots.clear();
    m_roots[id] = root;
    return root;
}

Result<Cursor> Volume::tree(std::uint64_t id)
{
    auto const root = find_root(id);
    if (!root)
        return fail(root.error());
    if (!*root)
        return fail(ErrorCode::malformed, fmt::format("there is no tree {}", id));
    return Cursor(m_nodes, **root);
}

}  // namespace imgport::btrfs
