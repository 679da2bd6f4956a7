#include "filesystem/jbd2.hpp"

#include <algorithm>
#include <vector>

#include <ext2fs/ext2fs.h>
#include <fmt/format.h>

namespace imgport::jbd2 {
namespace {

constexpr std::size_t header_size = 12;
constexpr std::size_t superblock_size = 1024;
constexpr std::size_t tail_size = 4;
constexpr std::size_t uuid_size = 16;

constexpr std::uint32_t compat_checksum = 0x1;
constexpr std::uint32_t incompat_revoke = 0x1;
constexpr std::uint32_t incompat_64bit = 0x2;
constexpr std::uint32_t incompat_async_commit = 0x4;
constexpr std::uint32_t incompat_checksum_v2 = 0x8;
constexpr std::uint32_t incompat_checksum_v3 = 0x10;
constexpr std::uint32_t incompat_fast_commit = 0x20;
constexpr std::uint32_t incompat_known = incompat_revoke | incompat_64bit | incompat_async_commit |
                                         incompat_checksum_v2 | incompat_checksum_v3 | incompat_fast_commit;
constexpr std::uint8_t checksum_crc32 = 1;
constexpr std::uint8_t checksum_crc32c = 4;
constexpr std::uint32_t default_fast_commit_blocks = 256;

constexpr std::uint32_t tag_escaped = 0x1;
constexpr std::uint32_t tag_same_uuid = 0x2;
constexpr std::uint32_t tag_last = 0x8;

std::uint32_t crc(std::uint32_t start, Bytes bytes)
{
    return ext2fs_crc32c_le(start, reinterpret_cast<const unsigned char *>(bytes.data()), bytes.size());
}

// Of the bytes with the four at `hole` taken for zeroes.
std::uint32_t crc_without(std::uint32_t start, Bytes bytes, std::size_t hole)
{
    constexpr std::byte zeroes[4]{};
    return crc(crc(crc(start, bytes.first(hole)), zeroes), bytes.subspan(hole + sizeof zeroes));
}

// Of what a descriptor or revoke block holds, without its checksum.
Bytes payload(const Superblock &journal, Bytes block)
{
    return journal.checksums >= 2 ? block.first(block.size() - tail_size) : block;
}

std::size_t tag_size(const Superblock &journal)
{
    if (journal.checksums == 3)
        return 16;
    // Version 2 has an unused field of two bytes at the end.
    return std::size_t{8} + (journal.wide ? 4 : 0) + (journal.checksums == 2 ? 2 : 0);
}

tl::unexpected<Error> broken(const char *field, std::uint64_t value)
{
    return fail(
        {ErrorCode::malformed, fmt::format("{} in the journal's superblock is {}", field, value), {}, {}, field});
}

Result<void> read_features(Bytes bytes, Superblock &journal)
{
    auto const compat = load_be<std::uint32_t>(bytes, 0x24);
    auto const incompat = load_be<std::uint32_t>(bytes, 0x28);
    if (auto const unknown = incompat & ~incompat_known; unknown != 0)
        return fail(ErrorCode::unsupported,
                    fmt::format("the journal feature incompat {:#x} is not supported", unknown));
    journal.wide = (incompat & incompat_64bit) != 0;
    journal.async_commit = (incompat & incompat_async_commit) != 0;
    journal.fast_commits = (incompat & incompat_fast_commit) != 0;
    bool const v2 = (incompat & incompat_checksum_v2) != 0;
    bool const v3 = (incompat & incompat_checksum_v3) != 0;
    if (v2 && v3)
        return broken("s_feature_incompat", incompat);
    if (!v2 && !v3) {
        journal.checksums = (compat & compat_checksum) != 0 ? 1 : 0;
        return {};
    }
    journal.checksums = v3 ? 3 : 2;
    if (auto const type = static_cast<std::uint8_t>(bytes[0x50]); type != checksum_crc32c)
        return fail(ErrorCode::unsupported, fmt::format("the journal's checksum type {} is not supported", type));
    constexpr std::size_t checksum_at = 0xfc;
    if (crc_without(~0U, bytes, checksum_at) != load_be<std::uint32_t>(bytes, checksum_at))
        return fail(ErrorCode::malformed, "the checksum of the journal's superblock is wrong");
    journal.seed = crc(~0U, bytes.subspan(0x30, uuid_size));
    return {};
}

}  // namespace

std::optional<Header> read_header(Bytes block)
{
    if (block.size() < header_size || !begins_with(block, magic))
        return std::nullopt;
    return Header{static_cast<BlockType>(load_be<std::uint32_t>(block, 4)), load_be<std::uint32_t>(block, 8)};
}

Result<Superblock> read_superblock(Bytes bytes)
{
    auto const header = bytes.size() == superblock_size ? read_header(bytes) : std::nullopt;
    if (!header || (header->type != BlockType::superblock_v1 && header->type != BlockType::superblock_v2))
        return fail(ErrorCode::malformed, "the journal has no superblock");
    Superblock journal;
    journal.block_size = load_be<std::uint32_t>(bytes, 0xc);
    journal.blocks = load_be<std::uint32_t>(bytes, 0x10);
    journal.first = load_be<std::uint32_t>(bytes, 0x14);
    journal.transaction = load_be<std::uint32_t>(bytes, 0x18);
    journal.start = load_be<std::uint32_t>(bytes, 0x1c);
    journal.end = journal.blocks;
    if (header->type == BlockType::superblock_v2) {
        if (auto const read = read_features(bytes, journal); !read)
            return fail(read.error());
    }
    if (journal.fast_commits) {
        auto const count = load_be<std::uint32_t>(bytes, 0x54);
        std::uint32_t const reserved = count == 0 ? default_fast_commit_blocks : count;
        if (reserved >= journal.blocks)
            return broken("s_num_fc_blks", reserved);
        journal.end -= reserved;
    }
    if (journal.first == 0 || journal.first >= journal.end)
        return broken("s_first", journal.first);
    if (journal.start != 0 && (journal.start < journal.first || journal.start >= journal.end))
        return broken("s_start", journal.start);
    return journal;
}

void each_tag(const Superblock &journal, Bytes block, const std::function<bool(const Tag &)> &on_tag)
{
    Bytes const tags = payload(journal, block);
    std::size_t const size = tag_size(journal);
    for (std::size_t at = header_size; range_inside(at, size, tags.size());) {
        Tag tag;
        std::uint32_t flags = 0;
        tag.block = load_be<std::uint32_t>(tags, at);
        if (journal.checksums == 3) {
            flags = load_be<std::uint32_t>(tags, at + 4);
            tag.checksum = load_be<std::uint32_t>(tags, at + 12);
        } else {
            tag.checksum = load_be<std::uint16_t>(tags, at + 4);
            flags = load_be<std::uint16_t>(tags, at + 6);
        }
        if (journal.wide)
            tag.block |= std::uint64_t{load_be<std::uint32_t>(tags, at + 8)} << 32;
        tag.escaped = (flags & tag_escaped) != 0;
        if (!on_tag(tag) || (flags & tag_last) != 0)
            return;
        at += size + ((flags & tag_same_uuid) == 0 ? uuid_size : 0);
    }
}

bool each_revoked(const Superblock &journal, Bytes block, const std::function<void(std::uint64_t)> &on_block)
{
    Bytes const numbers = payload(journal, block);
    std::uint32_t const used =
        load_be<std::uint32_t>(block, header_size);  // r_count: bytes, header and itself included
    if (used > numbers.size())
        return false;
    std::size_t const size = journal.wide ? 8 : 4;
    for (std::size_t at = header_size + 4; at + size <= used; at += size)
        on_block(journal.wide ? load_be<std::uint64_t>(numbers, at) : load_be<std::uint32_t>(numbers, at));
    return true;
}

bool tail_right(const Superblock &journal, Bytes block)
{
    std::size_t const at = block.size() - tail_size;
    return journal.checksums < 2 || crc_without(journal.seed, block, at) == load_be<std::uint32_t>(block, at);
}

bool data_right(const Superblock &journal, const Tag &tag, std::uint32_t transaction, Bytes block)
{
    if (journal.checksums < 2)
        return true;
    std::byte number[4];
    store_be<std::uint32_t>(number, 0, transaction);
    std::uint32_t const sum = crc(crc(journal.seed, number), block);
    return (journal.checksums == 3 ? sum : sum & 0xffff) == tag.checksum;
}

bool commit_right(const Superblock &journal, Bytes block, std::uint32_t sum)
{
    constexpr std::size_t checksum_at = 0x10;
    auto const stored = load_be<std::uint32_t>(block, checksum_at);
    if (journal.checksums >= 2)
        return crc_without(journal.seed, block, checksum_at) == stored;
    if (journal.checksums == 0)
        return true;
    auto const type = static_cast<std::uint8_t>(block[0xc]);
    auto const size = static_cast<std::uint8_t>(block[0xd]);
    bool const none = type == 0 && size == 0 && stored == 0;
    return none || (type == checksum_crc32 && size == sizeof stored && stored == sum);
}

std::uint32_t sum_v1(std::uint32_t sum, Bytes block)
{
    return ext2fs_crc32_be(sum, reinterpret_cast<const unsigned char *>(block.data()), block.size());
}

}  // namespace imgport::jbd2
