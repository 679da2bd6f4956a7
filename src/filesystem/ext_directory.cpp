#include "filesystem/ext_directory.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "filesystem/ext_blocks.hpp"
#include "filesystem/ext_inline.hpp"

namespace imgport {
namespace {

// As large as the kernel makes them without large_dir.
constexpr std::uint64_t largest_directory = std::uint64_t{2} << 30;
constexpr std::size_t most_remembered = std::size_t{1} << 20;  // names, 8 MiB
constexpr std::size_t most_known = 256;                        // directories
constexpr std::size_t entry_head = 8;                          // before the name
constexpr std::size_t longest_name = 255;
constexpr std::uint32_t largest_block = 65536;

std::uint32_t hash_of(std::string_view name)
{
    return static_cast<std::uint32_t>(std::hash<std::string_view>()(name));
}

struct Entry {
    ExtName name;            // inode 0: unused
    std::size_t length = 0;  // of the record, bytes
};

class EntryReader {
public:
    EntryReader(const ExtFs &fs, std::uint32_t directory)
        : m_fs(fs), m_directory(directory), m_types(ext2fs_has_feature_filetype(fs.handle()->super) != 0)
    {}

    // The entry at `at` of `area`, which lies at byte `start` of the directory.
    Result<Entry> entry(Bytes area, std::size_t at, std::uint64_t start) const
    {
        auto const broken = [&](const char *field) {
            return fail({ErrorCode::malformed,
                         fmt::format("an entry of the directory of inode {}, at its byte {}, is broken", m_directory,
                                     start + at),
                         {},
                         {},
                         field});
        };
        if (!range_inside(at, entry_head, area.size()))
            return broken("rec_len");
        Entry out;
        out.name.inode = load_le<std::uint32_t>(area, at);
        out.name.position = start + at;
        out.length = record_length(load_le<std::uint16_t>(area, at + 4));
        if (out.length < entry_head || out.length % 4 != 0 || !range_inside(at, out.length, area.size()))
            return broken("rec_len");
        if (out.name.inode == 0)
            return out;
        // Without types, the length has two bytes.
        std::size_t const length =
            m_types ? static_cast<std::uint8_t>(area[at + 6]) : load_le<std::uint16_t>(area, at + 6);
        if (length == 0 || length > longest_name || entry_head + length > out.length)
            return broken("name_len");
        if (m_types)
            out.name.type = static_cast<std::uint8_t>(area[at + 7]);
        out.name.name = text_of(area.subspan(at + entry_head, length));
        if (out.name.name.find('/') != std::string_view::npos || out.name.name.find('\0') != std::string_view::npos)
            return broken("name");
        if (out.name.inode > m_fs.super().s_inodes_count)
            return broken("inode");
        return out;
    }

    // Whether to go on.
    Result<bool> each(Bytes area, std::uint64_t start, const std::function<bool(const ExtName &)> &on_name) const
    {
        for (std::size_t at = 0; at < area.size();) {
            auto const found = entry(area, at, start);
            if (!found)
                return fail(found.error());
            at += found->length;
            auto const &name = found->name;
            if (name.inode != 0 && name.name != "." && name.name != ".." && !on_name(name))
                return false;
        }
        return true;
    }

private:
    // A block of 64 KiB does not fit into 16 bits: the two lowest bits, else 0, hold the upper ones then.
    std::size_t record_length(std::uint16_t stored) const
    {
        if (m_fs.block_size() < largest_block)
            return stored;
        if (stored == 0 || stored == 65535)
            return largest_block;
        return (stored & 65532U) | (stored & 3U) << 16;
    }

