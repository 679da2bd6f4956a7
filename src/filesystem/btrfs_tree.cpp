#include "filesystem/btrfs_tree.hpp"

#include <fmt/format.h>

#include "filesystem/btrfs_directory.hpp"
#include "filesystem/btrfs_file.hpp"
#include "filesystem/btrfs_subvolumes.hpp"
#include "filesystem/file_kind.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

using namespace btrfs;

constexpr std::size_t inode_item_size = 160;
constexpr std::size_t longest_link = 4096;  // bytes, as Linux's PATH_MAX

constexpr std::uint64_t flag_no_checksums = 1 << 0;
constexpr std::uint64_t flag_immutable = 1 << 6;
constexpr std::uint64_t flag_append_only = 1 << 7;

// Where a snapshot has an entry of a subvolume that only its original has, Linux shows an empty directory. Its InodeId
// is that of the directory it is in, with this bit in the tree's id.
constexpr std::uint64_t stub_mark = 1ULL << 63;

bool is_stub(InodeId id)
{
    return (id.tree & stub_mark) != 0;
}

struct Inode {
    FileStat stat;
    std::uint64_t flags = 0;
};

class BtrfsReader final : public InodeReader {
public:
    BtrfsReader(std::shared_ptr<Volume> volume, std::uint64_t subvolume)
        : m_volume(std::move(volume)), m_root{subvolume_root, subvolume}
    {}

    std::string name() const override { return "btrfs"; }
    InodeId root() const override { return m_root; }

    // Makes another subvolume the root.
    Result<void> enter(const std::string &path)
    {
        InodeId here = m_root;
        for (auto const &component : split(path, '/')) {
            if (component.empty() || component == ".")
                continue;
            auto const status = stat(here);
            if (!status)
                return fail(status.error());
            auto const next =
                status->kind == FileKind::directory ? look_up(here, component) : Result<std::optional<InodeId>>();
            if (!next)
                return fail(next.error());
            if (!*next)
                return fail(ErrorCode::unreadable, fmt::format("there is no subvolume {}", printable(path)));
            here = **next;
        }
        if (is_stub(here) || here.number != subvolume_root)
            return fail(ErrorCode::unreadable, fmt::format("{} is no subvolume", printable(path)));
        m_root = here;
        return {};
    }

    Result<FileStat> stat(InodeId id) override
    {
        auto inode = read_inode(id);
        if (!inode)
            return fail(inode.error());
        return inode->stat;
    }

    Result<std::optional<RawTree::Flags>> flags(InodeId id) override
    {
        auto const inode = read_inode(id);
        if (!inode)
            return fail(inode.error());
        return RawTree::Flags{(inode->flags & flag_immutable) != 0, (inode->flags & flag_append_only) != 0};
    }

    Result<std::optional<InodeId>> look_up(InodeId directory, std::string_view name) override
    {
        if (is_stub(directory))
            return std::optional<InodeId>();
        auto cursor = m_volume->tree(directory.tree);
        if (!cursor)
            return fail(cursor.error());
        auto const entry = find_entry(std::move(*cursor), directory.number, name);
        if (!entry)
            return fail(entry.error());
        if (!*entry)
            return std::optional<InodeId>();
        auto const &location = **entry;
        if (location.type == inode_item_key)
            return std::optional(InodeId{location.objectid, directory.tree});
        if (location.type != root_item_key || !is_subvolume(location.objectid))
            return fail(ErrorCode::malformed, fmt::format("an entry of the directory of inode {} leads to {} {}",
                                                          directory.number, location.type, location.objectid));
        auto const linked = is_linked(*m_volume, directory.tree, directory.number, name, location.objectid);
        if (!linked)
            return fail(linked.error());
        return std::optional(*linked ? InodeId{subvolume_root, location.objectid}
                                     : InodeId{directory.number, directory.tree | stub_mark});
    }

    Result<std::vector<DirectoryEntry>> list(InodeId directory) override
    {
        if (is_stub(directory))
            return std::vector<DirectoryEntry>();
        auto cursor = m_volume->tree(directory.tree);
        if (!cursor)
            return fail(cursor.error());
        return list_entries(std::move(*cursor), directory.number);
    }

    Result<std::string> read_link(InodeId id) override
    {
        auto const stream = open(id);
        if (!stream)
            return fail(stream.error());
        std::string text(longest_link + 1, '\0');
        auto const got = (*stream)->read(std::as_writable_bytes(std::span(text)));
        if (!got)
            return fail(got.error());
        if (*got > longest_link)
            return fail(ErrorCode::malformed, fmt::format("the symbolic link of inode {} is too long", id.number));
        text.resize(*got);
        return text;
    }

    Result<std::unique_ptr<FileStream>> open(InodeId id) override
    {
        auto const inode = read_inode(id);
        if (!inode)
            return fail(inode.error());
        auto const root = m_volume->find_root(id.tree);
        if (!root)
            return fail(root.error());
        auto const verify = (inode->flags & flag_no_checksums) != 0 ? Verify::no : Verify::yes;
        return make_file_stream(m_volume, {**root, id.number, inode->stat.size, verify});
    }

private:
    Result<Inode> read_inode(InodeId id)
    {
        if (is_stub(id)) {
            auto const parent = read_inode({id.number, id.tree & ~stub_mark});
            if (!parent)
                return fail(parent.error());
            return Inode{{FileKind::directory, 0755, parent->stat.uid, parent->stat.gid, 0, {}, {}}, 0};
        }
        auto cursor = m_volume->tree(id.tree);
        if (!cursor)
            return fail(cursor.error());
        auto const found = cursor->seek_exactly({id.number, inode_item_key, 0});
        if (!found)
            return fail(found.error());
        if (!*found || cursor->data().size() < inode_item_size)
            return fail(ErrorCode::malformed, fmt::format("there is no inode {} in tree {}", id.number, id.tree));
        Bytes const item = cursor->data();
        auto const mode = load_le<std::uint32_t>(item, 52);
        auto const kind = kind_of_mode(mode);
        if (!kind)
            return fail(ErrorCode::malformed, fmt::format("the mode of inode {} is 0{:o}", id.number, mode));
        Inode inode;
        inode.stat.kind = *kind;
        inode.stat.mode = mode & 07777;
        inode.stat.uid = load_le<std::uint32_t>(item, 44);
        inode.stat.gid = load_le<std::uint32_t>(item, 48);
        inode.stat.size = load_le<std::uint64_t>(item, 16);
        inode.flags = load_le<std::uint64_t>(item, 64);
        return inode;
    }

    std::shared_ptr<Volume> m_volume;
    InodeId m_root;
};

}  // namespace

Result<std::unique_ptr<InodeReader>> open_btrfs(std::shared_ptr<Disk> volume, const std::string &subvolume)
{
    auto opened = Volume::open(std::move(volume));
    if (!opened)
        return fail(opened.error());
    auto const root = subvolume.empty() ? default_subvolume(**opened) : Result<std::uint64_t>(fs_tree);
    if (!root)
        return fail(root.error());
    auto reader = std::make_unique<BtrfsReader>(std::move(*opened), *root);
    if (auto const entered = reader->enter(subvolume); !entered)
        return fail(entered.error());
    // What cannot even show its root directory is no file tree.
    if (auto const status = reader->stat(reader->root()); !status)
        return fail(status.error());
    return reader;
}

Result<std::vector<std::string>> btrfs_subvolumes(const std::shared_ptr<Disk> &volume)
{
    auto const opened = Volume::open(volume);
    if (!opened)
        return fail(opened.error());
    return list_subvolumes(**opened);
}

}  // namespace imgport
