#include "support/text.hpp"

#include <gtest/gtest.h>

using namespace imgport;

TEST(Printable, KeepsWhatIsSafe)
{
    EXPECT_EQ(printable("镜像 disk.qcow2 é"), "镜像 disk.qcow2 é");
}

TEST(Printable, EscapesControlsBidirectionalMarksAndBrokenUtf8)
{
    EXPECT_EQ(printable("\x1b[31m"), "\\x1b[31m");
    EXPECT_EQ(printable("a\nb\x7f"), "a\\x0ab\\x7f");
    EXPECT_EQ(printable("\u202e"), "\\u{202e}");
    EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
    EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
    EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf") << "an overlong slash";
    EXPECT_EQ(printable("\xc2\x9b"), "\\x9b") << "a C1 control";
}

TEST(Printable, IsCutAtASaneLength)
{
    EXPECT_LE(printable(std::string(1 << 20, 'a')).size(), 4096U + 4);
}

TEST(Nearest, FindsTheMistypedWord)
{
    std::vector<std::string> const words{"alibaba", "alibaba-2026", "aws"};
    EXPECT_EQ(nearest("alibba", words), "alibaba");
    EXPECT_EQ(nearest("alibaba-2025", words), "alibaba-2026");
    EXPECT_EQ(nearest("openstack", words), "");
}

TEST(HumanSize, IsShort)
{
    EXPECT_EQ(human_size(511), "511 bytes");
    EXPECT_EQ(human_size(5368709120), "5 GiB");
    EXPECT_EQ(human_size(1610612736), "1.5 GiB");
}

TEST(Lines, TakeBothLineEndsAndNoLastEmptyOne)
{
    EXPECT_EQ(lines_of("a\r\nb\n\nc"), (std::vector<std::string_view>{"a", "b", "", "c"}));
    EXPECT_TRUE(lines_of("").empty());
}
