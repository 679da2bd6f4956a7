#include "support/lzo.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/bytes.hpp"
#include "testing/temp_dir.hpp"
#include "testing/tools.hpp"

namespace imgport {
namespace {

using testing::Folder;

std::string unpack(const std::string &packed, std::size_t room = 1 << 20)
{
    std::string out(room, '?');
    auto const size = decode_lzo1x(bytes_of(packed), std::as_writable_bytes(std::span(out)));
    return size ? out.substr(0, *size) : size.error().message;
}

std::string bytes(std::initializer_list<int> values)
{
    std::string out;
    for (int const value : values)
        out += static_cast<char>(value);
    return out;
}

const std::string end = bytes({0x11, 0, 0});

// The blocks of a file of lzop with their unpacked sizes. Its header has 33 bytes, the name with its length in front,
// and a checksum; each block its two lengths and the Adler-32 of the unpacked bytes.
std::vector<std::pair<std::string, std::uint32_t>> blocks_of(const std::string &file)
{
    Bytes const all = bytes_of(file);
    EXPECT_EQ(load_be<std::uint32_t>(all, 17) & 0x303, 1U) << "flags: no other checksums";
    std::size_t at = 34 + static_cast<std::uint8_t>(all[33]) + 4;
    std::vector<std::pair<std::string, std::uint32_t>> out;
    for (;;) {
        auto const unpacked = read_be<std::uint32_t>(all, at);
        if (!unpacked || *unpacked == 0)
            return out;
        auto const packed = load_be<std::uint32_t>(all, at + 4);
        at += 12;
        out.emplace_back(file.substr(at, packed), *unpacked);
        at += packed;
    }
}

TEST(Lzo, LiteralsAlone)
{
    EXPECT_EQ(unpack(bytes({17 + 5}) + "hello" + end), "hello");
    EXPECT_EQ(unpack(bytes({17 + 2}) + "hi" + end), "hi");
    EXPECT_EQ(unpack(bytes({0, 1}) + std::string(19, 'x') + end), std::string(19, 'x'));
    EXPECT_EQ(unpack(bytes({0, 0, 1}) + std::string(274, 'x') + end), std::string(274, 'x'));
}

TEST(Lzo, EachKindOfCopy)
{
    // 1LLDDDSS: 5 bytes from 2 back, then a literal.
    EXPECT_EQ(unpack(bytes({17 + 4}) + "abab" + bytes({0x80 | 1 << 2 | 1, 0, 'z'}) + end), "ababababaz");
    // 01LDDDSS: 4 bytes from 4 back.
    EXPECT_EQ(unpack(bytes({17 + 4}) + "abcd" + bytes({0x60 | 3 << 2, 0}) + end), "abcdabcd");
    // 001LLLLL: 33 + 8 bytes from 1 back.
    EXPECT_EQ(unpack(bytes({17 + 4}) + "abcd" + bytes({0x20, 8, 0, 0}) + end), "abcd" + std::string(41, 'd'));
    // 0000DDSS after a literal: 2 bytes from 3 back.
    EXPECT_EQ(unpack(bytes({17 + 3}) + "abc" + bytes({2 << 2, 0}) + end), "abcab");
    // 0000DDSS after a long run: 3 bytes from 2049 + 1 back. 0001HLLL: 3 bytes from 16384 + 1 back.
    auto const run = [](std::size_t count) {  // an instruction of that many literals, which is 18 + 255 n + 1 or more
        std::string out(1, '\0');
        for (count -= 18; count > 255; count -= 255)
            out += '\0';
        return out + static_cast<char>(count);
    };
    EXPECT_EQ(unpack(run(2050) + "xyz" + std::string(2047, 'a') + bytes({1 << 2, 0}) + end),
              "xyz" + std::string(2047, 'a') + "xyz");
    EXPECT_EQ(unpack(run(16385) + "xyz" + std::string(16382, 'a') + bytes({0x11, 1 << 2, 0}) + end),
              "xyz" + std::string(16382, 'a') + "xyz");
}

TEST(Lzo, DamageIsNamed)
{
    auto const says = [](const std::string &packed, const char *what, std::size_t room = 64) {
        EXPECT_NE(unpack(packed, room).find(what), std::string::npos) << unpack(packed, room);
    };
    says("", "empty");
    says(bytes({17 + 5}) + "hell", "ends in the middle");
    says(bytes({17 + 5}) + "hello", "ends in the middle");
    says(bytes({17 + 5}) + "hello" + end + "x", "behind its end");
    says(bytes({17 + 5}) + "hello" + end, "more than there should be", 4);
    says(bytes({17 + 4}) + "abcd" + bytes({0x20, 200, 0, 0}) + end, "more than there should be");
    says(bytes({17 + 4}) + "abcd" + bytes({0x60 | 4 << 2, 0}) + end, "before the beginning");
    says(bytes({0x10, 0, 0, 0, 0}), "");
    says(bytes({17, 1, 0, 0, 0}), "another bitstream version");
    says(std::string(1 << 16, '\0'), "ends in the middle");
    says(bytes({17 + 4}) + "abcd" + " " + std::string(5 << 20, '\0'), "too large");
}

TEST(Lzo, ReadsWhatLzopPacks)
{
    IMGPORT_NEEDS("lzop", "sh", "awk");
    Folder const folder;
    std::string const plain = folder / "plain";
    testing::run_shell(
        "{ awk 'BEGIN { srand(1); for (i = 0; i < 30000; i++) print int(rand() * i), \"line\", i / 9 }'; "
        "head -c 300000 /dev/zero; awk 'BEGIN { srand(2); for (i = 0; i < 90000; i++) "
        "printf \"%c\", 33 + int(rand() * 90) }'; } > " +
        plain);
    std::string const text = folder.read("plain");
    ASSERT_GT(text.size(), 800000U);
    for (std::string const level : {"-1", "-3", "-7", "-9"}) {
        SCOPED_TRACE(level);
        testing::run_tool({"lzop", level, "-f", "-n", "-o", folder / "packed", plain});
        std::string unpacked;
        for (auto const &[packed, size] : blocks_of(folder.read("packed")))
            unpacked += packed.size() == size ? packed : unpack(packed, size);
        EXPECT_EQ(unpacked.size(), text.size());
        EXPECT_TRUE(unpacked == text);
    }
}

}  // namespace
}  // namespace imgport
