#include "filesystem/mounted_tree.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace imgport {
namespace {

constexpr int most_links = 40;  // as Linux counts them (path_resolution(7))
constexpr std::size_t longest_path = 64 * 1024;
// What is remembered of paths that were looked up: 8 MiB at most.
constexpr std::size_t most_remembered = 8192;
constexpr std::size_t longest_remembered = 1024;

// The last component first, so that the next one to look at is at the back. "." and empty ones are left out.
std::vector<std::string> components_backwards(std::string_view path)
{
    std::vector<std::string> out;
    while (!path.empty()) {
        auto const slash = path.rfind('/');
        auto const component = slash == std::string_view::npos ? path : path.substr(slash + 1);
        if (!component.empty() && component != ".")
            out.emplace_back(component);
        path = slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
    }
    return out;
}

std::string parent_of(const std::string &path)
{
    auto const slash = path.rfind('/');
    return slash == 0 ? "/" : path.substr(0, slash);
}

std::string child_of(const std::string &path, const std::string &name)
{
    return path == "/" ? "/" + name : path + "/" + name;
}

bool is_below(const std::string &path, const std::string &folder)
{
    return folder == "/" ? path != "/"
                         : path.starts_with(folder) && path.size() > folder.size() && path[folder.size()] == '/';
}

Error about(std::string_view path, ErrorCode code, std::string message)
{
    Error error{code, std::move(message)};
    error.file = path;
    return error;
}

}  // namespace

MountedTree::MountedTree(std::shared_ptr<RawTree> root)
{
    m_mounts["/"] = std::move(root);
}

void MountedTree::mount(std::string_view target, std::shared_ptr<RawTree> tree)
{
    auto const found = walk(target, FollowLinks::yes);
    std::string where = "/";
    if (found && *found) {
        where = (*found)->path;
    } else {
        // It does not exist below: taken as it is written.
        auto const names = components_backwards(target);
        for (auto name = names.rbegin(); name != names.rend(); ++name)
            where = *name == ".." ? parent_of(where) : child_of(where, *name);
    }
    m_mounts[where] = std::move(tree);
    m_seen.clear();
}

MountedTree::Place MountedTree::place_of(const std::string &path) const
{
    // Mounts are few: the longest one that holds the path.
    auto best = m_mounts.find("/");  // always there
    for (auto mount = m_mounts.begin(); mount != m_mounts.end(); ++mount) {
        auto const &target = mount->first;
        if ((path == target || is_below(path, target)) && target.size() > best->first.size())
            best = mount;
    }
    auto const &[target, tree] = *best;
    if (target == "/")
        return {tree.get(), path};
    return {tree.get(), path == target ? "/" : path.substr(target.size())};
}

bool MountedTree::leads_to_mount(const std::string &path) const
{
    return std::any_of(m_mounts.begin(), m_mounts.end(), [&](auto const &m) { return is_below(m.first, path); });
}

Result<std::optional<FileStat>> MountedTree::look_up(const std::string &path)
{
    if (auto const seen = m_seen.find(path); seen != m_seen.end())
        return seen->second;
    auto const place = place_of(path);
    auto found = place.tree->lstat(place.path);
    if (!found)
        return found;
    if (!*found && leads_to_mount(path))
        *found = FileStat{FileKind::directory, 0755, 0, 0, 0, {}, {}};
    if (m_seen.size() >= most_remembered)
        m_seen.clear();
    if (path.size() <= longest_remembered)
        m_seen.emplace(path, *found);
    return found;
}

Result<std::optional<MountedTree::Found>> MountedTree::walk(std::string_view path, FollowLinks last)
{
    // A name with a NUL cannot exist, and would be cut where it is handed on as a C string.
    if (path.size() > longest_path || path.find('\0') != std::string_view::npos)
        return std::optional<Found>();
    std::vector<std::string> rest = components_backwards(path);
    auto root = look_up("/");
    if (!root)
        return tl::unexpected(root.error());
    if (!*root)
        return fail(about(path, ErrorCode::unreadable, "the filesystem has no root directory"));
    Found here{"/", **root};
    int links = 0;
    while (!rest.empty()) {
        if (here.stat.kind != FileKind::directory)
            return std::optional<Found>();
        std::string const name = std::move(rest.back());
        rest.pop_back();
        std::string next = name == ".." ? parent_of(here.path) : child_of(here.path, name);
        auto stat = look_up(next);
        if (!stat)
            return tl::unexpected(stat.error());
        if (!*stat)
            return std::optional<Found>();
        if ((*stat)->kind != FileKind::symlink || (rest.empty() && last == FollowLinks::no)) {
            here = {std::move(next), **stat};
            continue;
        }
        if (++links > most_links)
            return fail(about(path, ErrorCode::malformed, "too many levels of symbolic links"));
        auto const place = place_of(next);
        auto const target = place.tree->read_link(place.path);
        if (!target)
            return tl::unexpected(target.error());
        if (target->empty() || target->size() > longest_path || target->find('\0') != std::string::npos)
            return std::optional<Found>();
        if (target->front() == '/')
            here = {"/", **root};
        for (auto &component : components_backwards(*target))
            rest.push_back(std::move(component));
    }
    return std::optional(std::move(here));
}

