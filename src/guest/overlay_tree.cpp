#include "guest/overlay_tree.hpp"

#include <algorithm>

namespace imgport {

OverlayTree::OverlayTree(std::shared_ptr<RawTree> upper, std::shared_ptr<RawTree> lower)
    : m_upper(std::move(upper)), m_lower(std::move(lower))
{}

// A removed file is a character device there. That a folder hides the lower one of its name altogether is said in an
// attribute that is not read: it then shows what the lower one has.
Result<bool> OverlayTree::is_hidden(std::string_view path)
{
    for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
        std::string_view const part = path.substr(0, end);
        auto const status = part.size() > 1 ? m_upper->lstat(part) : Result<std::optional<FileStat>>();
        if (!status)
            return fail(status.error());
        bool const last = end == std::string_view::npos;
        if (part.size() > 1 && !*status)
            return false;
        if (*status && (last ? (*status)->kind == FileKind::character : (*status)->kind != FileKind::directory))
            return true;
        if (last)
            return false;
    }
}

Result<RawTree *> OverlayTree::owner(std::string_view path)
{
    auto const hidden = is_hidden(path);
    if (!hidden)
        return fail(hidden.error());
    if (*hidden)
        return nullptr;
    auto const above = m_upper->lstat(path);
    if (!above)
        return fail(above.error());
    if (*above)
        return m_upper.get();
    auto const below = m_lower->lstat(path);
    if (!below)
        return fail(below.error());
    return *below ? m_lower.get() : nullptr;
}

Result<std::optional<FileStat>> OverlayTree::lstat(std::string_view path)
{
    auto const tree = owner(path);
    if (!tree)
        return fail(tree.error());
    return *tree == nullptr ? Result<std::optional<FileStat>>() : (*tree)->lstat(path);
}

Result<std::string> OverlayTree::read_link(std::string_view path)
{
    auto const tree = owner(path);
    if (!tree)
        return fail(tree.error());
    return (*tree == nullptr ? m_lower.get() : *tree)->read_link(path);
}

Result<std::vector<DirectoryEntry>> OverlayTree::list(std::string_view path)
{
    auto const hidden = is_hidden(path);
    if (!hidden)
        return fail(hidden.error());
    std::vector<DirectoryEntry> merged;
    std::vector<std::string> removed;
    auto const above = *hidden ? Result<std::optional<FileStat>>() : m_upper->lstat(path);
    if (!above)
        return fail(above.error());
    if (*above) {
        auto entries = m_upper->list(path);
        if (!entries)
            return entries;
        for (auto &entry : *entries) {
            if (entry.kind == FileKind::character)
                removed.push_back(std::move(entry.name));
            else
                merged.push_back(std::move(entry));
        }
    }
    auto const below = *hidden ? Result<std::optional<FileStat>>() : m_lower->lstat(path);
    if (!below)
        return fail(below.error());
    if (*below && (*below)->kind == FileKind::directory) {
        auto entries = m_lower->list(path);
        if (!entries)
            return entries;
        std::sort(removed.begin(), removed.end());
        std::vector<std::string> known = removed;
        for (auto const &entry : merged)
            known.push_back(entry.name);
        std::sort(known.begin(), known.end());
        for (auto &entry : *entries) {
            if (!std::binary_search(known.begin(), known.end(), entry.name))
                merged.push_back(std::move(entry));
        }
    }
    std::sort(merged.begin(), merged.end(), [](auto const &a, auto const &b) { return a.name < b.name; });
    return merged;
}

Result<std::unique_ptr<FileStream>> OverlayTree::open(std::string_view path)
{
    auto const tree = owner(path);
    if (!tree)
        return fail(tree.error());
    return (*tree == nullptr ? m_lower.get() : *tree)->open(path);
}

Result<std::optional<RawTree::Flags>> OverlayTree::flags(std::string_view path)
{
    auto const tree = owner(path);
    if (!tree)
        return fail(tree.error());
    return (*tree == nullptr ? m_lower.get() : *tree)->flags(path);
}

}  // namespace imgport
