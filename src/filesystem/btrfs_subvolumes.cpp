#include "filesystem/btrfs_subvolumes.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "filesystem/btrfs_directory.hpp"

namespace imgport::btrfs {
namespace {

constexpr std::size_t most_subvolumes = 4096;
constexpr std::size_t longest_path = 4096;  // bytes, as Linux's PATH_MAX: it also ends a circle of parents

// The item of ROOT_REF and ROOT_BACKREF: where the subvolume lies in its parent.
struct RootRef {
    std::uint64_t directory = 0;
    std::string name;
};

Result<RootRef> parse_root_ref(const Key &key, Bytes item)
{
    constexpr std::size_t header = 18;
    std::size_t const name_size = item.size() < header ? 0 : load_le<std::uint16_t>(item, 16);
    if (name_size == 0 || name_size > longest_name || name_size > item.size() - header)
        return fail(ErrorCode::malformed,
                    fmt::format("the reference from {} to the subvolume {} is damaged", key.objectid, key.offset));
    return RootRef{load_le<std::uint64_t>(item, 0), std::string(text_of(item.subspan(header, name_size)))};
}

// Puts the names of the directories from the subvolume's root down to this one in front of `path`. False where one of
// them is gone.
Result<bool> prepend_directories(Volume &volume, std::uint64_t tree, std::uint64_t directory, std::string &path)
{
    auto const root = volume.find_root(tree);
    if (!root)
        return fail(root.error());
    if (!*root)
        return false;
    Cursor cursor(volume.nodes(), **root);
    while (directory != subvolume_root) {
        auto const found = cursor.seek_last({directory, inode_ref_key, largest_offset});
        if (!found)
            return fail(found.error());
        if (!*found || cursor.key().objectid != directory || cursor.key().type != inode_ref_key)
            return false;
        constexpr std::size_t header = 10;
        Bytes const item = cursor.data();
        std::size_t const name_size = item.size() < header ? 0 : load_le<std::uint16_t>(item, 8);
        if (name_size == 0 || name_size > longest_name || name_size > item.size() - header)
            return fail(ErrorCode::malformed, fmt::format("the name of inode {} is damaged", directory));
        path = fmt::format("{}/{}", text_of(item.subspan(header, name_size)), path);
        if (path.size() > longest_path)
            return fail(ErrorCode::malformed, fmt::format("the path of inode {} is endless", directory));
        directory = cursor.key().offset;
    }
    return true;
}

// Puts the path from the top level into `path`, which is empty. False where it or one of its parents is gone.
Result<bool> find_path(Volume &volume, std::uint64_t subvolume, std::string &path)
{
    for (std::uint64_t id = subvolume; id != fs_tree;) {
        auto cursor = volume.root_tree();
        auto const found = cursor.seek_last({id, root_backref_key, largest_offset});
        if (!found)
            return fail(found.error());
        if (!*found || cursor.key().objectid != id || cursor.key().type != root_backref_key)
            return false;
        auto const ref = parse_root_ref(cursor.key(), cursor.data());
        if (!ref)
            return fail(ref.error());
        std::uint64_t const parent = cursor.key().offset;
        path = path.empty() ? ref->name : fmt::format("{}/{}", ref->name, path);
        if (path.size() > longest_path)
            return fail(ErrorCode::malformed, fmt::format("the path of the subvolume {} is endless", subvolume));
        auto const reached = prepend_directories(volume, parent, ref->directory, path);
        if (!reached || !*reached)
            return reached;
        id = parent;
    }
    return true;
}

}  // namespace

Result<std::uint64_t> default_subvolume(Volume &volume)
{
    auto const entry = find_entry(volume.root_tree(), volume.super().root_directory, "default");
    if (!entry)
        return fail(entry.error());
    if (!*entry)
        return fs_tree;
    if ((*entry)->type != root_item_key || !is_subvolume((*entry)->objectid))
        return fail(ErrorCode::malformed, fmt::format("the default subvolume is {}", (*entry)->objectid));
    return (*entry)->objectid;
}

Result<bool> is_linked(Volume &volume, std::uint64_t parent, std::uint64_t directory, std::string_view name,
                       std::uint64_t subvolume)
{
    auto cursor = volume.root_tree();
    Key const key{parent, root_ref_key, subvolume};
    auto const found = cursor.seek_exactly(key);
    if (!found || !*found)
        return found;
    auto const ref = parse_root_ref(key, cursor.data());
    if (!ref)
        return fail(ref.error());
    if (ref->directory != directory || ref->name != name)
        return false;
    auto const root = volume.find_root(subvolume);
    if (!root)
        return fail(root.error());
    return root->has_value();
}

Result<std::vector<std::string>> list_subvolumes(Volume &volume)
{
    std::vector<std::string> paths;
    auto cursor = volume.root_tree();
    auto found = cursor.seek({first_subvolume, 0, 0});
    while (found && *found && cursor.key().objectid <= last_subvolume && paths.size() < most_subvolumes) {
        std::uint64_t const id = cursor.key().objectid;
        if (cursor.key().type == root_item_key) {
            std::string path;
            auto const reached = find_path(volume, id, path);
            if (!reached)
                return fail(reached.error());
            if (*reached)
                paths.push_back(std::move(path));
        }
        found = cursor.seek({id + 1, 0, 0});
    }
    if (!found)
        return fail(found.error());
    std::sort(paths.begin(), paths.end());
    return paths;
}

}  // namespace imgport::btrfs
