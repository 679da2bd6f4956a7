// The blocks of the journal that ext3 and ext4 keep. The kernel's Documentation/filesystems/ext4/, "Journal (jbd2)".
// Numbers are big-endian.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include <imgport/error.hpp>

#include "support/bytes.hpp"

namespace imgport::jbd2 {

inline constexpr std::string_view magic = "\xc0\x3b\x39\x98";

enum class BlockType : std::uint32_t {
    descriptor = 1,
    commit = 2,
    superblock_v1 = 3,
    superblock_v2 = 4,
    revoke = 5,
};

struct Header {
    BlockType type;
    std::uint32_t transaction;
};
// nullopt: no block of the journal's own.
std::optional<Header> read_header(Bytes block);

struct Superblock {
    std::uint32_t block_size = 0;   // bytes
    std::uint32_t blocks = 0;       // of the whole journal
    std::uint32_t first = 0;        // the log is the ring of blocks from here ...
    std::uint32_t end = 0;          // ... up to here; fast commits lie behind it
    std::uint32_t transaction = 0;  // the first one in the log
    std::uint32_t start = 0;        // where it begins; 0: the log is empty
    bool fast_commits = false;
    bool wide = false;  // block numbers have 64 bits
    bool async_commit = false;
    int checksums = 0;       // their version: 0 (none), 1, 2 or 3
    std::uint32_t seed = 0;  // of the checksums of versions 2 and 3
};
// Of the first 1024 bytes of block 0. Malformed, or unsupported with the name of a feature.
Result<Superblock> read_superblock(Bytes bytes);

// Where a block of the log belongs.
struct Tag {
    std::uint64_t block = 0;  // of the filesystem
    bool escaped = false;     // its first four bytes were the magic, and are 0 in the log
    std::uint32_t checksum = 0;
};
// Calls `on_tag` for each tag of a descriptor block, until it answers false.
void each_tag(const Superblock &journal, Bytes block, const std::function<bool(const Tag &)> &on_tag);
// Calls `on_block` for each block number in a revoke block; false: its count is wrong.
bool each_revoked(const Superblock &journal, Bytes block, const std::function<void(std::uint64_t)> &on_block);

// Whether the checksum of a descriptor or revoke block is right; true where it has none.
bool tail_right(const Superblock &journal, Bytes block);
// Likewise of a block of the log that belongs to that transaction, as it lies there.
bool data_right(const Superblock &journal, const Tag &tag, std::uint32_t transaction, Bytes block);
// Likewise of a commit block. `sum` is version 1's, of the transaction's descriptor and data blocks.
bool commit_right(const Superblock &journal, Bytes block, std::uint32_t sum);
// Version 1's sum: start with ~0 and feed the result back in.
std::uint32_t sum_v1(std::uint32_t sum, Bytes block);

}  // namespace imgport::jbd2
