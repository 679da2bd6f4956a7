#include "support/xxhash64.hpp"

#include <array>
#include <bit>

namespace imgport {
namespace {

constexpr std::uint64_t prime1 = 0x9E3779B185EBCA87;
constexpr std::uint64_t prime2 = 0xC2B2AE3D27D4EB4F;
constexpr std::uint64_t prime3 = 0x165667B19E3779F9;
constexpr std::uint64_t prime4 = 0x85EBCA77C2B2AE63;
constexpr std::uint64_t prime5 = 0x27D4EB2F165667C5;

std::uint64_t round(std::uint64_t accumulator, std::uint64_t lane)
{
    return std::rotl(accumulator + lane * prime2, 31) * prime1;
}

}  // namespace

std::uint64_t xxhash64(Bytes bytes)
{
    std::size_t at = 0;
    std::uint64_t sum = prime5;
    if (bytes.size() >= 32) {
        std::array<std::uint64_t, 4> lanes{prime1 + prime2, prime2, 0, 0 - prime1};
        for (; bytes.size() - at >= 32; at += 32) {
            for (std::size_t i = 0; i < lanes.size(); ++i)
                lanes[i] = round(lanes[i], load_le<std::uint64_t>(bytes, at + 8 * i));
        }
        sum = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) + std::rotl(lanes[3], 18);
        for (std::uint64_t const lane : lanes)
            sum = (sum ^ round(0, lane)) * prime1 + prime4;
    }
    sum += bytes.size();
    for (; bytes.size() - at >= 8; at += 8)
        sum = std::rotl(sum ^ round(0, load_le<std::uint64_t>(bytes, at)), 27) * prime1 + prime4;
    for (; bytes.size() - at >= 4; at += 4)
        sum = std::rotl(sum ^ load_le<std::uint32_t>(bytes, at) * prime1, 23) * prime2 + prime3;
    for (; at < bytes.size(); ++at)
        sum = std::rotl(sum ^ static_cast<std::uint8_t>(bytes[at]) * prime5, 11) * prime1;
    sum = (sum ^ sum >> 33) * prime2;
    sum = (sum ^ sum >> 29) * prime3;
    return sum ^ sum >> 32;
}

}  // namespace imgport
