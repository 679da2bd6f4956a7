// What the tests of superblocks share.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "testing/disks.hpp"
#include "testing/tools.hpp"
#include "volume/superblock.hpp"

namespace imgport::testing {

inline constexpr std::uint64_t mib = 1024 * 1024;

inline FilesystemFacts describe_file(const std::string &file)
{
    auto const disk = FileDisk::open(file);
    auto facts = describe_filesystem(*disk);
    EXPECT_TRUE(facts) << describe(facts.error());
    return facts ? *facts : FilesystemFacts{};
}

// The first word of what a tool printed.
inline std::uint64_t number(const std::string &text)
{
    auto const parsed = parse_number(split_blanks(text).at(0));
    EXPECT_TRUE(parsed) << text;
    return parsed.value_or(0);
}

// An image of that size, with the command run on it as $FILE.
inline std::string build(const Workshop &shop, const std::string &command, std::uint64_t size)
{
    auto const file = shop.image("volume.raw", size);
    run_shell("cd " + shop.path() + " && FILE=" + file + " && { " + command +
              "; } >/dev/null 2>log || { cat log >&2; exit 1; }");
    return file;
}

}  // namespace imgport::testing
