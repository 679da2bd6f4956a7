// Partition tables, boot sectors and superblocks: describe_disk() and list_volumes(). The sums of a GPT are put right.
//
// An input is laid out in records, so that a short one reaches the places that matter on a disk of 4 MiB: two bytes of
// offset (in units of 256 bytes), one byte of length in units of 16 bytes (0: 256 units), and the bytes.
#include <algorithm>
#include <memory>

#include <zlib.h>

#include "testing/disks.hpp"
#include "volume/volumes.hpp"

using namespace imgport;
using imgport::testing::MemoryDisk;

namespace {

constexpr std::size_t disk_size = 4 * 1024 * 1024;

std::uint32_t crc_of(Bytes bytes)
{
    return static_cast<std::uint32_t>(
        ::crc32(0, reinterpret_cast<const Bytef *>(bytes.data()), static_cast<uInt>(bytes.size())));
}

void put_gpt_sums(MemoryDisk &disk, std::size_t header)
{
    Bytes const bytes(disk.bytes());
    if (!begins_with(bytes.subspan(header), "EFI PART"))
        return;
    auto const array = load_le<std::uint64_t>(bytes, header + 72);
    auto const length =
        std::uint64_t{load_le<std::uint32_t>(bytes, header + 80)} * load_le<std::uint32_t>(bytes, header + 84);
    if (array < disk_size / 512 && length <= disk_size - array * 512)
        disk.put_le<std::uint32_t>(header + 88, crc_of(bytes.subspan(array * 512, length)));
    auto const header_size = load_le<std::uint32_t>(bytes, header + 12);
    disk.put_le<std::uint32_t>(header + 16, 0);
    if (header_size <= 512)
        disk.put_le<std::uint32_t>(header + 16, crc_of(bytes.subspan(header, header_size)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    static auto const disk = std::make_shared<MemoryDisk>(disk_size);
    std::vector<std::pair<std::size_t, std::size_t>> written;
    for (std::size_t at = 0; at + 3 < size && written.size() < 64;) {
        std::size_t const offset = (data[at] | std::size_t{data[at + 1]} << 8) % (disk_size / 256) * 256;
        std::size_t length = (data[at + 2] == 0 ? 256 : data[at + 2]) * std::size_t{16};
        at += 3;
        length = std::min({length, size - at, disk_size - offset});
        disk->put(offset, std::string_view(reinterpret_cast<const char *>(data) + at, length));
        written.emplace_back(offset, length);
        at += length;
    }
    for (std::size_t const header : {std::size_t{512}, disk_size - 512}) {
        put_gpt_sums(*disk, header);
        written.emplace_back(header, 512);
    }
    if (auto const facts = describe_disk(*disk)) {
        // Each of the volumes is looked at with all readers: the time is theirs times the number of partitions.
        DiskFacts few = *facts;
        if (few.partitions.size() > 16)
            few.partitions.resize(16);
        (void)list_volumes(disk, few);
    }
    for (auto const &[offset, length] : written)
        std::fill_n(disk->bytes().begin() + static_cast<std::ptrdiff_t>(offset), length, std::byte{0});
    return 0;
}