Result<std::optional<MountedTree::Found>> MountedTree::find_file(std::string_view path)
{
    auto found = walk(path, FollowLinks::yes);
    if (found && *found && (*found)->stat.kind != FileKind::regular)
        return fail(about(path, ErrorCode::malformed, "is no regular file"));
    return found;
}

Result<std::optional<FileStat>> MountedTree::stat(std::string_view path, FollowLinks follow)
{
    auto const found = walk(path, follow);
    if (!found)
        return tl::unexpected(found.error());
    return *found ? std::optional((*found)->stat) : std::nullopt;
}

Result<std::optional<FileStat>> MountedTree::stat_flags(std::string_view path)
{
    auto found = walk(path, FollowLinks::yes);
    if (!found)
        return tl::unexpected(found.error());
    if (!*found)
        return std::optional<FileStat>();
    auto const place = place_of((*found)->path);
    auto const flags = place.tree->flags(place.path);
    if (!flags)
        return tl::unexpected(flags.error());
    if (*flags) {
        (*found)->stat.immutable = (*flags)->immutable;
        (*found)->stat.append_only = (*flags)->append_only;
        (*found)->stat.read_only = (*flags)->read_only;
    }
    return std::optional((*found)->stat);
}

Result<std::string> MountedTree::read_link(std::string_view path)
{
    auto const found = walk(path, FollowLinks::no);
    if (!found)
        return tl::unexpected(found.error());
    if (!*found || (*found)->stat.kind != FileKind::symlink)
        return fail(about(path, ErrorCode::malformed, "is no symbolic link"));
    auto const place = place_of((*found)->path);
    return place.tree->read_link(place.path);
}

Result<std::vector<DirectoryEntry>> MountedTree::list(std::string_view path)
{
    auto const found = walk(path, FollowLinks::yes);
    if (!found)
        return tl::unexpected(found.error());
    if (!*found)
        return std::vector<DirectoryEntry>{};
    std::string const &folder = (*found)->path;
    if ((*found)->stat.kind != FileKind::directory)
        return fail(about(path, ErrorCode::malformed, "is no directory"));

    auto const place = place_of(folder);
    auto below = place.tree->lstat(place.path);
    if (!below)
        return tl::unexpected(below.error());
    std::vector<DirectoryEntry> entries;
    if (*below) {
        auto listed = place.tree->list(place.path);
        if (!listed)
            return listed;
        entries = std::move(*listed);
    }
    // What is mounted in here, whether or not the directory for it exists.
    for (auto const &[target, tree] : m_mounts) {
        if (!is_below(target, folder))
            continue;
        std::string_view name = std::string_view(target).substr(folder == "/" ? 1 : folder.size() + 1);
        name = name.substr(0, name.find('/'));
        auto const at = std::lower_bound(entries.begin(), entries.end(), name,
                                         [](auto const &entry, auto wanted) { return entry.name < wanted; });
        if (at == entries.end() || at->name != name)
            entries.insert(at, {std::string(name), FileKind::directory});
    }
    return entries;
}

Result<std::unique_ptr<FileStream>> MountedTree::open(std::string_view path)
{
    auto const found = find_file(path);
    if (!found)
        return tl::unexpected(found.error());
    if (!*found)
        return fail(about(path, ErrorCode::unreadable, "there is no such file"));
    auto const place = place_of((*found)->path);
    return place.tree->open(place.path);
}

Result<std::optional<std::string>> MountedTree::read_file(std::string_view path, std::size_t limit)
{
    auto const found = find_file(path);
    if (!found)
        return tl::unexpected(found.error());
    if (!*found)
        return std::optional<std::string>();
    auto const too_long = [&] {
        return fail(about(path, ErrorCode::malformed, fmt::format("is longer than {} bytes", limit)));
    };
    if ((*found)->stat.size > limit)
        return too_long();
    auto const place = place_of((*found)->path);
    auto const stream = place.tree->open(place.path);
    if (!stream)
        return tl::unexpected(stream.error());
    // The size is what an inode says: it is not relied upon.
    std::string text;
    std::vector<std::byte> piece(std::min<std::size_t>((*found)->stat.size + 1, 1 << 20));
    for (;;) {
        auto const got = (*stream)->read(piece);
        if (!got)
            return tl::unexpected(got.error());
        if (*got == 0)
            return std::optional(std::move(text));
        if (*got > limit - text.size())
            return too_long();
        text.append(reinterpret_cast<const char *>(piece.data()), *got);
    }
}

Result<std::optional<std::string>> MountedTree::resolve(std::string_view path)
{
    auto found = walk(path, FollowLinks::yes);
    if (!found)
        return tl::unexpected(found.error());
    return *found ? std::optional(std::move((*found)->path)) : std::nullopt;
}

}  // namespace imgport
