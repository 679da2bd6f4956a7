// Numbers out of files: endianness, and arithmetic that cannot overflow unseen.
#pragma once

#include <bit>
#include <cassert>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace imgport {

using Bytes = std::span<const std::byte>;

template <std::unsigned_integral T>
constexpr std::optional<T> checked_add(T a, T b)
{
    T sum{};
    if (__builtin_add_overflow(a, b, &sum))
        return std::nullopt;
    return sum;
}

template <std::unsigned_integral T>
constexpr std::optional<T> checked_mul(T a, T b)
{
    T product{};
    if (__builtin_mul_overflow(a, b, &product))
        return std::nullopt;
    return product;
}

// Whether [offset, offset + length) lies inside [0, size).
constexpr bool range_inside(std::uint64_t offset, std::uint64_t length, std::uint64_t size)
{
    return offset <= size && length <= size - offset;
}

constexpr bool is_power_of_two(std::uint64_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

// Rounds up to a multiple of `unit`, which is not 0; nullopt where that does not fit.
constexpr std::optional<std::uint64_t> round_up(std::uint64_t n, std::uint64_t unit)
{
    std::uint64_t const rest = n % unit;
    return rest == 0 ? std::optional(n) : checked_add(n, unit - rest);
}

// The caller has already made sure that the bytes are there; outside of a fixed header, use read_le/read_be.
template <std::unsigned_integral T>
T load_le(Bytes bytes, std::size_t offset)
{
    assert(range_inside(offset, sizeof(T), bytes.size()));
    T value{};
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
    if constexpr (std::endian::native == std::endian::big && sizeof(T) > 1) {
        T swapped{};
        for (std::size_t i = 0; i < sizeof(T); ++i)
            swapped = static_cast<T>(swapped << 8 | (value >> (8 * i) & 0xff));
        return swapped;
    }
    return value;
}

template <std::unsigned_integral T>
T load_be(Bytes bytes, std::size_t offset)
{
    assert(range_inside(offset, sizeof(T), bytes.size()));
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
        value = value << 8 | static_cast<std::uint8_t>(bytes[offset + i]);
    return static_cast<T>(value);
}

// nullopt where the bytes are not there.
template <std::unsigned_integral T>
std::optional<T> read_le(Bytes bytes, std::size_t offset)
{
    if (!range_inside(offset, sizeof(T), bytes.size()))
        return std::nullopt;
    return load_le<T>(bytes, offset);
}

template <std::unsigned_integral T>
std::optional<T> read_be(Bytes bytes, std::size_t offset)
{
    if (!range_inside(offset, sizeof(T), bytes.size()))
        return std::nullopt;
    return load_be<T>(bytes, offset);
}

template <std::unsigned_integral T>
void store_le(std::span<std::byte> bytes, std::size_t offset, T value)
{
    assert(range_inside(offset, sizeof(T), bytes.size()));
    for (std::size_t i = 0; i < sizeof(T); ++i)
        bytes[offset + i] = static_cast<std::byte>(value >> (8 * i) & 0xff);
}

template <std::unsigned_integral T>
void store_be(std::span<std::byte> bytes, std::size_t offset, T value)
{
    assert(range_inside(offset, sizeof(T), bytes.size()));
    for (std::size_t i = 0; i < sizeof(T); ++i)
        bytes[offset + sizeof(T) - 1 - i] = static_cast<std::byte>(value >> (8 * i) & 0xff);
}

inline Bytes bytes_of(std::string_view text)
{
    return std::as_bytes(std::span(text.data(), text.size()));
}

inline std::string_view text_of(Bytes bytes)
{
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

inline bool begins_with(Bytes bytes, std::string_view magic)
{
    return text_of(bytes).starts_with(magic);
}

bool all_zero(Bytes bytes);

}  // namespace imgport
