#include "guest/guest_files.hpp"

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {
void GuestFiles::fail(std::string_view path, std::string_view reason)
{
    if (m_reason.empty())
        m_reason = fmt::format("{}: {}", printable(path, 256), printable(reason, 512));
}

void GuestFiles::fail_as(std::string_view reason)
{
    if (m_reason.empty())
        m_reason = reason;
}

bool GuestFiles::may_look(std::string_view path)
{
    if (++m_lookups <= max_lookups)
        return true;
    fail(path, fmt::format("more than {} files would have to be looked at", max_lookups));
    return false;
}

void GuestFiles::remember(std::string_view path, const Error &error)
{
    std::string_view message = error.message;
    // Trees often begin their messages with the path already.
    if (message.starts_with(path) && message.substr(path.size()).starts_with(": "))
        message.remove_prefix(path.size() + 2);
    fail(path, message);
}

std::optional<std::string> GuestFiles::text(std::string_view path, std::size_t limit)
{
    auto const status = stat(path);
    if (!status)
        return std::nullopt;
    if (status->kind != FileKind::regular) {
        // An empty device in place of a file is how people switch it off.
        if (status->kind == FileKind::character && resolve(path) == "/dev/null")
            return std::string();
        fail(path, "not a regular file");
        return std::nullopt;
    }
    auto content = m_tree.read_file(path, limit);
    if (!content) {
        remember(path, content.error());
        return std::nullopt;
    }
    m_text += *content ? (*content)->size() : 0;
    if (m_text > max_text) {
        fail(path, "too much text to read");
        return std::nullopt;
    }
    if (*content && (*content)->find('\0') != std::string::npos) {
        fail(path, fmt::format("not a text file: a NUL byte at offset {}", (*content)->find('\0')));
        return std::nullopt;
    }
    return std::move(*content);
}

std::optional<FileStat> GuestFiles::stat(std::string_view path, FollowLinks follow)
{
    return may_look(path) ? remember_stat(path, m_tree.stat(path, follow)) : std::nullopt;
}

std::optional<FileStat> GuestFiles::stat_flags(std::string_view path)
{
    return may_look(path) ? remember_stat(path, m_tree.stat_flags(path)) : std::nullopt;
}

std::optional<FileStat> GuestFiles::remember_stat(std::string_view path, Result<std::optional<FileStat>> result)
{
    if (!result) {
        remember(path, result.error());
        return std::nullopt;
    }
    return *result;
}

bool GuestFiles::is_directory(std::string_view path)
{
    auto const status = stat(path);
    return status && status->kind == FileKind::directory;
}

std::vector<DirectoryEntry> GuestFiles::list(std::string_view path)
{
    if (!is_directory(path))
        return {};
    auto entries = m_tree.list(path);
    if (!entries) {
        remember(path, entries.error());
        return {};
    }
    if (entries->size() > max_entries) {
        fail(path, fmt::format("more than {} files in one directory", max_entries));
        return {};
    }
    return std::move(*entries);
}

std::vector<std::string> GuestFiles::files_in(std::string_view path, std::string_view suffix)
{
    std::vector<std::string> paths;
    for (auto const &entry : list(path)) {
        if (entry.kind != FileKind::directory && entry.name.ends_with(suffix))
            paths.push_back(fmt::format("{}/{}", path, entry.name));
    }
    return paths;
}

std::optional<std::string> GuestFiles::link(std::string_view path)
{
    auto const status = stat(path, FollowLinks::no);
    if (!status || status->kind != FileKind::symlink)
        return std::nullopt;
    auto target = m_tree.read_link(path);
    if (!target) {
        remember(path, target.error());
        return std::nullopt;
    }
    return std::move(*target);
}

std::optional<std::string> GuestFiles::resolve(std::string_view path)
{
    if (!may_look(path))
        return std::nullopt;
    auto target = m_tree.resolve(path);
    if (!target) {
        remember(path, target.error());
        return std::nullopt;
    }
    return std::move(*target);
}

}  // namespace imgport
