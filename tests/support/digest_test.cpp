#include "support/digest.hpp"

#include <gtest/gtest.h>

using namespace imgport;

TEST(Sha256, OfAbcIsTheOneInTheStandard)
{
    Sha256 sha;
    sha.update(bytes_of("a"));
    sha.update(bytes_of("bc"));
    EXPECT_EQ(to_hex(sha.finish()), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Crc64, HasTheCheckValueOfCrc64Xz)
{
    EXPECT_EQ(crc64_ecma(0, bytes_of("123456789")), 11051210869376104954U);
    EXPECT_EQ(crc64_ecma(crc64_ecma(0, bytes_of("1234")), bytes_of("56789")), 11051210869376104954U);
}

TEST(HexDigest, KnowsAlgorithmsByName)
{
    EXPECT_EQ(hex_digest("SHA1", bytes_of("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(hex_digest("no such", bytes_of("abc")), "");
}
