// A folder of a filesystem, seen as a tree of its own: an OSTree deployment is the root of its system.
#pragma once

#include <memory>
#include <string>

#include "filesystem/raw_tree.hpp"

namespace imgport {

class SubTree final : public RawTree {
public:
    // `folder` is absolute in `tree`, without links.
    SubTree(std::shared_ptr<RawTree> tree, std::string folder);

    Result<std::optional<FileStat>> lstat(std::string_view path) override;
    Result<std::string> read_link(std::string_view path) override;
    Result<std::vector<DirectoryEntry>> list(std::string_view path) override;
    Result<std::unique_ptr<FileStream>> open(std::string_view path) override;
    Result<std::optional<Flags>> flags(std::string_view path) override;

private:
    std::string below(std::string_view path) const;

    std::shared_ptr<RawTree> m_tree;
    std::string m_folder;
};

}  // namespace imgport
