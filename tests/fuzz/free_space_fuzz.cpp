// What is free, of anything. An input is a list of records: a sector's number (32 bits, little-endian) and its 512
// bytes; sectors that are not listed are zeroes. The three readers are tried in turn, as if the filesystem were clean;
// btrfs's nodes of 4096 bytes have the right checksum whatever they hold, and XFS's are not looked at.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unordered_map>

#include "filesystem/cached_disk.hpp"
#include "filesystem/free_space.hpp"
#include "support/bytes.hpp"
#include "testing/btrfs_disks.hpp"

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

void require(bool good, const char *what)
{
    if (good)
        return;
    std::fprintf(stderr, "broken promise: %s\n", what);
    std::abort();
}

void look_at(const Result<std::vector<ByteRange>> &free, const Disk &disk, std::uint64_t least)
{
    if (!free)
        return;
    std::uint64_t at = least;
    for (auto const &range : *free) {
        require(range.offset >= at && range.length > 0, "free ranges are sorted and apart");
        require(range_inside(range.offset, range.length, disk.size()), "free ranges lie inside the volume");
        at = range.offset + range.length + 1;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    auto const disk = std::make_shared<SparseDisk>(std::as_bytes(std::span(data, size)));
    // Superblocks are never free: of ext and XFS where the volume begins, of btrfs the first MiB.
    look_at(ext_free_space(std::make_shared<CachedDisk>(disk)), *disk, 1024);
    look_at(xfs_free_space(std::make_shared<CachedDisk>(disk)), *disk, 512);
    look_at(btrfs_free_space(std::make_shared<testing::ResealedBtrfs>(disk, 4096)), *disk, 1 << 20);
    return 0;
}
