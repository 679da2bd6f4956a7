#include "filesystem/ext_tree.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "filesystem/ext_blocks.hpp"
#include "filesystem/ext_directory.hpp"
#include "filesystem/ext_inline.hpp"
#include "filesystem/ext_journal.hpp"
#include "filesystem/file_kind.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t most_names = std::uint64_t{1} << 20;
constexpr std::uint64_t longest_link = 4096;  // PATH_MAX

// The content of an inline file: at most what an inode of one block holds.
class TextStream final : public FileStream {
public:
    explicit TextStream(std::string text) : m_text(std::move(text)) {}

    Result<std::size_t> read(std::span<std::byte> out) override
    {
        std::size_t const part = std::min(out.size(), m_text.size() - m_position);
        std::memcpy(out.data(), m_text.data() + m_position, part);
        m_position += part;
        return part;
    }

private:
    std::string m_text;
    std::size_t m_position = 0;
};

class ExtReader final : public InodeReader {
public:
    explicit ExtReader(std::shared_ptr<ExtFs> fs) : m_fs(std::move(fs)), m_index(m_fs) {}

    std::string name() const override { return m_fs->name(); }
    InodeId root() const override { return {EXT2_ROOT_INO}; }

    Result<FileStat> stat(InodeId id) override
    {
        auto const inode = in_use(id);
        if (!inode)
            return fail(inode.error());
        FileStat status;
        status.kind = *kind_of_mode(inode->mode());
        status.mode = inode->mode() & 07777;
        status.uid = load_le<std::uint16_t>(inode->raw, 0x2) | std::uint32_t{load_le<std::uint16_t>(inode->raw, 0x78)}
                                                                   << 16;
        status.gid = load_le<std::uint16_t>(inode->raw, 0x18) | std::uint32_t{load_le<std::uint16_t>(inode->raw, 0x7a)}
                                                                    << 16;
        status.size = inode->size();
        return status;
    }

    Result<std::optional<RawTree::Flags>> flags(InodeId id) override
    {
        auto const inode = in_use(id);
        if (!inode)
            return fail(inode.error());
        return RawTree::Flags{inode->has(EXT2_IMMUTABLE_FL), inode->has(EXT2_APPEND_FL)};
    }

    Result<std::optional<InodeId>> look_up(InodeId directory, std::string_view name) override
    {
        auto const inode = readable(directory);
        if (!inode)
            return fail(inode.error());
        auto const found = m_index.look_up(*inode, name);
        if (!found)
            return fail(found.error());
        return *found ? std::optional(InodeId{**found}) : std::nullopt;
    }

    Result<std::vector<DirectoryEntry>> list(InodeId directory) override
    {
        auto const inode = readable(directory);
        if (!inode)
            return fail(inode.error());
        std::vector<DirectoryEntry> entries;
        std::vector<std::pair<std::size_t, std::uint32_t>> untyped;  // index into entries, inode
        bool too_many = false;
        auto const read = each_ext_name(m_fs, *inode, [&](const ExtName &name) {
            too_many = entries.size() >= most_names;
            if (too_many)
                return false;
            auto const kind = kind_of_type(name.type);
            if (!kind)
                untyped.emplace_back(entries.size(), name.inode);
            entries.push_back({std::string(name.name), kind.value_or(FileKind::regular)});
            return true;
        });
        if (!read)
            return fail(read.error());
        if (too_many)
            return fail(ErrorCode::unsupported,
                        fmt::format("the directory of inode {} has more than {} names", inode->number, most_names));
        for (auto const &[index, number] : untyped) {
            // Where the inode is damaged, the name is still there; what asks for more is told.
            if (auto const status = stat({number}))
                entries[index].kind = status->kind;
        }
        return entries;
    }

