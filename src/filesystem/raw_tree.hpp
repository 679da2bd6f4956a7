// One filesystem's files as they lie: no symbolic link is followed, no mount point is crossed. A native reader or the
// appliance gives one of these; mounted_tree.hpp puts several together and resolves links over all of them.
//
// Paths are absolute in the filesystem, normalised ("/a/b": no ".", "..", "//" and no trailing slash but for "/"),
// and none of the components before the last is a symbolic link.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <imgport/file_tree.hpp>

namespace imgport {

class RawTree {
public:
    RawTree() = default;
    RawTree(const RawTree &) = delete;
    RawTree &operator=(const RawTree &) = delete;
    virtual ~RawTree() = default;

    // nullopt when there is no such file.
    virtual Result<std::optional<FileStat>> lstat(std::string_view path) = 0;
    virtual Result<std::string> read_link(std::string_view path) = 0;
    // Sorted by name, without "." and "..".
    virtual Result<std::vector<DirectoryEntry>> list(std::string_view path) = 0;
    virtual Result<std::unique_ptr<FileStream>> open(std::string_view path) = 0;
    // The immutable and append-only flags, asked for few files only; nullopt where they cannot be told.
    struct Flags {
        bool immutable = false;
        bool append_only = false;
        std::optional<bool> read_only = {};  // the attribute of DOS and Windows
    };
    virtual Result<std::optional<Flags>> flags(std::string_view path) = 0;
};

}  // namespace imgport
