#include "filesystem/xfs_tree.hpp"

#include "filesystem/file_kind.hpp"
#include "filesystem/xfs_directory.hpp"
#include "filesystem/xfs_extents.hpp"
#include "filesystem/xfs_inode.hpp"
#include "filesystem/xfs_symlink.hpp"
#include "filesystem/xfs_volume.hpp"

namespace imgport {
namespace {

class XfsReader final : public InodeReader {
public:
    explicit XfsReader(std::shared_ptr<const XfsVolume> volume) : m_volume(std::move(volume)) {}

    std::string name() const override { return "XFS"; }
    InodeId root() const override { return {m_volume->geometry().root_inode, 0}; }

    Result<FileStat> stat(InodeId id) override
    {
        auto const inode = read_xfs_inode(*m_volume, id.number);
        if (!inode)
            return fail(inode.error());
        return FileStat{inode->kind, inode->mode, inode->uid, inode->gid, inode->size, {}, {}};
    }

    Result<std::optional<RawTree::Flags>> flags(InodeId id) override
    {
        auto const inode = read_xfs_inode(*m_volume, id.number);
        if (!inode)
            return fail(inode.error());
        return std::optional(RawTree::Flags{inode->immutable, inode->append_only});
    }

    Result<std::optional<InodeId>> look_up(InodeId id, std::string_view name) override
    {
        auto const directory = directory_of(id);
        if (!directory)
            return fail(directory.error());
        auto const found = (*directory)->look_up(name);
        if (!found)
            return fail(found.error());
        return *found ? std::optional(InodeId{**found, 0}) : std::nullopt;
    }

    Result<std::vector<DirectoryEntry>> list(InodeId id) override
    {
        auto const directory = directory_of(id);
        if (!directory)
            return fail(directory.error());
        std::vector<DirectoryEntry> entries;
        auto const done = (*directory)->visit([&](const XfsEntry &entry) -> Result<bool> {
            auto kind = kind_of_type(entry.type);
            if (!kind) {
                auto const inode = read_xfs_inode(*m_volume, entry.inode);
                if (!inode)
                    return fail(inode.error());
                kind = inode->kind;
            }
            entries.push_back({std::string(entry.name), *kind});
            return true;
        });
        if (!done)
            return fail(done.error());
        return entries;
    }

    Result<std::string> read_link(InodeId id) override
    {
        auto const inode = read_xfs_inode(*m_volume, id.number);
        if (!inode)
            return fail(inode.error());
        return read_xfs_symlink(m_volume, *inode);
    }

    Result<std::unique_ptr<FileStream>> open(InodeId id) override
    {
        auto const inode = read_xfs_inode(*m_volume, id.number);
        if (!inode)
            return fail(inode.error());
        return open_xfs_file(m_volume, *inode);
    }

private:
    // The one that was asked last is kept: names are looked up in the same one again and again.
    Result<XfsDirectory *> directory_of(InodeId id)
    {
        if (!m_directory || m_directory_number != id.number) {
            m_directory.reset();
            auto inode = read_xfs_inode(*m_volume, id.number);
            if (!inode)
                return fail(inode.error());
            auto directory = XfsDirectory::open(m_volume, std::move(*inode));
            if (!directory)
                return fail(directory.error());
            m_directory = std::move(*directory);
            m_directory_number = id.number;
        }
        return &*m_directory;
    }

    std::optional<XfsDirectory> m_directory;
    std::uint64_t m_directory_number = 0;
    std::shared_ptr<const XfsVolume> m_volume;
};

}  // namespace

Result<std::unique_ptr<InodeReader>> open_xfs(std::shared_ptr<Disk> volume)
{
    auto found = XfsVolume::open(std::move(volume));
    if (!found)
        return fail(found.error());
    auto const root = read_xfs_inode(**found, (*found)->geometry().root_inode);
    if (!root)
        return fail(root.error());
    if (root->kind != FileKind::directory)
        return fail(ErrorCode::malformed, "the root inode is no directory");
    return std::make_unique<XfsReader>(std::move(*found));
}

}  // namespace imgport
