// A filesystem seen by its inodes, and the RawTree made of it. A native reader implements InodeReader; the walk along
// paths is here, once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "filesystem/raw_tree.hpp"

namespace imgport {

struct InodeId {
    std::uint64_t number = 0;
    std::uint64_t tree = 0;  // btrfs: the subvolume; 0 elsewhere

    friend bool operator==(const InodeId &, const InodeId &) = default;
};

// Errors say what is wrong with which structure (malformed, with the offset in the volume), or name what the reader
// does not know (unsupported). The path and the device are added above.
class InodeReader {
public:
    InodeReader() = default;
    InodeReader(const InodeReader &) = delete;
    InodeReader &operator=(const InodeReader &) = delete;
    virtual ~InodeReader() = default;

    // "XFS", for error messages.
    virtual std::string name() const = 0;
    virtual InodeId root() const = 0;
    // A number that is no inode in use is malformed: a directory led there.
    virtual Result<FileStat> stat(InodeId inode) = 0;
    virtual Result<std::optional<RawTree::Flags>> flags(InodeId inode) = 0;
    // Only asked of directories. nullopt: no such name.
    virtual Result<std::optional<InodeId>> look_up(InodeId directory, std::string_view name) = 0;
    // Only asked of directories. In any order, "." and ".." left out.
    virtual Result<std::vector<DirectoryEntry>> list(InodeId directory) = 0;
    // Only asked of symbolic links.
    virtual Result<std::string> read_link(InodeId inode) = 0;
    // Only asked of regular files. The stream may outlive the tree.
    virtual Result<std::unique_ptr<FileStream>> open(InodeId inode) = 0;
};

class InodeTree final : public RawTree {
public:
    // `device` is the name that errors call it by.
    InodeTree(std::unique_ptr<InodeReader> reader, std::string device);

    Result<std::optional<FileStat>> lstat(std::string_view path) override;
    Result<std::string> read_link(std::string_view path) override;
    Result<std::vector<DirectoryEntry>> list(std::string_view path) override;
    Result<std::unique_ptr<FileStream>> open(std::string_view path) override;
    Result<std::optional<Flags>> flags(std::string_view path) override;

private:
    Result<std::optional<InodeId>> find(std::string_view path);
    // The inode at that path, which must be of that kind.
    Result<InodeId> find_kind(std::string_view path, FileKind kind);
    Error about(std::string_view path, Error error) const;

    std::unique_ptr<InodeReader> m_reader;
    std::string m_device;
    std::unordered_map<std::string, std::optional<InodeId>> m_directories;  // by path
};

}  // namespace imgport
