#include "support/xxhash64.hpp"

#include <string>

#include <gtest/gtest.h>

namespace imgport {
namespace {

// The values that xxhsum prints.
TEST(XxHash64, KnownValues)
{
    EXPECT_EQ(xxhash64({}), 0xef46db3751d8e999U);
    EXPECT_EQ(xxhash64(bytes_of("a")), 0xd24ec4f1a98c6e5bU);
    EXPECT_EQ(xxhash64(bytes_of("abc")), 0x44bc2cf5ad770999U);
    EXPECT_EQ(xxhash64(bytes_of("Nobody inspects the spammish repetition")), 0xfbcea83c8a378bf1U);
}

}  // namespace
}  // namespace imgport
