// LVM2: the text metadata by itself, and the assembly of volumes from two physical volumes. The sums of labels,
// metadata areas and texts are put right, so that they do not stop what is behind them.
#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "testing/disks.hpp"
#include "volume/lvm2.hpp"
#include "volume/lvm2_label.hpp"
#include "volume/lvm2_metadata.hpp"

using namespace imgport;
using imgport::testing::MemoryDisk;

namespace {

constexpr std::size_t label_at = 512;
constexpr std::size_t area_at = 4096;
constexpr std::size_t area_size = 60 * 1024;
constexpr std::size_t disk_size = 256 * 1024;

void put_sums(MemoryDisk &disk)
{
    auto const text = text_of(disk.bytes());
    auto const ring_at = load_le<std::uint64_t>(disk.bytes(), area_at + 40);
    auto const length = load_le<std::uint64_t>(disk.bytes(), area_at + 48);
    if (ring_at < area_size && length < area_size) {
        std::string whole(text.substr(area_at + ring_at, std::min<std::uint64_t>(length, area_size - ring_at)));
        whole += text.substr(area_at + 512, length - whole.size());
        disk.put_le<std::uint32_t>(area_at + 56, lvm2_crc(whole));
    }
    disk.put_le<std::uint32_t>(area_at, lvm2_crc(text.substr(area_at + 4, 508)));
    disk.put_le<std::uint32_t>(label_at + 16, lvm2_crc(text.substr(label_at + 20, 492)));
}

// The first 100 bytes of the input are laid over the label and the area's header, the rest is the text.
std::shared_ptr<MemoryDisk> physical_volume(char uuid, std::string_view headers, std::string_view text)
{
    auto disk = std::make_shared<MemoryDisk>(disk_size);
    disk->put(label_at, std::string("LABELONE\1\0\0\0\0\0\0\0\0\0\0\0\x20\0\0\0LVM2 001", 32));
    disk->put(label_at + 32, std::string(32, uuid));
    disk->put_le<std::uint64_t>(label_at + 64, disk_size);
    disk->put_le<std::uint64_t>(label_at + 72, 65536);
    disk->put_le<std::uint64_t>(label_at + 104, area_at);
    disk->put_le<std::uint64_t>(label_at + 112, area_size);
    disk->put(area_at + 4, " LVM2 x[5A%r0N*>\1");
    disk->put_le<std::uint64_t>(area_at + 24, area_at);
    disk->put_le<std::uint64_t>(area_at + 32, area_size);
    disk->put_le<std::uint64_t>(area_at + 40, 512);
    text = text.substr(0, area_size - 512);
    disk->put_le<std::uint64_t>(area_at + 48, text.size());
    disk->put(area_at + 512, text);
    for (std::size_t i = 0; i < headers.size(); ++i) {
        std::size_t const at = i < 60 ? label_at + 64 + i : area_at + 20 + (i - 60);
        disk->bytes()[at] ^= static_cast<std::byte>(headers[i]);
    }
    put_sums(*disk);
    return disk;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    std::string_view const input(reinterpret_cast<const char *>(data), size);
    if (size > 64 * 1024)
        return 0;
    if (size == 0 || input[0] == 'm') {
        (void)parse_lvm2_metadata(input.substr(std::min<std::size_t>(1, size)));
        return 0;
    }
    // 't': the headers are left as they should be.
    std::size_t const headers = input[0] == 't' ? 0 : std::min<std::size_t>(100, size - 1);
    std::array<std::shared_ptr<Disk>, 2> const disks{
        physical_volume('a', input.substr(1, headers), input.substr(1 + headers)),
        physical_volume('b', {}, input.substr(1 + headers))};
    auto const found = read_lvm2(disks);
    if (!found)
        return 0;
    std::array<std::byte, 8192> buffer{};
    for (auto const &volume : found->volumes) {
        if (!volume.disk)
            continue;
        std::uint64_t const length = volume.disk->size();
        for (std::uint64_t const at : {std::uint64_t{0}, length / 2, length - std::min<std::uint64_t>(length, 4096)}) {
            auto const part = std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), length - at));
            if (!volume.disk->read(at, part) || !volume.disk->extents(at, part.size()))
                __builtin_trap();  // what was verified can be read
        }
    }
    return 0;
}
