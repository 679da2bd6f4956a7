// The read-only view of a guest's files. Guest readers are written against this and nothing else.
//
// Paths are absolute in the tree ("/etc/fstab"). Symbolic links are resolved inside the tree, also across the
// mount points it was composed of; they can never leave it, and a loop of links is an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <imgport/error.hpp>

namespace imgport {

enum class FileKind { regular, directory, symlink, character, block, fifo, socket };

struct FileStat {
    FileKind kind = FileKind::regular;
    std::uint32_t mode = 0;  // the permission bits, 07777
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint64_t size = 0;  // bytes
    // The inode's immutable and append-only flags, set by stat_flags() only; nullopt where the filesystem or its
    // reader cannot tell.
    std::optional<bool> immutable = {};
    std::optional<bool> append_only = {};
    std::optional<bool> read_only = {};  // DOS and Windows filesystems: the attribute; by stat_flags() too
};

struct DirectoryEntry {
    std::string name;
    FileKind kind = FileKind::regular;
};

// A file's bytes in order.
class FileStream {
public:
    FileStream() = default;
    FileStream(const FileStream &) = delete;
    FileStream &operator=(const FileStream &) = delete;
    virtual ~FileStream() = default;

    // At most out.size() bytes; 0 at the end.
    virtual Result<std::size_t> read(std::span<std::byte> out) = 0;
};

enum class FollowLinks { no, yes };

class FileTree {
public:
    FileTree() = default;
    FileTree(const FileTree &) = delete;
    FileTree &operator=(const FileTree &) = delete;
    virtual ~FileTree() = default;

    // nullopt when there is no such file. FollowLinks::no concerns the last component only.
    virtual Result<std::optional<FileStat>> stat(std::string_view path, FollowLinks follow = FollowLinks::yes) = 0;

    // stat(), links followed, with `immutable` and `append_only` where they can be told: it costs more.
    virtual Result<std::optional<FileStat>> stat_flags(std::string_view path) = 0;

    // The text of the link itself, unresolved.
    virtual Result<std::string> read_link(std::string_view path) = 0;

    // Without "." and "..", sorted by name. An error where `path` is no directory; empty where it does not exist.
    virtual Result<std::vector<DirectoryEntry>> list(std::string_view path) = 0;

    // The whole of a regular file. nullopt when there is none; an error (malformed) when it is longer than `limit`.
    virtual Result<std::optional<std::string>> read_file(std::string_view path, std::size_t limit) = 0;

    // For large files (an initramfs). An error when there is none or it is no regular file.
    virtual Result<std::unique_ptr<FileStream>> open(std::string_view path) = 0;

    // The path with every symbolic link resolved; nullopt when it leads nowhere.
    virtual Result<std::optional<std::string>> resolve(std::string_view path) = 0;
};

// What guest text files are read with: none of them is honestly longer.
inline constexpr std::size_t guest_text_limit = 4 * 1024 * 1024;

}  // namespace imgport
