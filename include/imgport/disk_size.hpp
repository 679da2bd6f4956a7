// How a user spells sizes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace imgport {

// "21474836480", "20G", "20 GiB", "20gb": bytes. A unit counts in steps of 1024 however it is spelled, as that of
// --max-unpacked does; there are no fractions. nullopt where it is no such thing, or past 64 bits.
std::optional<std::uint64_t> parse_size(std::string_view text);

// What a disk's size should be: "20G", or "+10G" for so much more than it has.
struct WantedSize {
    std::uint64_t bytes = 0;
    bool more = false;  // than the disk has

    // In bytes, for a disk of `now`, which counts in whole sectors of 512 bytes as any conversion writes it. nullopt
    // past 64 bits.
    std::optional<std::uint64_t> for_disk_of(std::uint64_t now) const;
};
std::optional<WantedSize> parse_wanted_size(std::string_view text);

}  // namespace imgport
