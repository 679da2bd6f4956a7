#include "appliance/appliance_tree.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "appliance/guestfs_handle.hpp"
#include "filesystem/file_kind.hpp"

namespace imgport {
namespace {

// Questions about a directory's files before it is fetched as a whole, where it is not larger than that.
constexpr unsigned few_questions = 4;
constexpr std::size_t small_directory = 1000;
constexpr std::size_t most_remembered = 50'000;
// A hundred thousand names and more: no directory that an operating system boots from.
constexpr std::uint64_t largest_directory = 4 * 1024 * 1024;
// The fastest of the ways that were measured: 75 MB/s even where the appliance is emulated.
constexpr std::size_t stream_chunk = 1024 * 1024;

FileStat stat_of(const struct guestfs_statns &stat)
{
    return {kind_of_mode(static_cast<std::uint32_t>(stat.st_mode)).value_or(FileKind::regular),
            static_cast<std::uint32_t>(stat.st_mode & 07777),
            static_cast<std::uint32_t>(stat.st_uid),
            static_cast<std::uint32_t>(stat.st_gid),
            static_cast<std::uint64_t>(std::max<std::int64_t>(stat.st_size, 0)),
            {},
            {}};
}

// The letters of guestfs_readdir; nullopt where the filesystem did not say.
std::optional<FileKind> kind_of_letter(char letter)
{
    switch (letter) {
    case 'r': return FileKind::regular;
    case 'd': return FileKind::directory;
    case 'l': return FileKind::symlink;
    case 'c': return FileKind::character;
    case 'b': return FileKind::block;
    case 'f': return FileKind::fifo;
    case 's': return FileKind::socket;
    default: return std::nullopt;
    }
}

struct SplitPath {
    std::string folder;
    std::string name;
};
SplitPath split_path(std::string_view path)
{
    auto const slash = path.rfind('/');
    return {std::string(slash == 0 ? "/" : path.substr(0, slash)), std::string(path.substr(slash + 1))};
}

bool is_absent(int number)
{
    return number == ENOENT || number == ENOTDIR || number == ENAMETOOLONG;
}

class ApplianceStream final : public FileStream {
public:
    ApplianceStream(std::shared_ptr<GuestfsHandle> handle, std::string path, std::string name)
        : m_handle(std::move(handle)), m_path(std::move(path)), m_name(std::move(name))
    {}

