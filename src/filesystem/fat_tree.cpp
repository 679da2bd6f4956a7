#include "filesystem/fat_tree.hpp"

#include <fmt/format.h>

#include "filesystem/extent_stream.hpp"
#include "filesystem/fat_directory.hpp"
#include "filesystem/fat_names.hpp"

namespace imgport {
namespace {

// What Linux makes of FAT's one bit with a umask of 022. It does not count for directories ("norodir").
constexpr std::uint32_t usual_mode = 0755;
constexpr std::uint32_t read_only_mode = 0555;

// The runs of a file in the order in which it is read. Clusters that lie side by side are one run.
class FatRuns {
public:
    FatRuns(const std::shared_ptr<const FatVolume> &volume, const FatEntry &entry)
        : m_volume(volume), m_chain(volume, entry.first_cluster), m_size(entry.size)
    {}

    Result<FileExtent> at(std::uint64_t offset)
    {
        std::uint64_t const cluster_size = m_volume->layout().cluster_size;
        while (m_run.offset + m_run.length <= offset) {
            m_run.offset += m_run.length;
            m_run.length = 0;
            while (m_run.offset + m_run.length < m_size && m_run.length < longest_run) {
                if (!m_cluster) {
                    auto const next = m_chain.next();
                    if (!next)
                        return fail(next.error());
                    if (!*next)
                        return fail(ErrorCode::malformed, fmt::format("its chain of clusters ends after {} of {} bytes",
                                                                      m_run.offset + m_run.length, m_size));
                    m_cluster = *next;
                }
                std::uint64_t const place = m_volume->offset_of(*m_cluster);
                if (m_run.length == 0)
                    m_run.at = place;
                else if (place != *m_run.at + m_run.length)
                    break;
                m_run.length += cluster_size;
                m_cluster.reset();
            }
        }
        return m_run;
    }

private:
    static constexpr std::uint64_t longest_run = 1024 * 1024;

    std::shared_ptr<const FatVolume> m_volume;
    FatChain m_chain;
    std::uint64_t m_size;
    FileExtent m_run;
    std::optional<std::uint32_t> m_cluster;  // the next one, where it is known
};

// An inode's number is the offset of its directory entry in the volume; the root, which has none, is 0.
class FatReader final : public InodeReader {
public:
    explicit FatReader(std::shared_ptr<const FatVolume> volume) : m_volume(std::move(volume)) {}

    std::string name() const override { return fmt::format("FAT{}", m_volume->layout().bits); }
    InodeId root() const override { return {}; }

    Result<FileStat> stat(InodeId inode) override
    {
        FatEntry entry;
        entry.directory = true;
        if (inode != root()) {
            auto const read = read_fat_entry(*m_volume, inode.number);
            if (!read)
                return fail(read.error());
            entry = *read;
        }
        if (!entry.directory)
            return FileStat{FileKind::regular, entry.read_only ? read_only_mode : usual_mode, 0, 0, entry.size, {}, {}};
        auto const pieces = pieces_of(inode);
        if (!pieces)
            return fail(pieces.error());
        return FileStat{FileKind::directory, usual_mode, 0, 0, pieces->size(), {}, {}};
    }

    Result<std::optional<RawTree::Flags>> flags(InodeId) override { return std::optional<RawTree::Flags>(); }

    Result<std::optional<InodeId>> look_up(InodeId directory, std::string_view name) override
    {
        auto const names = names_of(directory);
        if (!names)
            return fail(names.error());
        // As in Windows, dots at the end do not count.
        while (name.ends_with('.'))
            name.remove_suffix(1);
        if (name.empty())
            return std::optional<InodeId>();
        for (auto const &known : **names) {
            if (fat_names_equal(name, known.short_name) || fat_names_equal(name, known.long_name))
                return std::optional(InodeId{known.offset, 0});
        }
        return std::optional<InodeId>();
    }

    Result<std::vector<DirectoryEntry>> list(InodeId directory) override
    {
        auto names = names_of(directory);
        if (!names)
            return fail(names.error());
        std::vector<DirectoryEntry> entries;
        for (auto const &known : **names) {
            if (known.shown() != "." && known.shown() != "..")
                entries.push_back({known.shown(), known.directory ? FileKind::directory : FileKind::regular});
        }
        return entries;
    }

    Result<std::string> read_link(InodeId) override
    {
        return fail(ErrorCode::unsupported, "FAT has no symbolic links");
    }

    Result<std::unique_ptr<FileStream>> open(InodeId inode) override
    {
        auto const entry = read_fat_entry(*m_volume, inode.number);
        if (!entry)
            return fail(entry.error());
        // As ExtentMap must be copied, the walk along the chain is shared.
        auto const runs = std::make_shared<FatRuns>(m_volume, *entry);
        return make_extent_stream(m_volume->disk(), entry->size,
                                  [runs](std::uint64_t offset) { return runs->at(offset); });
    }

private:
    Result<FatPieces> pieces_of(InodeId directory)
    {
        auto const &layout = m_volume->layout();
        if (directory == root())
            return layout.bits == 32 ? fat_directory_pieces(m_volume, layout.root_cluster)
                                     : Result<FatPieces>(fat_fixed_root(layout));
        auto const entry = read_fat_entry(*m_volume, directory.number);
        if (!entry)
            return fail(entry.error());
        // Linux refuses these as well.
        if (layout.bits == 32 && entry->first_cluster == layout.root_cluster)
            return fail(ErrorCode::malformed, "a directory's first cluster is the root's");
        return fat_directory_pieces(m_volume, entry->first_cluster);
    }

    // The last directory is remembered: it is asked for one name after the other.
    Result<const std::vector<FatName> *> names_of(InodeId directory)
    {
        if (m_last == directory)
            return &m_names;
        auto const pieces = pieces_of(directory);
        if (!pieces)
            return fail(pieces.error());
        auto names = read_fat_directory(*m_volume, *pieces);
        if (!names)
            return fail(names.error());
        m_names = std::move(*names);
        m_last = directory;
        return &m_names;
    }

    std::shared_ptr<const FatVolume> m_volume;
    std::optional<InodeId> m_last;
    std::vector<FatName> m_names;
};

}  // namespace

Result<std::unique_ptr<InodeReader>> open_fat(std::shared_ptr<Disk> volume)
{
    auto opened = FatVolume::open(std::move(volume));
    if (!opened)
        return fail(opened.error());
    return std::make_unique<FatReader>(std::move(*opened));
}

}  // namespace imgport
