#include "filesystem/ntfs_tree.hpp"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "filesystem/ntfs_library.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t root_record = 5;
constexpr std::uint64_t first_user_record = 16;  // those below are the system's
constexpr std::uint32_t all_permissions = 0777;
constexpr std::uint32_t attribute_read_only = 0x1;
constexpr std::uint32_t attribute_reparse_point = 0x400;  // FILE_ATTRIBUTE_*, [MS-FSCC] 2.6
constexpr std::uint32_t attribute_encrypted = 0x4000;

constexpr std::size_t largest_directory = 100'000;  // files
constexpr std::size_t most_remembered = 200'000;    // files of directories
constexpr std::size_t largest_piece = 1024 * 1024;  // of one read

class NtfsStream final : public FileStream {
public:
    NtfsStream(NtfsFile file, std::uint64_t size) : m_file(std::move(file)), m_size(size) {}

    Result<std::size_t> read(std::span<std::byte> out) override
    {
        if (out.empty() || m_position >= m_size)
            return 0;
        auto const part = out.first(std::min<std::uint64_t>({out.size(), m_size - m_position, largest_piece}));
        auto const n = m_file.read(m_position, part);
        if (!n)
            return fail(n.error());
        if (*n == 0)
            return fail(ErrorCode::malformed, fmt::format("its data ends after {} of {} bytes", m_position, m_size));
        m_position += *n;
        return *n;
    }

private:
    NtfsFile m_file;
    std::uint64_t m_size;
    std::uint64_t m_position = 0;
};

// Where a target leads inside this volume. A drive letter is taken for this volume's own: what other could it be, in
// an image's system. nullopt where another volume or machine is meant.
std::optional<std::string> link_text(std::string_view target)
{
    if (target.starts_with("\\??\\"))
        target.remove_prefix(4);
    bool const drive = target.size() >= 2 && target[1] == ':';
    if (drive)
        target.remove_prefix(2);
    if (target.empty() || target.starts_with("\\\\") || (drive && !target.starts_with('\\')) ||
        target.starts_with("Volume{") || target.find('/') != std::string_view::npos)
        return std::nullopt;
    std::string text(target);
    std::replace(text.begin(), text.end(), '\\', '/');
    return text;
}

class NtfsReader final : public InodeReader {
public:
    explicit NtfsReader(std::shared_ptr<NtfsVolume> volume) : m_volume(std::move(volume)) {}

    std::string name() const override { return "NTFS"; }
    InodeId root() const override { return {root_record, 0}; }

    Result<FileStat> stat(InodeId inode) override
    {
        auto const file = m_volume->file(inode.number);
        if (!file)
            return fail(file.error());
        auto const kind = kind_of(*file);
        if (!kind)
            return fail(kind.error());
        FileStat out{*kind, all_permissions, 0, 0, 0, {}, {}};
        if (*kind == FileKind::directory)
            return out;
        auto const size = *kind == FileKind::symlink ? link_size(*file) : file->size();
        if (!size)
            return fail(size.error());
        out.size = *size;
        return out;
    }

    Result<std::optional<RawTree::Flags>> flags(InodeId inode) override
    {
        auto const file = m_volume->file(inode.number);
        auto const attributes = file ? file->attributes() : fail(file.error());
        if (!attributes)
            return fail(attributes.error());
        return std::optional(RawTree::Flags{false, false, (*attributes & attribute_read_only) != 0});
    }

    Result<std::optional<InodeId>> look_up(InodeId directory, std::string_view name) override
    {
        auto const files = files_of(directory);
        if (!files)
            return fail(files.error());
        auto const inode_of = [](const Known &known) { return std::optional(InodeId{known.number, 0}); };
        std::string const folded = to_lower(name);
        const Known *alike = nullptr;
        for (auto const &known : **files) {
            if (known.entry.name == name)
                return inode_of(known);
            if (alike == nullptr && known.entry.name.size() == name.size() && to_lower(known.entry.name) == folded)
                alike = &known;
        }
        return alike != nullptr ? inode_of(*alike) : std::nullopt;
    }

