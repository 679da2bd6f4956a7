#include "filesystem/ufs_tree.hpp"

#include <fmt/format.h>

#include "filesystem/ufs_directory.hpp"

namespace imgport {
namespace {

constexpr std::size_t most_names = std::size_t{1} << 20;
constexpr std::uint64_t longest_link = 4096;  // FreeBSD's PATH_MAX is 1024

class UfsReader final : public InodeReader {
public:
    explicit UfsReader(std::shared_ptr<const UfsVolume> volume) : m_volume(std::move(volume)), m_index(m_volume) {}

    std::string name() const override { return m_volume->name(); }
    InodeId root() const override { return {ufs_root_inode, 0}; }

    Result<FileStat> stat(InodeId id) override
    {
        auto const inode = read_ufs_inode(*m_volume, id.number);
        if (!inode)
            return fail(inode.error());
        return FileStat{inode->kind, inode->mode, inode->uid, inode->gid, inode->size, {}, {}};
    }

    Result<std::optional<RawTree::Flags>> flags(InodeId id) override
    {
        auto const inode = read_ufs_inode(*m_volume, id.number);
        if (!inode)
            return fail(inode.error());
        return std::optional(RawTree::Flags{inode->immutable, inode->append_only});
    }

    Result<std::optional<InodeId>> look_up(InodeId directory, std::string_view name) override
    {
        auto const inode = read_ufs_inode(*m_volume, directory.number);
        if (!inode)
            return fail(inode.error());
        auto const found = m_index.look_up(*inode, name);
        if (!found)
            return fail(found.error());
        return *found ? std::optional(InodeId{**found, 0}) : std::nullopt;
    }

    Result<std::vector<DirectoryEntry>> list(InodeId directory) override
    {
        auto const inode = read_ufs_inode(*m_volume, directory.number);
        if (!inode)
            return fail(inode.error());
        std::vector<DirectoryEntry> entries;
        std::vector<std::pair<std::size_t, std::uint32_t>> untyped;  // index into entries, inode
        bool too_many = false;
        auto const read = each_ufs_name(m_volume, *inode, [&](const UfsName &name) {
            too_many = entries.size() >= most_names;
            if (too_many)
                return false;
            if (!name.kind)
                untyped.emplace_back(entries.size(), name.inode);
            entries.push_back({std::string(name.name), name.kind.value_or(FileKind::regular)});
            return true;
        });
        if (!read)
            return fail(read.error());
        if (too_many)
            return fail(ErrorCode::unsupported,
                        fmt::format("the directory of inode {} has more than {} names", inode->number, most_names));
        for (auto const &[index, number] : untyped) {
            // Where the inode is damaged, the name is still there; what asks for more is told.
            if (auto const status = stat({number, 0}))
                entries[index].kind = status->kind;
        }
        return entries;
    }

    Result<std::string> read_link(InodeId id) override
    {
        auto const inode = read_ufs_inode(*m_volume, id.number);
        if (!inode)
            return fail(inode.error());
        if (inode->size < m_volume->geometry().longest_in_inode)
            return std::string(text_of(Bytes(inode->area).first(inode->size)));
        if (inode->size > longest_link)
            return fail(ErrorCode::malformed,
                        fmt::format("the symbolic link of inode {} has {} bytes", inode->number, inode->size));
        auto const stream = open_ufs_file(m_volume, *inode);
        if (!stream)
            return fail(stream.error());
        std::string text(inode->size, '\0');
        auto const got = (*stream)->read(std::as_writable_bytes(std::span(text)));
        if (!got)
            return fail(got.error());
        return text;
    }

    Result<std::unique_ptr<FileStream>> open(InodeId id) override
    {
        auto const inode = read_ufs_inode(*m_volume, id.number);
        if (!inode)
            return fail(inode.error());
        return open_ufs_file(m_volume, *inode);
    }

private:
    std::shared_ptr<const UfsVolume> m_volume;
    UfsDirectoryIndex m_index;
};

}  // namespace

Result<std::unique_ptr<InodeReader>> open_ufs(std::shared_ptr<Disk> volume)
{
    auto found = UfsVolume::open(std::move(volume));
    if (!found)
        return fail(found.error());
    auto const root = read_ufs_inode(**found, ufs_root_inode);
    if (!root)
        return fail(root.error());
    if (root->kind != FileKind::directory)
        return fail(ErrorCode::malformed, "the root inode is no directory");
    return std::make_unique<UfsReader>(std::move(*found));
}

}  // namespace imgport
