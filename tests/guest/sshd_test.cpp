#include "guest/sshd.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "guest.hpp"
#include "support/file.hpp"
#include "support/subprocess.hpp"
#include "support/text.hpp"

using namespace imgport;
using namespace imgport::testing;

namespace {

struct ConfigCase {
    const char *what;
    const char *config;
    const char *drop_in;
    const char *root_login;
    const char *password;
};

constexpr ConfigCase cases[] = {
    {"nothing set", "# PermitRootLogin no\n", nullptr, "prohibit-password", "yes"},
    {"the first one wins", "PermitRootLogin no\nPermitRootLogin yes\n", nullptr, "no", "yes"},
    {"keywords in any case, with an equals sign", "permitROOTlogin = No\nPasswordAuthentication=no\n", nullptr, "no",
     "no"},
    {"quotes and a comment behind", "PermitRootLogin \"yes\" # why\n", nullptr, "yes", "yes"},
    {"the old name", "PermitRootLogin without-password\n", nullptr, "prohibit-password", "yes"},
    {"a drop-in before", "Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin yes\n", "PermitRootLogin no\n", "no",
     "yes"},
    {"a drop-in after", "PermitRootLogin yes\nInclude /etc/ssh/sshd_config.d/*.conf\n", "PermitRootLogin no\n", "yes",
     "yes"},
    {"a relative include", "Include sshd_config.d/*.conf\n", "PasswordAuthentication no\n", "prohibit-password", "no"},
    {"inside a Match block", "Match User git\n  PermitRootLogin no\n", nullptr, "prohibit-password", "yes"},
    {"after Match all", "Match User git\nPermitRootLogin no\nMatch all\nPermitRootLogin yes\n", nullptr, "yes", "yes"},
    {"a Match ends with its file", "Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin no\n", "Match User git\n",
     "no", "yes"},
    {"an include inside a Match", "Match User git\nInclude /etc/ssh/sshd_config.d/*.conf\n", "PermitRootLogin no\n",
     "prohibit-password", "yes"},
    {"an include that matches nothing", "Include /etc/ssh/none.d/*.conf\nPermitRootLogin no\n", nullptr, "no", "yes"},
};

class SshdConfig : public ::testing::TestWithParam<ConfigCase> {};

Known<SshdFacts> read(Guest &guest)
{
    return read_sshd(guest.tree, Services(guest.tree));
}

}  // namespace

TEST_P(SshdConfig, TheEffectiveValue)
{
    Guest guest;
    guest.file("/etc/ssh/sshd_config", GetParam().config);
    if (GetParam().drop_in != nullptr)
        guest.file("/etc/ssh/sshd_config.d/50-test.conf", GetParam().drop_in);
    auto const facts = read(guest);
    ASSERT_TRUE(facts) << facts.reason();
    EXPECT_EQ(facts->permit_root_login.value, GetParam().root_login) << GetParam().what;
    EXPECT_EQ(facts->password_authentication.value, GetParam().password) << GetParam().what;
}

