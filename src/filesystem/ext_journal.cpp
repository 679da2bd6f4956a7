#include "filesystem/ext_journal.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "filesystem/ext_blocks.hpp"
#include "filesystem/jbd2.hpp"
#include "filesystem/overlay_disk.hpp"

namespace imgport {
namespace {

using jbd2::BlockType;
using jbd2::Superblock;
using jbd2::Tag;

// mke2fs makes none longer than 10 240 000 blocks.
constexpr std::uint32_t longest_journal = 16 * 1024 * 1024;
// Blocks that are replaced or revoked: twice as many are held while the log is read, 24 bytes each. The largest
// journal that mke2fs makes by itself has as many blocks (1 GiB).
constexpr std::size_t most_blocks = 256 * 1024;

constexpr std::uint16_t regular_mode = 0100000;

struct LoggedBlock {
    ReplacedBlock replaced;
    std::uint32_t transaction = 0;  // counted from the first in the log

    std::uint64_t key() const { return replaced.block; }
};

struct RevokedBlock {
    std::uint64_t block = 0;
    std::uint32_t transaction = 0;

    std::uint64_t key() const { return block; }
};

// The latest entry for each block. They are added in the order of the log.
template <class Entry>
class Latest {
public:
    // False: there are too many different blocks.
    bool add(const Entry &entry)
    {
        if (m_entries.size() >= 2 * most_blocks) {
            tidy();
            if (m_entries.size() > most_blocks)
                return false;
        }
        m_entries.push_back(entry);
        return true;
    }
    // Sorted by block, each there once.
    std::vector<Entry> &tidy()
    {
        std::stable_sort(m_entries.begin(), m_entries.end(),
                         [](const Entry &a, const Entry &b) { return a.key() < b.key(); });
        auto out = m_entries.begin();
        for (auto in = m_entries.begin(); in != m_entries.end(); ++in) {
            if (in + 1 == m_entries.end() || (in + 1)->key() != in->key())
                *out++ = *in;
        }
        m_entries.erase(out, m_entries.end());
        return m_entries;
    }

private:
    std::vector<Entry> m_entries;
};

class LogReader {
public:
    LogReader(std::shared_ptr<ExtFs> fs, ExtBlocks blocks, const Superblock &journal)
        : m_fs(std::move(fs)), m_blocks(std::move(blocks)), m_journal(journal), m_position(journal.start),
          m_left(journal.end - journal.first), m_block(journal.block_size), m_data(journal.block_size)
    {}

    // Follows the log to its end. An error where the disk fails or there is too much.
    Result<void> read()
    {
        if (m_journal.start == 0)
            return {};
        while (m_left > 0) {
            if (auto const read = read_block(m_position, m_block); !read)
                return read;
            auto const header = jbd2::read_header(m_block);
            if (!header || header->transaction != transaction())
                return {};
            advance();
            auto const more = take(header->type);
            if (!more)
                return fail(more.error());
            if (!*more)
                return {};
        }
        return {};
    }

    // Fast commits that follow the last transaction (the kernel's "Fast commits"): their area begins with a head tag.
    Result<void> check_fast_commits()
    {
        if (!m_journal.fast_commits)
            return {};
        // One block lies between the log and that area.
        if (m_journal.end + 1 >= m_journal.blocks)
            return {};
        if (auto const read = read_block(m_journal.end + 1, m_block); !read)
            return read;
        constexpr std::uint16_t head = 9;
        if (load_le<std::uint16_t>(m_block, 0) == head && load_le<std::uint32_t>(m_block, 8) == transaction())
            m_remarks += fmt::format("; the fast commits of transaction {} are left out", transaction());
        return {};
    }

    // Sorted by block, the revoked ones left out.
    std::vector<ReplacedBlock> replaced()
    {
        std::vector<ReplacedBlock> out;
        auto const &revoked = m_revoked.tidy();
        for (auto const &logged : m_logged.tidy()) {
            auto const found =
                std::lower_bound(revoked.begin(), revoked.end(), logged.key(),
                                 [](const RevokedBlock &a, std::uint64_t block) { return a.block < block; });
            bool const taken_back =
                found != revoked.end() && found->block == logged.key() && found->transaction >= logged.transaction;
            if (!taken_back)
                out.push_back(logged.replaced);
        }
        return out;
    }

