// The structures of a VHDX lie megabytes apart. The input has only the parts that matter, one after another; they are
// put where QEMU puts them, with the checksums made right.
#include "format/crc32c.hpp"
#include "fuzz/disk_fuzz.hpp"

using namespace imgport;

namespace {

constexpr std::size_t kib = 1024;

struct Part {
    std::size_t place;
    std::size_t length;   // of the input
    std::size_t covered;  // by the checksum; 0: there is none
};

constexpr Part parts[]{
    {0, 512, 0},                 // file identifier
    {64 * kib, 128, 4 * kib},    // header
    {192 * kib, 256, 64 * kib},  // region table
    {2048 * kib, 512, 0},        // BAT
    {3072 * kib, 512, 0},        // metadata table
    {3136 * kib, 512, 0},        // metadata items
};
constexpr std::size_t file_size = 6144 * kib;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    auto input = std::as_bytes(std::span(data, size));
    std::vector<std::byte> bytes(4096 * kib);
    for (auto const &part : parts) {
        auto const piece = input.first(std::min(part.length, input.size()));
        input = input.subspan(piece.size());
        std::copy(piece.begin(), piece.end(), bytes.begin() + static_cast<std::ptrdiff_t>(part.place));
        if (part.covered == 0)
            continue;
        auto const structure = std::span(bytes).subspan(part.place, part.covered);
        bool const has_checksum = begins_with(structure, "head") || begins_with(structure, "regi");
        if (has_checksum) {
            store_le<std::uint32_t>(structure, 4, 0);
            store_le<std::uint32_t>(structure, 4, crc32c(0, structure));
        }
    }
    auto const file = fuzz::memory_file(bytes, file_size);
    if (file)
        fuzz::drive_disk(vhdx_reader, *file);
    return 0;
}