    Result<std::size_t> read(std::span<std::byte> out) override
    {
        if (m_used == m_have) {
            m_bytes.reset(m_handle->run([&](guestfs_h *g) {
                return guestfs_pread(g, m_path.c_str(), stream_chunk, static_cast<std::int64_t>(m_offset), &m_have);
            }));
            m_used = 0;
            if (!m_bytes) {
                m_have = 0;
                return fail(m_handle->error(m_name));
            }
            m_offset += m_have;
        }
        std::size_t const n = std::min(out.size(), m_have - m_used);
        std::memcpy(out.data(), m_bytes.get() + m_used, n);
        m_used += n;
        return n;
    }

private:
    std::shared_ptr<GuestfsHandle> m_handle;
    std::string m_path;
    std::string m_name;
    GuestfsText m_bytes;
    std::size_t m_have = 0;
    std::size_t m_used = 0;
    std::uint64_t m_offset = 0;
};

}  // namespace

ApplianceTree::ApplianceTree(std::shared_ptr<GuestfsHandle> handle, std::string device, std::string mount_point,
                             InodeFlags flags)
    : m_handle(std::move(handle)), m_device(std::move(device)), m_mount_point(std::move(mount_point)), m_flags(flags)
{}

InodeFlags ApplianceTree::knows_flags(const std::string &filesystem)
{
    bool const known = filesystem == "ext2" || filesystem == "ext3" || filesystem == "ext4" || filesystem == "xfs" ||
                       filesystem == "btrfs";
    return known ? InodeFlags::known : filesystem == "ntfs" ? InodeFlags::ntfs : InodeFlags::unknown;
}

std::string ApplianceTree::inside(std::string_view path) const
{
    return path == "/" ? m_mount_point : m_mount_point + std::string(path);
}

Error ApplianceTree::error(std::string_view path) const
{
    return m_handle->error(fmt::format("{} on {}", path, m_device));
}

ApplianceTree::Directory &ApplianceTree::directory(const std::string &path)
{
    if (m_remembered > most_remembered || m_directories.size() > most_remembered) {
        m_directories.clear();
        m_remembered = 0;
    }
    return m_directories[path];
}

Result<std::optional<FileStat>> ApplianceTree::ask_stat(std::string_view path)
{
    GuestfsOwned<struct guestfs_statns> const stat(
        m_handle->run([&](guestfs_h *g) { return guestfs_lstatns(g, inside(path).c_str()); }));
    if (stat)
        return std::optional(stat_of(*stat));
    if (is_absent(m_handle->last_errno()))
        return std::optional<FileStat>();
    return fail(error(path));
}

Result<std::optional<FileStat>> ApplianceTree::lstat(std::string_view path)
{
    if (path == "/")
        return ask_stat(path);
    auto const [folder, name] = split_path(path);
    Directory &known = directory(folder);
    if (++known.questions == few_questions && !known.entries) {
        // The folder itself may be no directory, or not be there: then there is nothing in it.
        if (auto fetched = fetch_entries(folder, known); fetched && known.entries->size() <= small_directory) {
            if (auto stats = fetch_stats(folder, known); !stats)
                return tl::unexpected(stats.error());
        }
    }
    if (auto const found = known.stats.find(name); found != known.stats.end())
        return std::optional(found->second);
    if (known.entries && !std::binary_search(known.entries->begin(), known.entries->end(), DirectoryEntry{name},
                                             [](auto const &a, auto const &b) { return a.name < b.name; }))
        return std::optional<FileStat>();
    auto stat = ask_stat(path);
    if (stat && *stat) {
        known.stats.emplace(name, **stat);
        ++m_remembered;
    }
    return stat;
}

Result<void> ApplianceTree::fetch_entries(const std::string &path, Directory &known)
{
    auto const stat = ask_stat(path);
    if (!stat)
        return tl::unexpected(stat.error());
    if (!*stat || (*stat)->kind != FileKind::directory)
        return fail(ErrorCode::unreadable, fmt::format("{} on {}: is no directory", path, m_device));
    if ((*stat)->size > largest_directory)
        return fail(ErrorCode::malformed,
                    fmt::format("{} on {}: the directory is larger than {} bytes", path, m_device, largest_directory));
    GuestfsOwned<guestfs_dirent_list> const listed(
        m_handle->run([&](guestfs_h *g) { return guestfs_readdir(g, inside(path).c_str()); }));
    if (!listed)
        return fail(error(path));
    std::vector<DirectoryEntry> entries;
    bool all_kinds = true;
    for (std::uint32_t i = 0; i < listed->len; ++i) {
        std::string_view const name = listed->val[i].name;
        if (name == "." || name == ".." || name.empty())
            continue;
        auto const kind = kind_of_letter(listed->val[i].ftyp);
        all_kinds = all_kinds && kind.has_value();
        entries.push_back({std::string(name), kind.value_or(FileKind::regular)});
    }
    std::sort(entries.begin(), entries.end(), [](auto const &a, auto const &b) { return a.name < b.name; });
    m_remembered += entries.size();
    known.entries = std::move(entries);
    if (all_kinds)
        return {};
    if (auto fetched = fetch_stats(path, known); !fetched)
        return fetched;
    for (auto &entry : *known.entries) {
        if (auto const found = known.stats.find(entry.name); found != known.stats.end())
            entry.kind = found->second.kind;
    }
    return {};
}

Result<void> ApplianceTree::fetch_stats(const std::string &path, Directory &known)
{
    std::vector<char *> names;
    for (auto &entry : *known.entries)
        names.push_back(entry.name.data());
    names.push_back(nullptr);
    GuestfsOwned<guestfs_statns_list> const stats(
        m_handle->run([&](guestfs_h *g) { return guestfs_lstatnslist(g, inside(path).c_str(), names.data()); }));
    if (!stats)
        return fail(error(path));
    for (std::size_t i = 0; i < stats->len && i < known.entries->size(); ++i) {
        // What could not be read has the inode -1: it is asked for by itself, for the error.
        if (stats->val[i].st_ino != -1)
            known.stats.insert_or_assign((*known.entries)[i].name, stat_of(stats->val[i]));
    }
    m_remembered += known.entries->size();
    return {};
}

Result<std::string> ApplianceTree::read_link(std::string_view path)
{
    GuestfsText const target(m_handle->run([&](guestfs_h *g) { return guestfs_readlink(g, inside(path).c_str()); }));
    if (!target)
        return fail(error(path));
    return std::string(target.get());
}

Result<std::vector<DirectoryEntry>> ApplianceTree::list(std::string_view path)
{
    std::string const folder(path);
    Directory &known = directory(folder);
    if (!known.entries) {
        if (auto fetched = fetch_entries(folder, known); !fetched)
            return tl::unexpected(fetched.error());
    }
    return *known.entries;
}

Result<std::unique_ptr<FileStream>> ApplianceTree::open(std::string_view path)
{
    // Nothing but a regular file is ever opened: a FIFO would wait, a device would be the appliance's own.
    auto const stat = lstat(path);
    if (!stat)
        return tl::unexpected(stat.error());
    if (!*stat || (*stat)->kind != FileKind::regular)
        return fail(ErrorCode::malformed, fmt::format("{} on {}: is no regular file", path, m_device));
    return std::make_unique<ApplianceStream>(m_handle, inside(path), fmt::format("{} on {}", path, m_device));
}

// ntfs-3g and ntfs3 show the file's attributes as four bytes.
Result<std::optional<RawTree::Flags>> ApplianceTree::ntfs_flags(std::string_view path)
{
    std::size_t size = 0;
    GuestfsText const bytes(m_handle->run(
        [&](guestfs_h *g) { return guestfs_lgetxattr(g, inside(path).c_str(), "system.ntfs_attrib", &size); }));
    if (!bytes)
        return fail(error(path));
    if (size != 4)
        return std::optional<Flags>();
    constexpr unsigned read_only = 1;
    return std::optional(Flags{false, false, (static_cast<unsigned char>(*bytes.get()) & read_only) != 0});
}

Result<std::optional<RawTree::Flags>> ApplianceTree::flags(std::string_view path)
{
    if (m_flags == InodeFlags::unknown)
        return std::optional<Flags>();
    if (m_flags == InodeFlags::ntfs)
        return ntfs_flags(path);
    // FS_IOC_GETFLAGS is for files and directories.
    auto const stat = lstat(path);
    if (!stat)
        return tl::unexpected(stat.error());
    if (!*stat || ((*stat)->kind != FileKind::regular && (*stat)->kind != FileKind::directory))
        return std::optional<Flags>();
    GuestfsText const letters(
        m_handle->run([&](guestfs_h *g) { return guestfs_get_e2attrs(g, inside(path).c_str()); }));
    if (!letters)
        return fail(error(path));
    std::string_view const text = letters.get();
    return std::optional(Flags{text.find('i') != std::string_view::npos, text.find('a') != std::string_view::npos});
}

}  // namespace imgport