// The real program says the same of the same text, where its relative paths allow to ask.
TEST_P(SshdConfig, AsSshdItselfSays)
{
    std::string const sshd = find_program("sshd").empty() ? "/usr/sbin/sshd" : find_program("sshd");
    if (!std::ifstream(sshd))
        GTEST_SKIP() << "sshd is not installed";
    if (std::string_view(GetParam().what) == "a relative include")
        GTEST_SKIP() << "sshd would look in this machine's /etc/ssh";
    auto const folder = TempDir::create("/tmp");
    std::string config = GetParam().config;
    for (auto at = config.find("/etc/ssh/"); at != std::string::npos; at = config.find("/etc/ssh/"))
        config.replace(at, 9, folder->path() + "/");
    Command make;
    make.arguments = {
        "sh", "-c", "mkdir " + folder->path() + "/sshd_config.d && ssh-keygen -q -N '' -f " + folder->path() + "/key"};
    ASSERT_EQ(run(make)->status, 0);
    std::ofstream(folder->path() + "/sshd_config") << "HostKey " << folder->path() << "/key\n" << config;
    if (GetParam().drop_in != nullptr)
        std::ofstream(folder->path() + "/sshd_config.d/50-test.conf") << GetParam().drop_in;
    Command ask;
    ask.arguments = {sshd, "-T", "-f", folder->path() + "/sshd_config", "-C", "user=root,host=h,addr=192.0.2.1"};
    auto const said = run(ask);
    ASSERT_TRUE(said && said->status == 0) << said->err;
    std::string root_login;
    for (auto const line : lines_of(said->out)) {
        if (line.starts_with("permitrootlogin "))
            root_login = line.substr(16);
    }
    EXPECT_EQ(root_login == "without-password" ? "prohibit-password" : root_login, GetParam().root_login)
        << GetParam().what;
}

INSTANTIATE_TEST_SUITE_P(Texts, SshdConfig, ::testing::ValuesIn(cases));

TEST(Sshd, ThePlaceOfTheDecidingLineIsKept)
{
    Guest guest;
    guest.file("/usr/sbin/sshd", "ELF")
        .file("/lib/systemd/system/ssh.service", "[Unit]\n")
        .link("/etc/systemd/system/multi-user.target.wants/ssh.service", "/lib/systemd/system/ssh.service")
        .file("/etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\n")
        .file("/etc/ssh/sshd_config.d/10.conf", "\n# x\nPermitRootLogin no\n");
    auto const facts = read(guest);
    ASSERT_TRUE(facts);
    EXPECT_TRUE(facts->installed);
    EXPECT_TRUE(facts->enabled);
    EXPECT_EQ(facts->permit_root_login.where.file, "/etc/ssh/sshd_config.d/10.conf");
    EXPECT_EQ(facts->permit_root_login.where.line, 3U);
    EXPECT_EQ(facts->password_authentication.where.file, "");
}

TEST(Sshd, TheVendorsFileCountsOnlyWithoutOneInEtc)
{
    Guest guest;
    guest.file("/usr/etc/ssh/sshd_config", "PermitRootLogin no\n");
    EXPECT_EQ(read(guest)->permit_root_login.value, "no");
    guest.file("/etc/ssh/sshd_config", "PermitRootLogin yes\n");
    EXPECT_EQ(read(guest)->permit_root_login.value, "yes");
}

TEST(Sshd, FreeBsdHasItsOwnSwitchAndDefault)
{
    Guest guest;
    guest.file("/usr/sbin/sshd", "ELF")
        .file("/etc/rc.d/sshd", "#!/bin/sh\n")
        .file("/etc/rc.subr", "")
        .file("/etc/rc.conf", "sshd_enable=\"YES\"\n");
    EXPECT_TRUE(read(guest)->enabled);
    EXPECT_EQ(read(guest)->permit_root_login.value, "no");
}

TEST(SshdHostile, AFileThatIncludesItself)
{
    Guest guest;
    guest.file("/etc/ssh/sshd_config", "Include /etc/ssh/sshd_config\nInclude sshd_config\nPermitRootLogin yes\n");
    auto const facts = read(guest);
    ASSERT_FALSE(facts);
    EXPECT_NE(facts.reason().find("too many Include"), std::string::npos);
}

TEST(SshdHostile, ALineThatIsTooLongForAnyoneAndABrokenDropIn)
{
    Guest guest;
    guest.file("/etc/ssh/sshd_config",
               std::string(1 << 18, 'a') + "\nPermitRootLogin no\n" + std::string(1 << 18, '"'));
    EXPECT_EQ(read(guest)->permit_root_login.value, "no");
    guest.file("/etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\n");
    guest.files->broken("/etc/ssh/sshd_config.d/50.conf");
    EXPECT_FALSE(read(guest));
}
