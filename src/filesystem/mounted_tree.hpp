// Several filesystems put together as the guest mounts them, with symbolic links resolved over all of them.
#pragma once

#include <map>
#include <memory>
#include <string>

#include <imgport/file_tree.hpp>

#include "filesystem/raw_tree.hpp"

namespace imgport {

class MountedTree final : public FileTree {
public:
    explicit MountedTree(std::shared_ptr<RawTree> root);

    // `target` is an absolute path ("/boot"); it need not exist in the tree below it. A later mount on the same
    // target replaces the earlier one.
    void mount(std::string_view target, std::shared_ptr<RawTree> tree);

    Result<std::optional<FileStat>> stat(std::string_view path, FollowLinks follow) override;
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
    Place place_of(const std::string &path) const;
    Result<std::optional<std::string>> walk(std::string_view path, FollowLinks last);

    std::map<std::string, std::shared_ptr<RawTree>> m_mounts;
};

}  // namespace imgport
