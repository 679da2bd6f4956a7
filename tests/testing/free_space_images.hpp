// What the tests of free space share.
#pragma once

#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "format/changed_disk.hpp"
#include "support/file.hpp"

namespace imgport::testing {

inline std::uint64_t sum_of(const std::vector<ByteRange> &ranges)
{
    std::uint64_t sum = 0;
    for (auto const &range : ranges)
        sum += range.length;
    return sum;
}

// Rubbish into the ranges of a file, at both ends and every 256 KiB between: whoever reads any of it will notice.
inline void put_rubbish(const std::string &file, const std::vector<ByteRange> &ranges)
{
    std::string const rubbish(512, '\x5a');
    Fd const fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
    auto const put = [&](std::uint64_t at) {
        EXPECT_EQ(::pwrite(fd.get(), rubbish.data(), rubbish.size(), static_cast<off_t>(at)), 512);
    };
    for (auto const &range : ranges) {
        ASSERT_GE(range.length, 512U);
        for (std::uint64_t at = 0; at + 512 <= range.length; at += 256 * 1024)
            put(range.offset + at);
        put(range.offset + range.length - 512);
    }
}

inline void expect_apart(const std::vector<ByteRange> &ranges)
{
    for (std::size_t i = 1; i < ranges.size(); ++i)
        EXPECT_GT(ranges[i].offset, ranges[i - 1].offset + ranges[i - 1].length);
}

}  // namespace imgport::testing
