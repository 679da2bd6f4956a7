// Two trees, one over the other, as overlayfs shows them (Documentation/filesystems/overlayfs.rst): Flatcar's /etc is
// what was changed, on the root filesystem, over what lies in /usr.
#pragma once

#include <memory>
#include <string>

#include "filesystem/raw_tree.hpp"

namespace imgport {

class OverlayTree final : public RawTree {
public:
    OverlayTree(std::shared_ptr<RawTree> upper, std::shared_ptr<RawTree> lower);

    Result<std::optional<FileStat>> lstat(std::string_view path) override;
    Result<std::string> read_link(std::string_view path) override;
    Result<std::vector<DirectoryEntry>> list(std::string_view path) override;
    Result<std::unique_ptr<FileStream>> open(std::string_view path) override;
    Result<std::optional<Flags>> flags(std::string_view path) override;

private:
    // The tree that has the path; nullptr where neither has it.
    Result<RawTree *> owner(std::string_view path);
    // Whether something in the upper tree, at the path or above it, hides what the lower one has there.
    Result<bool> is_hidden(std::string_view path);

    std::shared_ptr<RawTree> m_upper;
    std::shared_ptr<RawTree> m_lower;
};

}  // namespace imgport
