// Linux: include/linux/swap.h, union swap_header, and kernel/power/swap.c, struct swsusp_header.
#include "convert/swap_space.hpp"

#include <array>

#include <fmt/format.h>

#include "support/bytes.hpp"
#include "volume/superblock.hpp"

namespace imgport {
namespace {

constexpr std::size_t signature_size = 10;
constexpr std::string_view swap_signature = "SWAPSPACE2";
constexpr std::size_t info_at = 1024;
constexpr std::size_t smallest_page = 4096;
constexpr std::size_t largest_page = 65536;

// Of the kernel (S1SUSPEND) and of uswsusp. Those of TuxOnIce keep the old signature elsewhere.
bool suspended(std::string_view signature)
{
    return signature.starts_with("S1SUSPEND") || signature.starts_with("S2SUSPEND") ||
           signature.starts_with("ULSUSPEND");
}

}  // namespace

Result<SwapSpace> read_swap_space(Disk &volume)
{
    auto const found = superblocks_of(volume);
    if (!found)
        return fail(found.error());
    // A swap signature that an earlier owner left behind in a filesystem would cost all of it.
    for (auto const &facts : *found) {
        if (facts.type != "swap")
            return fail(ErrorCode::unsupported, fmt::format("it bears the marks of {} too", facts.type));
    }
    for (std::size_t page = smallest_page; page <= largest_page; page *= 2) {
        if (volume.size() < page)
            break;
        std::vector<std::byte> header(page);
        if (auto const read = volume.read(0, header); !read)
            return fail(read.error());
        auto const signature = text_of(header).substr(page - signature_size);
        bool const asleep = suspended(signature);
        if (signature != swap_signature && !asleep)
            continue;
        // What hibernation wrote over.
        if (asleep && text_of(header).substr(page - 2 * signature_size, signature_size) != swap_signature)
            return fail(ErrorCode::unsupported, "a system is suspended to it in a way that is not known");
        if (load_le<std::uint32_t>(header, info_at) != 1)
            return fail(ErrorCode::unsupported, "its version is not 1, or it was made for a big-endian machine");
        std::uint64_t const end = (std::uint64_t{load_le<std::uint32_t>(header, info_at + 4)} + 1) * page;
        if (end <= page || end > volume.size())
            return fail(ErrorCode::malformed,
                        fmt::format("its header speaks of {} bytes, the volume has {}", end, volume.size()));
        SwapSpace space{{page, end - page}};
        if (asleep) {
            auto const bytes = bytes_of(swap_signature);
            space.signature = BytePatch{page - signature_size, {bytes.begin(), bytes.end()}};
        }
        return space;
    }
    return fail(ErrorCode::unsupported,
                "it is a swap area of the first version, or a system is suspended to it in a way that is not known");
}

}  // namespace imgport
