#include "support/crc64_combine.hpp"

namespace imgport {
namespace {

// Polynomials over GF(2) modulo ECMA-182's, reflected: the highest bit is the coefficient of x^0.
constexpr std::uint64_t reduction = 0xc96c5795d7870f42;
constexpr std::uint64_t one = std::uint64_t{1} << 63;
constexpr std::uint64_t x_to_the_8th = one >> 8;

std::uint64_t product(std::uint64_t a, std::uint64_t b)
{
    std::uint64_t sum = 0;
    for (; a != 0; a <<= 1) {
        if ((a & one) != 0)
            sum ^= b;
        b = (b & 1) != 0 ? (b >> 1) ^ reduction : b >> 1;
    }
    return sum;
}

}  // namespace

// A CRC is a remainder: to put `second_length` bytes behind the first run is to multiply its remainder by
// x^(8 * second_length). Initial value and final xor, both all ones, cancel each other out.
std::uint64_t crc64_combine(std::uint64_t first, std::uint64_t second, std::uint64_t second_length)
{
    std::uint64_t power = x_to_the_8th;
    for (; second_length != 0; second_length >>= 1) {
        if ((second_length & 1) != 0)
            first = product(power, first);
        power = product(power, power);
    }
    return first ^ second;
}

}  // namespace imgport
