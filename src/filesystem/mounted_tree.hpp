// Several filesystems put together as the guest mounts them, with symbolic links resolved over all of them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include <imgport/file_tree.hpp>

#include "filesystem/raw_tree.hpp"

namespace imgport {

class MountedTree final : public FileTree {
public:
    explicit MountedTree(std::shared_ptr<RawTree> root);

    // `target` is an absolute path ("/boot"); it need not exist in the tree below it. Links in it are resolved now,
    // as mount(8) does. A later mount on the same target replaces the earlier one.
    void mount(std::string_view target, std::shared_ptr<RawTree> tree);

    Result<std::optional<FileStat>> stat(std::string_view path, FollowLinks follow = FollowLinks::yes) override;
    Result<std::optional<FileStat>> stat_flags(std::string_view path) override;
    Result<std::string> read_link(std::string_view path) override;
    Result<std::vector<DirectoryEntry>> list(std::string_view path) override;
    Result<std::optional<std::string>> read_file(std::string_view path, std::size_t limit) override;
    Result<std::unique_ptr<FileStream>> open(std::string_view path) override;
    Result<std::optional<std::string>> resolve(std::string_view path) override;

private:
    struct Place {
        RawTree *tree;
        std::string path;  // in that tree
    };
    // Of a resolved path.
    Place place_of(const std::string &path) const;
    // lstat of a resolved path, remembered; a mount point, and what leads to one, is a directory whatever lies below.
    Result<std::optional<FileStat>> look_up(const std::string &path);
    bool leads_to_mount(const std::string &path) const;

    struct Found {
        std::string path;  // resolved
        FileStat stat;
    };
    // nullopt where the path leads nowhere; an error where a chain of links does not end.
    Result<std::optional<Found>> walk(std::string_view path, FollowLinks last);
    // The regular file that the path leads to; nullopt where there is nothing.
    Result<std::optional<Found>> find_file(std::string_view path);

    std::map<std::string, std::shared_ptr<RawTree>> m_mounts;  // by resolved path
    std::unordered_map<std::string, std::optional<FileStat>> m_seen;
};

}  // namespace imgport