    Result<std::string> read_link(InodeId id) override
    {
        auto const inode = readable(id);
        if (!inode)
            return fail(inode.error());
        if (inode->has(EXT4_INLINE_DATA_FL))
            return inline_content(*inode);
        std::uint64_t const size = inode->size();
        if (size < inode->block_area().size())
            return std::string(text_of(inode->block_area().first(size)));
        if (size > std::min<std::uint64_t>(longest_link, m_fs->block_size()))
            return fail(ErrorCode::malformed,
                        fmt::format("the symbolic link of inode {} has {} bytes", inode->number, size));
        auto blocks = ExtBlocks::open(m_fs, *inode);
        if (!blocks)
            return fail(blocks.error());
        std::string text(size, '\0');
        if (auto const read = blocks->read(0, std::as_writable_bytes(std::span(text))); !read)
            return fail(read.error());
        return text;
    }

    Result<std::unique_ptr<FileStream>> open(InodeId id) override
    {
        auto const inode = readable(id);
        if (!inode)
            return fail(inode.error());
        if (inode->has(EXT4_INLINE_DATA_FL)) {
            auto content = inline_content(*inode);
            if (!content)
                return fail(content.error());
            return std::make_unique<TextStream>(std::move(*content));
        }
        auto map = map_ext_blocks(m_fs, *inode);
        if (!map)
            return fail(map.error());
        return make_extent_stream(m_fs->disk(), inode->size(), std::move(*map));
    }

private:
    // An inode that a directory may lead to.
    Result<ExtInode> in_use(InodeId id)
    {
        auto const number = static_cast<std::uint32_t>(id.number);
        if (number != EXT2_ROOT_INO && number < EXT2_FIRST_INO(m_fs->handle()->super))
            return fail(ErrorCode::malformed, fmt::format("a directory leads to the reserved inode {}", number));
        auto inode = m_fs->inode(number);
        if (!inode)
            return inode;
        bool const linked = load_le<std::uint16_t>(inode->raw, 0x1a) != 0;  // i_links_count
        auto const kind = kind_of_mode(inode->mode());
        if (!linked || !kind)
            return fail(ErrorCode::malformed, fmt::format("inode {} is not in use", number));
        if (number == EXT2_ROOT_INO && *kind != FileKind::directory)
            return fail(ErrorCode::malformed, "the root inode is no directory");
        return inode;
    }

    // One whose content is stored in a way that is known.
    Result<ExtInode> readable(InodeId id)
    {
        auto inode = in_use(id);
        if (!inode)
            return inode;
        auto const refuse = [&](const char *what) {
            return fail(ErrorCode::unsupported, fmt::format("inode {} is {}", inode->number, what));
        };
        if (inode->has(EXT4_ENCRYPT_FL))
            return refuse("encrypted (fscrypt)");
        if (inode->has(EXT4_VERITY_FL))
            return refuse("protected by fs-verity");
        if (inode->has(EXT4_CASEFOLD_FL))
            return refuse("a case-insensitive directory (casefold)");
        return inode;
    }

    std::shared_ptr<ExtFs> m_fs;
    ExtDirectoryIndex m_index;
};

}  // namespace

Result<ExtOpened> open_ext(const std::shared_ptr<Disk> &volume)
{
    auto fs = ExtFs::open(volume);
    if (!fs)
        return fail(fs.error());
    ExtOpened opened;
    if (ext2fs_has_feature_journal_needs_recovery((*fs)->handle()->super) != 0) {
        auto replayed = replay_ext_journal(*fs);
        if (!replayed) {
            opened.note = fmt::format("the journal needs recovery; the filesystem is read as it lies: {}",
                                      replayed.error().message);
        } else if (auto again = ExtFs::open(replayed->disk); !again) {
            opened.note = fmt::format("the journal needs recovery; the filesystem is read as it lies, since after the "
                                      "replay it would not open: {}",
                                      again.error().message);
        } else {
            fs = std::move(again);
            opened.note = replayed->note;
        }
    }
    // A volume whose root is damaged is better refused here than at each path.
    auto reader = std::make_unique<ExtReader>(std::move(*fs));
    if (auto const root = reader->stat(reader->root()); !root) {
        Error error = root.error();
        if (!opened.note.empty())
            error.hint = opened.note;
        return fail(std::move(error));
    }
    opened.reader = std::move(reader);
    return opened;
}

}  // namespace imgport
