// The XFS reader on anything. An input is a list of records: a sector's number (32 bits, little-endian) and its 512
// bytes; sectors that are not listed are zeroes. So a seed is the metadata of a filesystem and not its free space.
//
// Build with FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION defined, which takes every checksum of version 5 for right.
#include <cstdint>
#include <cstring>
#include <unordered_map>

#include "filesystem/cached_disk.hpp"
#include "filesystem/xfs_tree.hpp"
#include "support/bytes.hpp"

using namespace imgport;

namespace {

constexpr std::size_t sector_size = 512;
constexpr std::size_t record_size = 4 + sector_size;

class SparseDisk final : public Disk {
public:
    explicit SparseDisk(Bytes records)
    {
        for (std::size_t at = 0; at + record_size <= records.size(); at += record_size)
            m_sectors[load_le<std::uint32_t>(records, at)] = records.data() + at + 4;
    }
    std::uint64_t size() const override { return std::uint64_t{1} << 30; }
    Result<void> read(std::uint64_t offset, std::span<std::byte> out) override
    {
        if (!range_inside(offset, out.size(), size()))
            return fail(ErrorCode::malformed, "outside the disk");
        while (!out.empty()) {
            std::size_t const into = offset % sector_size;
            std::size_t const part = std::min(out.size(), sector_size - into);
            auto const found = m_sectors.find(offset / sector_size);
            if (found == m_sectors.end())
                std::memset(out.data(), 0, part);
            else
                std::memcpy(out.data(), found->second + into, part);
            out = out.subspan(part);
            offset += part;
        }
        return {};
    }

private:
    std::unordered_map<std::uint64_t, const std::byte *> m_sectors;
};

// Bounded: directories three deep, 200 files in all, 256 KiB of each.
class Walk {
public:
    explicit Walk(InodeTree &tree) : m_tree(tree) {}

    void folder(const std::string &path, int depth)
    {
        auto const entries = m_tree.list(path);
        if (!entries)
            return;
        for (auto const &entry : *entries) {
            if (m_left-- <= 0)
                return;
            std::string const child = (path == "/" ? "" : path) + "/" + entry.name;
            static_cast<void>(m_tree.lstat(child));
            static_cast<void>(m_tree.flags(child));
            static_cast<void>(m_tree.lstat(child + "-none"));
            if (entry.kind == FileKind::symlink)
                static_cast<void>(m_tree.read_link(child));
            if (entry.kind == FileKind::regular)
                file(child);
            if (entry.kind == FileKind::directory && depth < 3)
                folder(child, depth + 1);
        }
    }

private:
    void file(const std::string &path)
    {
        auto const stream = m_tree.open(path);
        std::vector<std::byte> piece(64 * 1024);
        for (int i = 0; stream && i < 4; ++i) {
            auto const got = (*stream)->read(piece);
            if (!got || *got == 0)
                return;
        }
    }

    InodeTree &m_tree;
    int m_left = 200;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    auto reader =
        open_xfs(std::make_shared<CachedDisk>(std::make_shared<SparseDisk>(std::as_bytes(std::span(data, size)))));
    if (!reader)
        return 0;
    InodeTree tree(std::move(*reader), "fuzz");
    Walk(tree).folder("/", 0);
    return 0;
}
