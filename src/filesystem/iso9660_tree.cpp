#include "filesystem/iso9660_tree.hpp"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "filesystem/iso9660_reader.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t most_files = 200'000;
constexpr std::size_t most_path_bytes = std::size_t{32} << 20;
constexpr std::uint32_t mode_of_files = 0444;
constexpr std::uint32_t mode_of_directories = 0555;

struct Node {
    std::string name;
    FileStat stat = {};
    std::string link_target = {};
    std::size_t position = 0;  // which file of the pass has the data
    std::vector<const Node *> children = {};
};
// By path ("/boot/grub"), in lower case where case does not matter.
using Nodes = std::unordered_map<std::string, Node>;

class Iso9660Stream final : public FileStream {
public:
    Iso9660Stream(std::unique_ptr<Iso9660Reader> reader, std::uint64_t size) : m_reader(std::move(reader)), m_left(size)
    {}

    Result<std::size_t> read(std::span<std::byte> out) override
    {
        auto const n = m_reader->read(out.first(std::min<std::uint64_t>(out.size(), m_left)));
        if (!n)
            return n;
        if (*n == 0 && m_left > 0 && !out.empty())
            return fail(ErrorCode::malformed, fmt::format("its data ends {} bytes too early", m_left));
        m_left -= *n;
        return n;
    }

private:
    std::unique_ptr<Iso9660Reader> m_reader;
    std::uint64_t m_left;
};

class Iso9660Tree final : public RawTree {
public:
    Iso9660Tree(std::shared_ptr<Disk> volume, std::string device)
        : m_volume(std::move(volume)), m_device(std::move(device))
    {}

    Result<void> read_index()
    {
        auto const reader = Iso9660Reader::open(m_volume);
        if (!reader)
            return fail(about("/", reader.error()));
        auto const joliet = has_joliet(*m_volume);
        if (!joliet)
            return fail(about("/", joliet.error()));
        m_joliet = *joliet;
        m_nodes.emplace("/", Node{"", {FileKind::directory, mode_of_directories, 0, 0, 0, {}, {}}});
        std::size_t path_bytes = 0;
        for (std::size_t position = 0;; ++position) {
            auto const file = (*reader)->next();
            if (!file)
                return fail(about("/", file.error()));
            if (!*file)
                return {};
            path_bytes += (*file)->path.size();
            if (position >= most_files || path_bytes > most_path_bytes)
                return fail(about("/", {ErrorCode::malformed,
                                        fmt::format("there are more than {} files, or the names are longer than {}",
                                                    most_files, human_size(most_path_bytes))}));
            if (position == 0)
                m_rock_ridge = (*reader)->has_rock_ridge();
            if (auto const added = add(**file, position); !added)
                return added;
        }
    }

    Result<std::optional<FileStat>> lstat(std::string_view path) override
    {
        const Node *const node = find(path);
        return node != nullptr ? std::optional(node->stat) : std::nullopt;
    }

    Result<std::string> read_link(std::string_view path) override
    {
        const Node *const node = find(path);
        if (node == nullptr || node->stat.kind != FileKind::symlink)
            return fail(about(path, {ErrorCode::unreadable, "is no symbolic link"}));
        return node->link_target;
    }

    Result<std::vector<DirectoryEntry>> list(std::string_view path) override
    {
        const Node *const node = find(path);
        if (node == nullptr || node->stat.kind != FileKind::directory)
            return fail(about(path, {ErrorCode::unreadable, "is no directory"}));
        std::vector<DirectoryEntry> entries;
        for (const Node *child : node->children)
            entries.push_back({child->name, child->stat.kind});
        std::sort(entries.begin(), entries.end(), [](auto const &a, auto const &b) { return a.name < b.name; });
        return entries;
    }

    // By another pass up to that file: libarchive does not tell where a file's data lies.
    Result<std::unique_ptr<FileStream>> open(std::string_view path) override
    {
        const Node *const node = find(path);
        if (node == nullptr || node->stat.kind != FileKind::regular)
            return fail(about(path, {ErrorCode::unreadable, "is no regular file"}));
        auto reader = Iso9660Reader::open(m_volume);
        if (!reader)
            return fail(about(path, reader.error()));
        for (std::size_t i = 0; i <= node->position; ++i) {
            auto const file = (*reader)->next();
            if (!file)
                return fail(about(path, file.error()));
            if (!*file)
                return fail(about(path, {ErrorCode::unreadable, "is no longer there"}));
        }
        return std::make_unique<Iso9660Stream>(std::move(*reader), node->stat.size);
    }

    Result<std::optional<Flags>> flags(std::string_view) override { return std::optional<Flags>(); }

private:
    Error about(std::string_view path, Error error) const
    {
        error.message = fmt::format("{} on {} (ISO 9660): {}", path, m_device, error.message);
        return error;
    }

    std::string key_of(std::string_view path) const { return m_rock_ridge ? std::string(path) : to_lower(path); }

    const Node *find(std::string_view path) const
    {
        auto const found = m_nodes.find(key_of(path));
        return found != m_nodes.end() ? &found->second : nullptr;
    }

    Result<void> add(const Iso9660File &file, std::size_t position)
    {
        Node node{"", file.stat, file.link_target, position};
        if (!m_rock_ridge)
            node.stat.mode = node.stat.kind == FileKind::directory ? mode_of_directories : mode_of_files;
        if (file.path == ".") {
            m_nodes.at("/").stat = node.stat;
            return {};
        }
        std::string const path = "/" + (m_rock_ridge || m_joliet ? file.path : to_lower(file.path));
        std::size_t const slash = path.rfind('/');
        node.name = path.substr(slash + 1);
        if (node.name.empty() || node.name == "." || node.name == "..")
            return fail(about("/", {ErrorCode::malformed, fmt::format("a file is named {}", printable(path, 200))}));
        // Of two files of one name the first one counts. A name with a slash has no directory: it can't be reached.
        auto const parent = m_nodes.find(key_of(path.substr(0, std::max<std::size_t>(slash, 1))));
        if (parent == m_nodes.end() || parent->second.stat.kind != FileKind::directory)
            return {};
        if (file.same_as) {
            const Node *const same = find("/" + *file.same_as);
            if (same == nullptr || same->stat.kind == FileKind::directory)
                return fail(about(path, {ErrorCode::malformed, "the file that it is another name of is not there"}));
            node.stat = same->stat;
            node.position = same->position;
        }
        auto const [added, fresh] = m_nodes.try_emplace(key_of(path), std::move(node));
        if (fresh)
            parent->second.children.push_back(&added->second);
        return {};
    }

    std::shared_ptr<Disk> m_volume;
    std::string m_device;
    bool m_rock_ridge = false;
    bool m_joliet = false;
    Nodes m_nodes;
};

}  // namespace

Result<std::shared_ptr<RawTree>> open_iso9660(std::shared_ptr<Disk> volume, const std::string &device)
{
    auto tree = std::make_shared<Iso9660Tree>(std::move(volume), device);
    if (auto const read = tree->read_index(); !read)
        return fail(read.error());
    return tree;
}

}  // namespace imgport
