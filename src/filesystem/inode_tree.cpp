#include "filesystem/inode_tree.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace imgport {
namespace {

constexpr std::size_t most_remembered = 4096;

const char *kind_name(FileKind kind)
{
    switch (kind) {
    case FileKind::regular: return "regular file";
    case FileKind::directory: return "directory";
    case FileKind::symlink: return "symbolic link";
    default: return "special file";
    }
}

}  // namespace

InodeTree::InodeTree(std::unique_ptr<InodeReader> reader, std::string device)
    : m_reader(std::move(reader)), m_device(std::move(device))
{}

Error InodeTree::about(std::string_view path, Error error) const
{
    error.message = fmt::format("{} on {} ({}): {}", path, m_device, m_reader->name(), error.message);
    return error;
}

Result<std::optional<InodeId>> InodeTree::find(std::string_view path)
{
    if (path == "/")
        return m_reader->root();
    std::size_t const slash = path.rfind('/');
    std::string const parent_path(path.substr(0, std::max<std::size_t>(slash, 1)));
    auto parent = m_directories.find(parent_path);
    if (parent == m_directories.end()) {
        auto const found = find(parent_path);
        if (!found)
            return found;
        std::optional<InodeId> directory = *found;
        if (directory) {
            auto const status = m_reader->stat(*directory);
            if (!status)
                return fail(about(parent_path, status.error()));
            if (status->kind != FileKind::directory)
                directory.reset();
        }
        if (m_directories.size() >= most_remembered)
            m_directories.clear();
        parent = m_directories.emplace(parent_path, directory).first;
    }
    if (!parent->second)
        return std::optional<InodeId>();
    auto found = m_reader->look_up(*parent->second, path.substr(slash + 1));
    if (!found)
        return fail(about(path, found.error()));
    return found;
}

Result<InodeId> InodeTree::find_kind(std::string_view path, FileKind kind)
{
    auto const inode = find(path);
    if (!inode)
        return fail(inode.error());
    if (!*inode)
        return fail(about(path, {ErrorCode::unreadable, "no such file"}));
    auto const status = m_reader->stat(**inode);
    if (!status)
        return fail(about(path, status.error()));
    if (status->kind != kind)
        return fail(about(path, {ErrorCode::unreadable, fmt::format("is no {}", kind_name(kind))}));
    return **inode;
}

Result<std::optional<FileStat>> InodeTree::lstat(std::string_view path)
{
    auto const inode = find(path);
    if (!inode)
        return fail(inode.error());
    if (!*inode)
        return std::optional<FileStat>();
    auto status = m_reader->stat(**inode);
    if (!status)
        return fail(about(path, status.error()));
    return *status;
}

Result<std::string> InodeTree::read_link(std::string_view path)
{
    auto const inode = find_kind(path, FileKind::symlink);
    if (!inode)
        return fail(inode.error());
    auto text = m_reader->read_link(*inode);
    if (!text)
        return fail(about(path, text.error()));
    return text;
}

Result<std::vector<DirectoryEntry>> InodeTree::list(std::string_view path)
{
    auto const inode = find_kind(path, FileKind::directory);
    if (!inode)
        return fail(inode.error());
    auto entries = m_reader->list(*inode);
    if (!entries)
        return fail(about(path, entries.error()));
    std::sort(entries->begin(), entries->end(), [](auto const &a, auto const &b) { return a.name < b.name; });
    return entries;
}

Result<std::unique_ptr<FileStream>> InodeTree::open(std::string_view path)
{
    auto const inode = find_kind(path, FileKind::regular);
    if (!inode)
        return fail(inode.error());
    auto stream = m_reader->open(*inode);
    if (!stream)
        return fail(about(path, stream.error()));
    return stream;
}

Result<std::optional<RawTree::Flags>> InodeTree::flags(std::string_view path)
{
    auto const inode = find(path);
    if (!inode)
        return fail(inode.error());
    if (!*inode)
        return std::optional<Flags>();
    auto flags = m_reader->flags(**inode);
    if (!flags)
        return fail(about(path, flags.error()));
    return flags;
}

}  // namespace imgport
