// The structures of a VHDX lie megabytes apart. The input has only the parts that matter, one after another; they are
// put where QEMU puts them, with the checksums made right.
#include "format/crc32c.hpp"
#include "fuzz/disk_fuzz.hpp"

using namespace imgport;

namespace {

constexpr std::size_t kib = 1024;
constexpr std::uint64_t file_size = 6144 * kib;

// The next `length` bytes of the input; shorter where it ends.
Bytes take(Bytes &input, std::size_t length)
{
    auto const piece = input.first(std::min(length, input.size()));
    input = input.subspan(piece.size());
    return piece;
}

// The same, padded, with the checksum at 4 made right.
std::vector<std::byte> take_summed(Bytes &input, std::size_t length, std::size_t padded)
{
    auto const piece = take(input, length);
    std::vector<std::byte> structure(piece.begin(), piece.end());
    structure.resize(padded);
    store_le<std::uint32_t>(structure, 4, 0);
    store_le<std::uint32_t>(structure, 4, crc32c(0, structure));
    return structure;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    auto input = std::as_bytes(std::span(data, size));
    auto const identifier = take(input, 512);
    auto const header = take_summed(input, 128, 4 * kib);
    auto const regions = take_summed(input, 256, 64 * kib);
    auto const bat = take(input, 512);
    auto const metadata = take(input, 512);
    auto const items = take(input, 512);
    auto const file = fuzz::memory_file(file_size, {{0, identifier},
                                                    {64 * kib, header},
                                                    {192 * kib, regions},
                                                    {2048 * kib, bat},
                                                    {3072 * kib, metadata},
                                                    {3136 * kib, items}});
    if (file)
        fuzz::drive_disk(vhdx_reader, *file);
    return 0;
}
