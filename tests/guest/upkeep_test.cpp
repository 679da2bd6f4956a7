// The greeting, the clock, traces of clouds, leftovers, keys and names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guest.hpp"
#include "guest/clock.hpp"
#include "guest/cloud_traces.hpp"
#include "guest/hostname.hpp"
#include "guest/issue.hpp"
#include "guest/leftovers.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace {

TimeFacts time_of(Guest &guest)
{
    auto const found = read_time(guest.tree, Services(guest.tree));
    EXPECT_TRUE(found) << found.reason();
    return found ? *found : TimeFacts{};
}

CloudTraces traces_of(Guest &guest)
{
    auto const found = read_cloud_traces(guest.tree, Services(guest.tree));
    EXPECT_TRUE(found) << found.reason();
    return found ? *found : CloudTraces{};
}

void enable(Guest &guest, const std::string &unit)
{
    guest.file("/lib/systemd/system/" + unit, "[Unit]\n")
        .link("/etc/systemd/system/multi-user.target.wants/" + unit, "/lib/systemd/system/" + unit);
}

}  // namespace

TEST(Issue, IsTheTextOrTheLinkThatLeadsNowhere)
{
    Guest guest;
    EXPECT_TRUE(read_issue(guest.tree)->empty());
    guest.file("/usr/lib/issue", "\n\\S\nKernel \\r\n\n").link("/etc/issue", "../usr/lib/issue");
    guest.link("/etc/issue.net", "/run/issue.net");
    auto const found = read_issue(guest.tree);
    ASSERT_TRUE(found) << found.reason();
    ASSERT_EQ(found->size(), 2U);
    EXPECT_EQ(found->at(0).text, "\\S\nKernel \\r");
    EXPECT_EQ(found->at(0).link, "");
    EXPECT_EQ(found->at(1).text, "");
    EXPECT_EQ(found->at(1).link, "/run/issue.net");
    guest.file("/etc/issue", std::string(100'000, 'x'));
    EXPECT_EQ(read_issue(guest.tree)->at(0).text.size(), 1024U);
    guest.file("/etc/issue", std::string("\0", 1));
    EXPECT_FALSE(read_issue(guest.tree));
}

TEST(Clock, LocalTimeFromWhereverASystemSaysIt)
{
    struct Case {
        const char *path;
        const char *text;
        bool local;
    };
    constexpr Case cases[] = {
        {"/etc/adjtime", "0.0 0 0.0\n0\nLOCAL\n", true},
        {"/etc/adjtime", "0.0 0 0.0\n0\nUTC\n", false},
        {"/etc/adjtime", "0.0 0 0.0\n", false},
        {"/etc/sysconfig/clock", "ZONE=\"Asia/Shanghai\"\nUTC=false\n", true},
        {"/etc/sysconfig/clock", "UTC=true\n", false},
        {"/etc/sysconfig/clock", "HWCLOCK=\"--localtime\"\n", true},
        {"/etc/sysconfig/clock", "HWCLOCK=\"-u\"\n", false},
        {"/etc/default/rcS", "UTC=no\n", true},
        {"/etc/conf.d/hwclock", "clock=\"local\"\n", true},
    };
    for (auto const &[path, text, local] : cases) {
        Guest guest;
        guest.file(path, text);
        auto const time = time_of(guest);
        EXPECT_EQ(time.local_clock, local) << path << ": " << text;
        if (local) {
            EXPECT_EQ(time.clock_where.file, path);
        }
    }
    Guest both;
    both.file("/etc/adjtime", "0.0 0 0.0\n0\nUTC\n").file("/etc/sysconfig/clock", "UTC=false\n");
    EXPECT_FALSE(time_of(both).local_clock) << "the tools of all systems read adjtime";
}

TEST(Clock, DaemonsThatStartAndThatDoNot)
{
    Guest guest;
    guest.file("/lib/systemd/system/systemd-timesyncd.service", "[Unit]\n");
    EXPECT_THAT(time_of(guest).daemons, IsEmpty());
    EXPECT_THAT(time_of(guest).stopped, ElementsAre("systemd-timesyncd"));
    enable(guest, "chronyd.service");
    ASSERT_EQ(time_of(guest).daemons.size(), 1U);
    EXPECT_EQ(time_of(guest).daemons[0].value, "chrony");
    Guest old;
    old.file("/etc/init.d/ntpd", "#!/bin/sh\n").link("/etc/rc3.d/S58ntpd", "../init.d/ntpd");
    EXPECT_EQ(time_of(old).daemons.at(0).file, "/etc/rc3.d/S58ntpd");
    Guest freebsd;
    freebsd.file("/etc/rc.subr", "#\n").file("/etc/rc.conf", "hostname=\"a\"\nntpd_enable=\"YES\"\n");
    EXPECT_EQ(time_of(freebsd).daemons.at(0).line, 2U);
    freebsd.files->remove("/etc/rc.subr");
    EXPECT_THAT(time_of(freebsd).daemons, IsEmpty());
}

TEST(CloudTraces, SettingsOfOtherPlacesUnlessTheyAreEmpty)
{
    Guest guest;
    guest.file("/etc/cloud/cloud.cfg.d/05_logging.cfg", "log: x\n")
        .file("/etc/cloud/cloud.cfg.d/90_dpkg.cfg", "datasource_list: [AliYun]\n")
        .file("/etc/cloud/cloud.cfg.d/99-aliyun.cfg", "datasource_list: [AliYun]\n");
    EXPECT_THAT(traces_of(guest).settings, IsEmpty());
    guest.file("/etc/cloud/cloud.cfg.d/91-azure_datasource.cfg", "datasource_list: [Azure]\n")
        .file("/etc/cloud/cloud.cfg.d/90-gce.cfg", "# nothing\n\n")
        .file("/etc/cloud/cloud.cfg.d/99-installer.cfg", "datasource: {None: {}}\n")
        .file("/etc/cloud/cloud.cfg.d/subiquity-disable-cloudinit-networking.cfg", "network: {config: disabled}\n")
        .file("/etc/cloud/cloud.cfg.d/91-azure.cfg.bak", "x: y\n");
    std::vector<std::string> paths;
    for (auto const &item : traces_of(guest).settings)
        paths.push_back(item.file);
    EXPECT_THAT(paths,
                ElementsAre("/etc/cloud/cloud.cfg.d/91-azure_datasource.cfg", "/etc/cloud/cloud.cfg.d/99-installer.cfg",
                            "/etc/cloud/cloud.cfg.d/subiquity-disable-cloudinit-networking.cfg"));
}

TEST(CloudTraces, AgentsThatStartAndTheAssistant)
{
    Guest guest;
    guest.file("/lib/systemd/system/walinuxagent.service", "[Unit]\n");
    EXPECT_THAT(traces_of(guest).agents, IsEmpty()) << "installed, but off";
    EXPECT_THAT(traces_of(guest).assistant, IsEmpty());
    enable(guest, "google-guest-agent.service");
    enable(guest, "walinuxagent.service");
    EXPECT_EQ(traces_of(guest).agents.size(), 2U);
    guest.directory("/usr/local/share/aliyun-assist");
    EXPECT_THAT(traces_of(guest).assistant, ElementsAre("/usr/local/share/aliyun-assist"));
}

TEST(Leftovers, AreSummedUp)
{
    Guest guest;
    guest.file("/var/log/syslog", std::string(1000, 'x'))
        .file("/var/log/journal/a/system.journal", std::string(500, 'x'))
        .file("/var/log/lastlog", std::string(90'000, '\0'))
        .link("/var/log/link", "/var/log/syslog")
        .directory("/tmp")
        .link("/var/tmp", "../tmp");
    auto const found = read_leftovers(guest.tree);
    ASSERT_TRUE(found) << found.reason();
    ASSERT_EQ(found->size(), 2U) << "a link to a folder that was counted is not counted again";
    EXPECT_EQ(found->at(0).path, "/var/log");
    EXPECT_EQ(found->at(0).bytes, 1500U);
    EXPECT_TRUE(found->at(0).whole);
    EXPECT_EQ(found->at(1).path, "/tmp");
    EXPECT_EQ(found->at(1).files, 0U);
}

TEST(Leftovers, CountingEndsSomewhere)
{
    Guest guest;
    std::string deep = "/var/cache";
    for (int i = 0; i < 40; ++i)
        deep += "/d";
    guest.directory(deep);
    for (unsigned i = 0; i < max_counted_files + 500; ++i)
        guest.file("/var/log/" + std::to_string(i), "12345");
    auto const found = read_leftovers(guest.tree);
    ASSERT_TRUE(found) << found.reason();
    EXPECT_FALSE(found->at(0).whole);
    EXPECT_EQ(found->at(0).bytes, 5 * max_counted_files);
    EXPECT_FALSE(found->at(1).whole);
}

TEST(OwnAddresses, AreTheOnesThatAreNotLoopback)
{
    Guest guest;
    guest.file("/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 web.old.example web\n::1 localhost\n"
                             "# 192.0.2.4 web\n192.0.2.9 other\n192.0.2.5\tweb.old.example # me\n");
    auto const found = read_own_addresses(guest.tree, "web");
    ASSERT_TRUE(found) << found.reason();
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->at(0).line, 6U);
    EXPECT_EQ(found->at(0).value, "192.0.2.5\tweb.old.example");
    EXPECT_EQ(read_own_addresses(guest.tree, "WEB.example.com")->size(), 1U);
    EXPECT_THAT(*read_own_addresses(guest.tree, ""), IsEmpty());
    guest.file("/etc/hosts", "192.0.2.5 localhost\n");
    EXPECT_THAT(*read_own_addresses(guest.tree, "localhost"), IsEmpty()) << "everybody's name";
}
