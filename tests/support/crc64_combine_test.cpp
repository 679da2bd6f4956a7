#include "support/crc64_combine.hpp"

#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "support/digest.hpp"

using namespace imgport;

TEST(Crc64Combine, OfPartsIsThatOfTheWhole)
{
    std::mt19937_64 random(7);
    for (int round = 0; round < 200; ++round) {
        std::vector<std::byte> bytes(random() % 5000);
        for (auto &byte : bytes)
            byte = static_cast<std::byte>(random());
        std::uint64_t combined = 0;
        for (std::size_t at = 0; at < bytes.size();) {
            std::size_t const length = std::min<std::size_t>(random() % 700, bytes.size() - at);
            combined = crc64_combine(combined, crc64_ecma(0, std::span(bytes).subspan(at, length)), length);
            at += length;
        }
        EXPECT_EQ(combined, crc64_ecma(0, bytes)) << "round " << round;
    }
}

TEST(Crc64Combine, TakesPartsLargerThanMemory)
{
    // 5 GiB of zeroes behind "123456789", which would take a while to count through: in halves, and at once.
    std::uint64_t const digits = crc64_ecma(0, bytes_of("123456789"));
    ASSERT_EQ(digits, 11051210869376104954U);
    std::vector<std::byte> const zeroes(std::size_t{1} << 20);
    std::uint64_t const mebibyte = crc64_ecma(0, zeroes);
    std::uint64_t many = mebibyte;
    std::uint64_t length = zeroes.size();
    for (int doubled = 0; doubled < 12; ++doubled, length *= 2)
        many = crc64_combine(many, many, length);
    std::uint64_t one_by_one = digits;
    for (int i = 0; i < 4096; ++i)
        one_by_one = crc64_combine(one_by_one, mebibyte, zeroes.size());
    EXPECT_EQ(crc64_combine(digits, many, length), one_by_one);
}

TEST(Crc64Combine, WithNothingChangesNothing)
{
    EXPECT_EQ(crc64_combine(12345, 0, 0), 12345U);
    EXPECT_EQ(crc64_combine(0, 12345, 77), 12345U);
}