    const ExtFs &m_fs;
    std::uint32_t m_directory;
    bool m_types;
};

Result<void> each_inline(const ExtInode &directory, const EntryReader &reader,
                         const std::function<bool(const ExtName &)> &on_name)
{
    auto const rest = inline_rest(directory);
    if (!rest)
        return fail(rest.error());
    Bytes const head = directory.block_area().subspan(4);  // behind the parent's number
    auto const more = reader.each(head, 4, on_name);
    if (!more)
        return fail(more.error());
    if (!*more)
        return {};
    if (auto const done = reader.each(*rest, directory.block_area().size(), on_name); !done)
        return fail(done.error());
    return {};
}

}  // namespace

Result<void> each_ext_name(const std::shared_ptr<ExtFs> &fs, const ExtInode &directory,
                           const std::function<bool(const ExtName &)> &on_name)
{
    EntryReader const reader(*fs, directory.number);
    if (directory.has(EXT4_INLINE_DATA_FL))
        return each_inline(directory, reader, on_name);
    std::uint64_t const size = directory.size();
    std::uint32_t const unit = fs->block_size();
    if (size % unit != 0 || size / unit > fs->blocks())
        return fail(ErrorCode::malformed,
                    fmt::format("the size of the directory of inode {} is {}", directory.number, size));
    if (size > largest_directory)
        return fail(ErrorCode::unsupported,
                    fmt::format("the directory of inode {} is larger than 2 GiB", directory.number));
    auto blocks = ExtBlocks::open(fs, directory);
    if (!blocks)
        return fail(blocks.error());
    std::vector<std::byte> block(unit);
    for (std::uint64_t at = 0; at < size; at += unit) {
        if (auto const read = blocks->read(at, block); !read)
            return read;
        // libext2fs takes the length of a record of 64 KiB for 65535 here.
        if (unit < largest_block &&
            ext2fs_dir_block_csum_verify(fs->handle(), directory.number,
                                         reinterpret_cast<ext2_dir_entry *>(block.data())) == 0) {
            return fail(fs->error_of(EXT2_ET_DIR_CSUM_INVALID,
                                     fmt::format("the directory of inode {}, at its byte {}", directory.number, at)));
        }
        auto const more = reader.each(block, at, on_name);
        if (!more)
            return fail(more.error());
        if (!*more)
            break;
    }
    return {};
}

Result<const ExtDirectoryIndex::Known *> ExtDirectoryIndex::known(const ExtInode &directory)
{
    auto const found = std::find_if(m_known.begin(), m_known.end(),
                                    [&](const Known &known) { return known.directory == directory.number; });
    if (found != m_known.end()) {
        m_known.splice(m_known.begin(), m_known, found);
        return &m_known.front();
    }
    Known fresh{directory.number, {}};
    auto const read = each_ext_name(m_fs, directory, [&](const ExtName &name) {
        fresh.places.push_back({hash_of(name.name), static_cast<std::uint32_t>(name.position / 4)});
        return fresh.places.size() < most_remembered;
    });
    if (!read)
        return fail(read.error());
    if (fresh.places.size() >= most_remembered)
        return nullptr;
    fresh.places.shrink_to_fit();
    std::sort(fresh.places.begin(), fresh.places.end(), [](const Place &a, const Place &b) { return a.hash < b.hash; });
    m_remembered += fresh.places.size();
    m_known.push_front(std::move(fresh));
    while (m_remembered > most_remembered || m_known.size() > most_known) {
        m_remembered -= m_known.back().places.size();
        m_known.pop_back();
    }
    return &m_known.front();
}

Result<std::optional<std::uint32_t>> ExtDirectoryIndex::look_up(const ExtInode &directory, std::string_view name)
{
    std::optional<std::uint32_t> found;
    auto const compare = [&](const ExtName &entry) {
        if (entry.name == name)
            found = entry.inode;
        return !found;
    };
    if (directory.has(EXT4_INLINE_DATA_FL)) {
        if (auto const read = each_ext_name(m_fs, directory, compare); !read)
            return fail(read.error());
        return found;
    }
    auto const index = known(directory);
    if (!index)
        return fail(index.error());
    if (*index == nullptr) {
        if (auto const read = each_ext_name(m_fs, directory, compare); !read)
            return fail(read.error());
        return found;
    }
    auto const &places = (*index)->places;
    std::uint32_t const hash = hash_of(name);
    auto place = std::lower_bound(places.begin(), places.end(), hash,
                                  [](const Place &a, std::uint32_t wanted) { return a.hash < wanted; });
    if (place == places.end() || place->hash != hash)
        return found;
    auto blocks = ExtBlocks::open(m_fs, directory);
    if (!blocks)
        return fail(blocks.error());
    EntryReader const reader(*m_fs, directory.number);
    std::vector<std::byte> block(m_fs->block_size());
    for (; place != places.end() && place->hash == hash && !found; ++place) {
        std::uint64_t const position = std::uint64_t{place->position} * 4;
        std::uint64_t const start = position / block.size() * block.size();
        if (auto const read = blocks->read(start, block); !read)
            return fail(read.error());
        auto const entry = reader.entry(block, position - start, start);
        if (!entry)
            return fail(entry.error());
        compare(entry->name);
    }
    return found;
}

}  // namespace imgport
