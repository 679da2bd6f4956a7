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

// RFC 2202 and RFC 4231, test case 2; the empty key's value is Python's.
TEST(Hmac, HasTheValuesOfTheStandards)
{
    auto const key = bytes_of("Jefe");
    auto const text = bytes_of("what do ya want for nothing?");
    EXPECT_EQ(to_hex(hmac("SHA1", key, text)), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    EXPECT_EQ(to_hex(hmac("SHA256", key, text)), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(to_hex(hmac("SHA256", {}, {})), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    EXPECT_TRUE(hmac("no such", key, text).empty());
}

// RFC 4648, section 10.
TEST(ToBase64, PadsToFours)
{
    EXPECT_EQ(to_base64(bytes_of("")), "");
    EXPECT_EQ(to_base64(bytes_of("f")), "Zg==");
    EXPECT_EQ(to_base64(bytes_of("fo")), "Zm8=");
    EXPECT_EQ(to_base64(bytes_of("foo")), "Zm9v");
    EXPECT_EQ(to_base64(bytes_of("foobar")), "Zm9vYmFy");
}