    std::uint32_t transactions() const { return m_committed; }
    const std::string &remarks() const { return m_remarks; }

private:
    std::uint32_t transaction() const { return m_journal.transaction + m_committed; }

    Result<void> read_block(std::uint32_t number, std::span<std::byte> out)
    {
        return m_blocks.read(std::uint64_t{number} * m_journal.block_size, out);
    }

    // To the next block of the ring. A log is never longer than that: what seems so is not one.
    void advance()
    {
        m_position = m_position + 1 == m_journal.end ? m_journal.first : m_position + 1;
        --m_left;
    }

    // The block in m_block. Whether the log goes on.
    Result<bool> take(BlockType type)
    {
        switch (type) {
        case BlockType::descriptor:
        case BlockType::revoke:
            if (!jbd2::tail_right(m_journal, m_block))
                return stop_at("incomplete or damaged");
            return type == BlockType::descriptor ? take_descriptor() : take_revoked();
        case BlockType::commit: return take_commit();
        default: return false;
        }
    }

    Result<bool> take_descriptor()
    {
        m_sum = jbd2::sum_v1(m_sum, m_block);
        Result<bool> outcome = true;
        jbd2::each_tag(m_journal, m_block, [&](const Tag &tag) {
            outcome = take_data(tag);
            return outcome && *outcome;
        });
        return outcome;
    }

    Result<bool> take_data(const Tag &tag)
    {
        if (m_left == 0)
            return false;
        auto const at = m_blocks.run_at(std::uint64_t{m_position} * m_journal.block_size);
        if (!at)
            return fail(at.error());
        if (m_journal.checksums != 0) {
            if (auto const read = read_block(m_position, m_data); !read)
                return fail(read.error());
            m_sum = jbd2::sum_v1(m_sum, m_data);
        }
        if (tag.block >= m_fs->blocks() || !jbd2::data_right(m_journal, tag, transaction(), m_data))
            m_broken = true;  // harmless where no commit follows: the system stopped while it was written
        LoggedBlock logged;
        logged.replaced.block = tag.block;
        logged.replaced.source = *at->at / m_journal.block_size;
        logged.replaced.escaped = tag.escaped ? 1 : 0;
        logged.transaction = m_committed;
        if (m_pending.size() >= most_blocks)
            return too_many();
        m_pending.push_back(logged);
        advance();
        return true;
    }

    Result<bool> take_revoked()
    {
        bool room = true;
        bool const right = jbd2::each_revoked(m_journal, m_block, [&](std::uint64_t block) {
            room = room && m_pending_revoked.size() < most_blocks;
            if (room)
                m_pending_revoked.push_back({block, m_committed});
        });
        if (!right)
            m_broken = true;
        return room ? Result<bool>(true) : too_many();
    }

    Result<bool> take_commit()
    {
        bool const right = jbd2::commit_right(m_journal, m_block, m_sum);
        // With asynchronous commits, the commit may reach the disk before the data: no damage then.
        if (!right || m_broken)
            return stop_at(m_journal.async_commit ? "incomplete or damaged" : "damaged");
        for (auto const &logged : m_pending) {
            if (!m_logged.add(logged))
                return too_many();
        }
        for (auto const &revoked : m_pending_revoked) {
            if (!m_revoked.add(revoked))
                return too_many();
        }
        m_pending.clear();
        m_pending_revoked.clear();
        m_sum = ~0U;
        ++m_committed;
        return true;
    }

    Result<bool> stop_at(const char *what)
    {
        m_remarks += fmt::format("; transaction {} is {}: it and what follows are left out", transaction(), what);
        return false;
    }

    static Result<bool> too_many()
    {
        return fail(ErrorCode::unsupported,
                    fmt::format("the journal replaces or revokes more than {} blocks", most_blocks));
    }

