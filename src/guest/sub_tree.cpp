#include "guest/sub_tree.hpp"

namespace imgport {

SubTree::SubTree(std::shared_ptr<RawTree> tree, std::string folder)
    : m_tree(std::move(tree)), m_folder(std::move(folder))
{}

std::string SubTree::below(std::string_view path) const
{
    return path == "/" ? m_folder : m_folder + std::string(path);
}

Result<std::optional<FileStat>> SubTree::lstat(std::string_view path)
{
    return m_tree->lstat(below(path));
}

Result<std::string> SubTree::read_link(std::string_view path)
{
    return m_tree->read_link(below(path));
}

Result<std::vector<DirectoryEntry>> SubTree::list(std::string_view path)
{
    return m_tree->list(below(path));
}

Result<std::unique_ptr<FileStream>> SubTree::open(std::string_view path)
{
    return m_tree->open(below(path));
}

Result<std::optional<RawTree::Flags>> SubTree::flags(std::string_view path)
{
    return m_tree->flags(below(path));
}

}  // namespace imgport
