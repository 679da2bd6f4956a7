#include "support/ssh_address.hpp"

#include <gtest/gtest.h>

using namespace imgport;

namespace {

SshAddress parsed(std::string_view text)
{
    auto const address = parse_ssh_address(text);
    EXPECT_TRUE(address) << text << ": " << (address ? "" : describe(address.error()));
    return address.value_or(SshAddress{});
}

}  // namespace

TEST(SshAddress, HasUserHostPortAndPath)
{
    auto const address = parsed("ssh://root@web1.example.org:2222/dev/sda");
    EXPECT_EQ(address.user, "root");
    EXPECT_EQ(address.host, "web1.example.org");
    EXPECT_EQ(address.port, 2222);
    EXPECT_EQ(address.path, "/dev/sda");
    EXPECT_EQ(address.text(), "ssh://web1.example.org:2222/dev/sda");
}

TEST(SshAddress, LeavesToSshWhatItDoesNotSay)
{
    auto const address = parsed("ssh://web_1/srv/my disk's %20 $(x).raw");
    EXPECT_EQ(address.user, "");
    EXPECT_FALSE(address.port);
    EXPECT_EQ(address.path, "/srv/my disk's %20 $(x).raw");
}

TEST(SshAddress, TakesNumbersOfBothKinds)
{
    EXPECT_EQ(parsed("ssh://192.0.2.7/dev/vda").host, "192.0.2.7");
    auto const six = parsed("ssh://me@[2001:db8::7]:22/dev/vda");
    EXPECT_EQ(six.host, "2001:db8::7");
    EXPECT_EQ(six.port, 22);
    EXPECT_EQ(six.text(), "ssh://[2001:db8::7]:22/dev/vda");
    EXPECT_EQ(parsed("ssh://[fe80::1%eth0]/dev/vda").host, "fe80::1%eth0");
    EXPECT_EQ(parsed("ssh://[::1]/dev/vda").host, "::1");
}

TEST(SshAddress, NamesTheFileAndTheMachineWithoutTheUser)
{
    EXPECT_EQ(source_name("ssh://root@web1/dev/sda"), "ssh://web1/dev/sda");
    EXPECT_EQ(source_name("/srv/images/disk.raw"), "disk.raw");
    EXPECT_EQ(source_machine("ssh://root@[::1]/dev/sda"), "--1");
    EXPECT_EQ(source_machine("ssh://root@web1.example.org:22/dev/sda"), "web1.example.org");
    EXPECT_EQ(source_machine("ssh/web1/sda"), "");
}

class HostileAddress : public ::testing::TestWithParam<const char *> {};

TEST_P(HostileAddress, IsRefused)
{
    auto const address = parse_ssh_address(GetParam());
    ASSERT_FALSE(address) << address->host;
    EXPECT_EQ(address.error().code, ErrorCode::usage);
    EXPECT_FALSE(check_source_address(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(All, HostileAddress,
                         ::testing::Values("ssh://-oProxyCommand=touch/dev/sda", "ssh://-oProxyCommand=x@host/dev/sda",
                                           "ssh://a b/dev/sda", "ssh://`id`/dev/sda", "ssh://$(id)/dev/sda",
                                           "ssh://host;id/dev/sda", "ssh://host\n/dev/sda", "ssh://host/dev/sda\nx",
                                           "ssh://host/dev\x7f", "ssh:///dev/sda", "ssh://host", "ssh://host/",
                                           "ssh://host:0/dev/sda", "ssh://host:65536/dev/sda", "ssh://host:/dev/sda",
                                           "ssh://host:x/dev/sda", "ssh://host:22:23/dev/sda", "ssh://@host/dev/sda",
                                           "ssh://a|b@host/dev/sda", "ssh://[::1/dev/sda", "ssh://[::1]x/dev/sda",
                                           "ssh://[web1]/dev/sda", "ssh://[-1:]/dev/sda", "ssh://::1/dev/sda"));

TEST(SshAddress, RepeatsNoPassword)
{
    for (const char *text :
         {"ssh://root:hunter2@host/dev/sda", "ssh://hunter2:@host/dev/sda", "ssh://root@x:hunter2@host/dev/sda"}) {
        auto const address = parse_ssh_address(text);
        ASSERT_FALSE(address);
        EXPECT_EQ(describe(address.error()).find("hunter2"), std::string::npos);
        EXPECT_EQ(source_name(text).find("hunter2"), std::string::npos);
    }
}

TEST(SshAddress, IsNoOtherScheme)
{
    EXPECT_TRUE(check_source_address("/dev/sda"));
    EXPECT_TRUE(check_source_address("ssh.raw"));
    EXPECT_FALSE(is_remote_source("./ssh://x"));
}