    Result<std::vector<DirectoryEntry>> list(InodeId directory) override
    {
        auto const files = files_of(directory);
        if (!files)
            return fail(files.error());
        std::vector<DirectoryEntry> entries;
        for (auto const &known : **files) {
            if (known.number >= first_user_record)
                entries.push_back(known.entry);
        }
        return entries;
    }

    Result<std::string> read_link(InodeId inode) override
    {
        auto const file = m_volume->file(inode.number);
        if (!file)
            return fail(file.error());
        auto const text = link_of(*file);
        if (!text)
            return fail(text.error());
        return text->value_or("");
    }

    Result<std::unique_ptr<FileStream>> open(InodeId inode) override
    {
        auto file = m_volume->file(inode.number);
        if (!file)
            return fail(file.error());
        auto const attributes = file->attributes();
        if (!attributes)
            return fail(attributes.error());
        if ((*attributes & attribute_encrypted) != 0)
            return fail(ErrorCode::unsupported, "the file is encrypted (EFS)");
        auto const size = file->size();
        if (!size)
            return fail(size.error());
        return std::make_unique<NtfsStream>(std::move(*file), *size);
    }

private:
    struct Known {
        DirectoryEntry entry;
        std::uint64_t number = 0;
    };

    static Result<std::optional<std::string>> link_of(const NtfsFile &file)
    {
        auto const attributes = file.attributes();
        if (!attributes)
            return fail(attributes.error());
        if ((*attributes & attribute_reparse_point) == 0)
            return std::nullopt;
        auto const target = file.link_target();
        if (!target)
            return fail(target.error());
        return *target ? link_text(**target) : std::nullopt;
    }

    static Result<std::uint64_t> link_size(const NtfsFile &file)
    {
        auto const text = link_of(file);
        if (!text)
            return fail(text.error());
        return text->value_or("").size();
    }

    static Result<FileKind> kind_of(const NtfsFile &file)
    {
        auto const link = link_of(file);
        if (!link)
            return fail(link.error());
        if (*link)
            return FileKind::symlink;
        auto const directory = file.is_directory();
        if (!directory)
            return fail(directory.error());
        return *directory ? FileKind::directory : FileKind::regular;
    }

    static Result<std::vector<Known>> read_directory(const NtfsFile &directory)
    {
        auto const count = directory.count_children();
        if (!count)
            return fail(count.error());
        if (*count > largest_directory)
            return fail(ErrorCode::malformed,
                        fmt::format("the directory has {} files, more than {}", *count, largest_directory));
        std::vector<Known> files;
        for (std::size_t i = 0; i < *count; ++i) {
            auto const file = directory.child(i);
            if (!file)
                return fail(file.error());
            auto name = file->name();
            auto const number = name ? file->number() : fail(name.error());
            auto const kind = number ? kind_of(*file) : fail(number.error());
            if (!kind)
                return fail(kind.error());
            if (name->empty() || *name == "." || *name == "..")
                continue;
            if (name->find('/') != std::string::npos || name->find('\0') != std::string::npos)
                return fail(ErrorCode::malformed, fmt::format("the name of MFT record {} has a slash", *number));
            files.push_back({{std::move(*name), *kind}, *number});
        }
        return files;
    }

    // Reading a directory reads every file's record; it is remembered.
    Result<const std::vector<Known> *> files_of(InodeId directory)
    {
        if (auto const found = m_directories.find(directory.number); found != m_directories.end())
            return &found->second;
        auto const file = m_volume->file(directory.number);
        if (!file)
            return fail(file.error());
        auto files = read_directory(*file);
        if (!files)
            return fail(files.error());
        if (m_remembered + files->size() + 1 > most_remembered) {
            m_directories.clear();
            m_remembered = 0;
        }
        m_remembered += files->size() + 1;
        return &m_directories.emplace(directory.number, std::move(*files)).first->second;
    }

    std::shared_ptr<NtfsVolume> m_volume;
    std::unordered_map<std::uint64_t, std::vector<Known>> m_directories;
    std::size_t m_remembered = 0;
};

}  // namespace

Result<std::unique_ptr<InodeReader>> open_ntfs(std::shared_ptr<Disk> volume)
{
    auto opened = NtfsVolume::open(std::move(volume));
    if (!opened)
        return fail(opened.error());
    return std::make_unique<NtfsReader>(std::move(*opened));
}

}  // namespace imgport