    std::shared_ptr<ExtFs> m_fs;
    ExtBlocks m_blocks;
    Superblock m_journal;
    std::uint32_t m_position;                 // the block to read next
    std::uint32_t m_left;                     // blocks of the ring not yet read
    std::vector<std::byte> m_block;           // of the journal's own
    std::vector<std::byte> m_data;            // of the filesystem's
    std::uint32_t m_committed = 0;            // transactions
    std::uint32_t m_sum = ~0U;                // version 1's
    bool m_broken = false;                    // the present transaction is
    std::vector<LoggedBlock> m_pending = {};  // of the present transaction
    std::vector<RevokedBlock> m_pending_revoked = {};
    Latest<LoggedBlock> m_logged = {};
    Latest<RevokedBlock> m_revoked = {};
    std::string m_remarks = {};
};

// The superblock's copy of where the journal lies, for when the inode itself is still in the journal.
std::optional<ExtInode> inode_from_backup(const ExtFs &fs)
{
    auto const &super = fs.super();
    if (super.s_jnl_backup_type != EXT3_JNL_BACKUP_BLOCKS)
        return std::nullopt;
    ExtInode inode{super.s_journal_inum, std::vector<std::byte>(fs.inode_size())};
    store_le<std::uint16_t>(inode.raw, 0x0, regular_mode);
    store_le<std::uint32_t>(inode.raw, 0x4, super.s_jnl_blocks[16]);
    store_le<std::uint32_t>(inode.raw, 0x6c, super.s_jnl_blocks[15]);
    for (std::size_t i = 0; i < EXT2_N_BLOCKS; ++i)
        store_le<std::uint32_t>(inode.raw, 0x28 + 4 * i, super.s_jnl_blocks[i]);
    constexpr std::uint16_t extent_magic = 0xf30a;
    if (load_le<std::uint16_t>(inode.block_area(), 0) == extent_magic)
        store_le<std::uint32_t>(inode.raw, 0x20, EXT4_EXTENTS_FL);
    return inode;
}

Result<ExtBlocks> open_journal(const std::shared_ptr<ExtFs> &fs)
{
    std::uint32_t const number = fs->super().s_journal_inum;
    if (number == 0)
        return fail(ErrorCode::unsupported, "the journal is on another device");
    auto inode = fs->inode(number);
    if (!inode)
        return fail(inode.error());
    if ((inode->mode() & 0170000) != regular_mode) {
        auto backup = inode_from_backup(*fs);
        if (!backup)
            return fail(ErrorCode::malformed, fmt::format("inode {} is no journal", number));
        inode = std::move(*backup);
    }
    if (inode->has(EXT4_INLINE_DATA_FL))
        return fail(ErrorCode::malformed, fmt::format("inode {} is no journal", number));
    return ExtBlocks::open(fs, *inode);
}

Result<Superblock> read_journal_superblock(const ExtFs &fs, ExtBlocks &blocks)
{
    std::array<std::byte, 1024> bytes{};
    if (auto const read = blocks.read(0, bytes); !read)
        return fail(read.error());
    auto journal = jbd2::read_superblock(bytes);
    if (!journal)
        return journal;
    if (journal->block_size != fs.block_size())
        return fail(ErrorCode::malformed, fmt::format("the journal has blocks of {} bytes, the filesystem of {}",
                                                      journal->block_size, fs.block_size()));
    if (journal->blocks > fs.blocks())
        return fail(ErrorCode::malformed,
                    fmt::format("the journal has {} blocks, the filesystem {}", journal->blocks, fs.blocks()));
    if (journal->blocks > longest_journal)
        return fail(ErrorCode::unsupported, fmt::format("the journal has more than {} blocks", longest_journal));
    return journal;
}

}  // namespace

Result<ReplayedJournal> replay_ext_journal(const std::shared_ptr<ExtFs> &fs)
{
    auto blocks = open_journal(fs);
    if (!blocks)
        return fail(blocks.error());
    auto const journal = read_journal_superblock(*fs, *blocks);
    if (!journal)
        return fail(journal.error());
    LogReader log(fs, std::move(*blocks), *journal);
    if (auto const read = log.read(); !read)
        return fail(read.error());
    if (auto const checked = log.check_fast_commits(); !checked)
        return fail(checked.error());
    auto replaced = log.replaced();
    std::string note = fmt::format("the journal was replayed in memory: {} transactions, {} blocks{}",
                                   log.transactions(), replaced.size(), log.remarks());
    // A block whose first bytes were the journal's magic number is kept with zeroes there.
    return ReplayedJournal{
        std::make_shared<OverlayDisk>(fs->disk(), fs->block_size(), jbd2::magic, std::move(replaced)), std::move(note)};
}

}  // namespace imgport
