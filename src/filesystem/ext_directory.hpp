// The names in an ext directory. The kernel's Documentation/filesystems/ext4/, "Directory Entries". All blocks are
// read in order: those of a hash tree pass for empty ones. The tree itself is not used: many writers of images leave
// it out, so names that were looked up are remembered by a hash of our own instead.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string_view>
#include <vector>

#include "filesystem/ext_fs.hpp"

namespace imgport {

struct ExtName {
    std::string_view name;
    std::uint32_t inode = 0;
    std::uint8_t type = 0;       // as stored; 0 where the filesystem does not say
    std::uint64_t position = 0;  // in the directory, bytes
};

// Calls `on_name` for each name but "." and "..", until it answers false. `directory` is one. An error (malformed)
// where an entry, a checksum or the size is wrong, (unsupported) where the directory is larger than 2 GiB.
Result<void> each_ext_name(const std::shared_ptr<ExtFs> &fs, const ExtInode &directory,
                           const std::function<bool(const ExtName &)> &on_name);

// Looks up many names in few directories without reading each directory again and again.
class ExtDirectoryIndex {
public:
    explicit ExtDirectoryIndex(std::shared_ptr<ExtFs> fs) : m_fs(std::move(fs)) {}

    // The inode's number; nullopt: no such name.
    Result<std::optional<std::uint32_t>> look_up(const ExtInode &directory, std::string_view name);

private:
    struct Place {
        std::uint32_t hash;
        std::uint32_t position;  // in the directory, in units of 4 bytes: entries are aligned to that
    };
    struct Known {
        std::uint32_t directory;
        std::vector<Place> places;  // sorted by hash
    };
    // nullptr: it has too many names to be remembered.
    Result<const Known *> known(const ExtInode &directory);

    std::shared_ptr<ExtFs> m_fs;
    std::list<Known> m_known;  // the latest first
    std::size_t m_remembered = 0;
};

}  // namespace imgport
