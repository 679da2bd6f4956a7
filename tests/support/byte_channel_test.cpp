#include "support/byte_channel.hpp"

#include <string>
#include <thread>

#include <gtest/gtest.h>

using namespace imgport;

namespace {

std::string pull_all(ByteChannel &channel)
{
    std::string text;
    std::byte buffer[7];
    for (;;) {
        auto const n = channel.pull(buffer);
        if (!n || *n == 0)
            return n ? text : text + "!" + n.error().message;
        text.append(reinterpret_cast<const char *>(buffer), *n);
    }
}

}  // namespace

TEST(ByteChannel, CarriesMoreThanItHolds)
{
    ByteChannel channel(10);
    std::string sent;
    for (int i = 0; i < 1000; ++i)
        sent += std::to_string(i);
    std::jthread const writer([&] {
        for (std::size_t at = 0, step = 1; at < sent.size(); at += step, step = step % 23 + 1)
            ASSERT_TRUE(channel.push(bytes_of(std::string_view(sent).substr(at, step))));
        channel.close();
    });
    EXPECT_EQ(pull_all(channel), sent);
}

TEST(ByteChannel, HandsTheErrorOverBehindTheBytes)
{
    ByteChannel channel(10);
    ASSERT_TRUE(channel.push(bytes_of("abc")));
    channel.close(Error{ErrorCode::unreadable, "broken"});
    EXPECT_TRUE(*channel.more());
    EXPECT_EQ(pull_all(channel), "abc!broken");
    EXPECT_FALSE(channel.more());
}

TEST(ByteChannel, LetsAWriterGoThatNobodyReadsFrom)
{
    ByteChannel channel(4);
    std::optional<ErrorCode> code;
    std::jthread writer([&] {
        auto const done = channel.push(bytes_of("more than there is room for"));
        if (!done)
            code = done.error().code;
    });
    channel.cancel();
    writer.join();
    EXPECT_EQ(code, ErrorCode::interrupted);
    channel.reset();
    ASSERT_TRUE(channel.push(bytes_of("new")));
    channel.close();
    EXPECT_EQ(pull_all(channel), "new");
    EXPECT_FALSE(*channel.more());
}
