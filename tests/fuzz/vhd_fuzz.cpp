#include "format/vhd_structure.hpp"
#include "fuzz/disk_fuzz.hpp"

using namespace imgport;

namespace {

// A wrong checksum would end it at once.
void mend(std::span<std::byte> bytes, std::size_t offset, std::size_t length, std::size_t checksum_at)
{
    if (!range_inside(offset, length, bytes.size()))
        return;
    auto const structure = bytes.subspan(offset, length);
    store_be<std::uint32_t>(structure, checksum_at, vhd_checksum(structure, checksum_at));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    auto const input = std::as_bytes(std::span(data, size));
    std::vector<std::byte> bytes(input.begin(), input.end());
    mend(bytes, 0, VhdFooter::length, 64);
    mend(bytes, 512, VhdDynamicHeader::length, 36);
    if (bytes.size() > VhdFooter::length)
        mend(bytes, bytes.size() - VhdFooter::length, VhdFooter::length, 64);
    auto const file = fuzz::memory_file(bytes);
    if (file)
        fuzz::drive_disk(vhd_reader, *file);
    return 0;
}
