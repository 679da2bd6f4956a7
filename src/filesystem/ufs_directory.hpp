// The names in a UFS directory. FreeBSD: sys/ufs/ufs/dir.h, struct direct: records in pieces of 512 bytes that they
// fill and do not cross.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "filesystem/ufs_blocks.hpp"

namespace imgport {

struct UfsName {
    std::string_view name;  // never empty, without '/' and NUL
    std::uint32_t inode = 0;
    std::optional<FileKind> kind = {};  // nullopt: the record does not say
};

// Calls `on_name` for each name but "." and "..", until it answers false. malformed where a record is wrong or the
// directory has a hole; unsupported where it has more than 128 MiB.
Result<void> each_ufs_name(const std::shared_ptr<const UfsVolume> &volume, const UfsInode &directory,
                           const std::function<bool(const UfsName &)> &on_name);

// Looks up many names in one directory without reading it again and again.
class UfsDirectoryIndex {
public:
    explicit UfsDirectoryIndex(std::shared_ptr<const UfsVolume> volume) : m_volume(std::move(volume)) {}

    // The inode's number; nullopt: no such name.
    Result<std::optional<std::uint32_t>> look_up(const UfsInode &directory, std::string_view name);

private:
    std::shared_ptr<const UfsVolume> m_volume;
    std::uint64_t m_directory = 0;  // the one whose names are kept; 0: none
    std::unordered_map<std::string, std::uint32_t> m_names;
};

}  // namespace imgport
