#include "guest/sshd.hpp"

#include <algorithm>
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

// What sshd itself makes of a configuration. It wants its folder in /run, which only a started server has made: it gets
// one that nobody else sees.
Result<CommandResult> ask(const std::string &sshd, const std::string &config)
{
    Command command;
    command.arguments = {"unshare",
                         "--map-root-user",
                         "--mount",
                         "sh",
                         "-c",
                         "mount -t tmpfs run /run && mkdir -m 755 /run/sshd && exec \"$@\"",
                         "sh",
                         sshd,
                         "-T",
                         "-f",
                         config,
                         "-C",
                         "user=root,host=h,addr=192.0.2.1"};
    return run(command);
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
    auto const said = ask(sshd, folder->path() + "/sshd_config");
    ASSERT_TRUE(said && said->status == 0) << said->err;
    std::string root_login;
    std::string password;
    for (auto const line : lines_of(said->out)) {
        if (line.starts_with("permitrootlogin "))
            root_login = line.substr(16);
        if (line.starts_with("passwordauthentication "))
            password = line.substr(23);
    }
    EXPECT_EQ(password, GetParam().password) << GetParam().what;
    EXPECT_EQ(root_login == "without-password" ? "prohibit-password" : root_login, GetParam().root_login)
        << GetParam().what;
}

INSTANTIATE_TEST_SUITE_P(Texts, SshdConfig, ::testing::ValuesIn(cases));

namespace {

std::vector<std::string> values_of(const std::vector<Setting> &list)
{
    std::vector<std::string> values;
    for (auto const &setting : list)
        values.push_back(setting.value);
    return values;
}

// What turns people away, in a file of its own: the answers of the reader, in the words of sshd -T.
struct AccessCase {
    const char *what;
    const char *config;
    std::vector<std::string> said;
};

const AccessCase access_cases[] = {
    {"lists add up",
     "AllowUsers root admin\nAllowUsers git@192.0.2.*\nDenyUsers guest\n",
     {"allowusers root", "allowusers admin", "allowusers git@192.0.2.*", "denyusers guest"}},
    {"groups",
     "AllowGroups wheel ssh-users\nDenyGroups games\n",
     {"allowgroups wheel", "allowgroups ssh-users", "denygroups games"}},
    {"a Match block is not for everybody", "Match Address 198.51.100.1\nAllowUsers admin\n", {}},
    {"an older name counts, and the first one does",
     "ChallengeResponseAuthentication no\nKbdInteractiveAuthentication yes\nUsePAM yes\n",
     {"kbdinteractiveauthentication no", "usepam yes"}},
    {"defaults", "", {"kbdinteractiveauthentication yes", "usepam no"}},
};

class SshdAccess : public ::testing::TestWithParam<AccessCase> {};

// The lines of one answer that the case speaks of.
std::vector<std::string> of_interest(const std::vector<std::string> &lines, const AccessCase &tested)
{
    std::vector<std::string> found;
    for (auto const &line : lines) {
        std::string const keyword = line.substr(0, line.find(' '));
        bool const is_list = keyword.starts_with("allow") || keyword.starts_with("deny");
        bool const asked = std::any_of(tested.said.begin(), tested.said.end(),
                                       [&](auto &said) { return said.starts_with(keyword + " "); });
        bool const lists =
            keyword == "allowusers" || keyword == "denyusers" || keyword == "allowgroups" || keyword == "denygroups";
        if (lists || (asked && !is_list))
            found.push_back(line);
    }
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace

TEST_P(SshdAccess, TheListsAndSwitches)
{
    Guest guest;
    guest.file("/etc/ssh/sshd_config", GetParam().config);
    auto const facts = read(guest);
    ASSERT_TRUE(facts) << facts.reason();
    std::vector<std::string> lines{"kbdinteractiveauthentication " + facts->kbd_interactive.value,
                                   "usepam " + facts->use_pam.value};
    for (auto const &[keyword, list] :
         {std::pair("allowusers ", &facts->allow_users), std::pair("denyusers ", &facts->deny_users),
          std::pair("allowgroups ", &facts->allow_groups), std::pair("denygroups ", &facts->deny_groups)}) {
        for (auto const &value : values_of(*list))
            lines.push_back(keyword + value);
    }
    auto expected = GetParam().said;
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(of_interest(lines, GetParam()), expected) << GetParam().what;
}

TEST_P(SshdAccess, AsSshdItselfSays)
{
    std::string const sshd = find_program("sshd").empty() ? "/usr/sbin/sshd" : find_program("sshd");
    if (!std::ifstream(sshd))
        GTEST_SKIP() << "sshd is not installed";
    auto const folder = TempDir::create("/tmp");
    Command make;
    make.arguments = {"ssh-keygen", "-q", "-N", "", "-f", folder->path() + "/key"};
    ASSERT_EQ(run(make)->status, 0);
    std::ofstream(folder->path() + "/sshd_config") << "HostKey " << folder->path() << "/key\n" << GetParam().config;
    auto const said = ask(sshd, folder->path() + "/sshd_config");
    ASSERT_TRUE(said && said->status == 0) << said->err;
    std::vector<std::string> lines;
    for (auto const line : lines_of(said->out))
        lines.emplace_back(line);
    auto expected = GetParam().said;
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(of_interest(lines, GetParam()), expected) << GetParam().what;
}

INSTANTIATE_TEST_SUITE_P(Texts, SshdAccess, ::testing::ValuesIn(access_cases));

TEST(Sshd, ItsAddressesAndKeys)
{
    Guest guest;
    guest.file("/etc/ssh/sshd_config", "ListenAddress 192.0.2.5\nListenAddress [::1]:22 rdomain 2\n")
        .file("/etc/ssh/ssh_host_rsa_key", "x")
        .file("/etc/ssh/ssh_host_rsa_key.pub", "x");
    EXPECT_EQ(values_of(read(guest)->listen_addresses), (std::vector<std::string>{"192.0.2.5", "[::1]:22"}));
    EXPECT_EQ(read(guest)->listen_addresses[0].where.line, 1U);
    EXPECT_EQ(read(guest)->host_keys, (std::vector<std::string>{"/etc/ssh/ssh_host_rsa_key"}));
    guest.file("/etc/ssh/sshd_config", "HostKey /srv/keys/host\n");
    EXPECT_TRUE(read(guest)->host_keys.empty()) << "the usual ones are not used";
    guest.file("/srv/keys/host", "x");
    EXPECT_EQ(read(guest)->host_keys, (std::vector<std::string>{"/srv/keys/host"}));
}

TEST(Sshd, WhatMakesItsKeys)
{
    Guest debian;
    debian.file("/lib/systemd/system/ssh.service", "[Service]\nExecStart=/usr/sbin/sshd -D\n")
        .file("/etc/init.d/ssh", "#!/bin/sh\n# ssh-keygen -A would do\n");
    EXPECT_EQ(read(debian)->key_generator, "");
    // A unit of one's own counts where something starts it.
    debian.file("/etc/systemd/system/make-keys.service", "[Service]\nExecStart=/usr/bin/ssh-keygen -A\n");
    EXPECT_EQ(read(debian)->key_generator, "");
    debian.link("/etc/systemd/system/multi-user.target.wants/make-keys.service",
                "/etc/systemd/system/make-keys.service");
    EXPECT_EQ(read(debian)->key_generator, "/etc/systemd/system/make-keys.service");
    Guest red_hat;
    red_hat.file("/usr/lib/systemd/system/sshd.service", "[Unit]\nWants=sshd-keygen.target\n");
    EXPECT_EQ(read(red_hat)->key_generator, "/usr/lib/systemd/system/sshd.service");
    Guest drop_in;
    drop_in.file("/etc/systemd/system/ssh.service.d/keys.conf", "[Service]\nExecStartPre=/usr/bin/ssh-keygen -A\n");
    EXPECT_EQ(read(drop_in)->key_generator, "/etc/systemd/system/ssh.service.d/keys.conf");
    Guest script;
    script.file("/etc/rc.local", "dpkg-reconfigure openssh-server\n");
    EXPECT_EQ(read(script)->key_generator, "/etc/rc.local");
    Guest container_linux;
    container_linux.file("/usr/lib/systemd/system/sshd@.service", "[Service]\nExecStart=-/usr/sbin/sshd -i -e\n")
        .file("/usr/lib/systemd/system/sshd-keygen.service", "[Service]\nExecStart=/usr/lib/coreos/sshd_keygen\n");
    EXPECT_EQ(read(container_linux)->key_generator, "") << "nothing starts it";
    container_linux.file("/usr/lib/systemd/system/sshd@.service.d/sshd-keygen.conf",
                         "[Unit]\nAfter=sshd-keygen.service\n");
    EXPECT_EQ(read(container_linux)->key_generator, "") << "an order starts nothing either";
    container_linux.file("/usr/lib/systemd/system/sshd@.service.d/sshd-keygen.conf",
                         "[Unit]\nWants=sshd-keygen.service\nAfter=sshd-keygen.service\n");
    EXPECT_EQ(read(container_linux)->key_generator, "/usr/lib/systemd/system/sshd@.service.d/sshd-keygen.conf");
    container_linux.link("/etc/systemd/system/sshd-keygen.service", "/dev/null");
    EXPECT_EQ(read(container_linux)->key_generator, "") << "masked";
    Guest wanted;
    wanted.file("/usr/lib/systemd/system/sshd-keygen.service", "[Service]\nExecStart=/usr/lib/flatcar/sshd_keygen\n")
        .link("/usr/lib/systemd/system/multi-user.target.wants/sshd-keygen.service", "../sshd-keygen.service");
    EXPECT_EQ(read(wanted)->key_generator, "/usr/lib/systemd/system/sshd-keygen.service");
}

namespace {

struct WrapperCase {
    const char *allow;
    const char *deny;
    std::size_t denied;
    std::size_t allowed;
};

class Wrappers : public ::testing::TestWithParam<WrapperCase> {};

}  // namespace

TEST_P(Wrappers, WhoIsTurnedAway)
{
    Guest guest;
    guest.file("/etc/hosts.allow", GetParam().allow)
        .file("/etc/hosts.deny", GetParam().deny)
        .file("/usr/sbin/sshd", std::string(65530, 'x') + "libwrap.so.0");
    auto const facts = read(guest);
    ASSERT_TRUE(facts) << facts.reason();
    EXPECT_EQ(facts->hosts_denied.size(), GetParam().denied) << GetParam().allow << GetParam().deny;
    EXPECT_EQ(facts->hosts_allowed.size(), GetParam().allowed) << GetParam().allow << GetParam().deny;
    guest.file("/usr/sbin/sshd", "without it");
    EXPECT_TRUE(read(guest)->hosts_denied.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Files, Wrappers,
    ::testing::Values(
        WrapperCase{"", "", 0, 0}, WrapperCase{"", "# ALL: ALL\n", 0, 0}, WrapperCase{"", "ALL: ALL\n", 1, 0},
        WrapperCase{"", "sshd, vsftpd : \\\n ALL\n", 1, 0}, WrapperCase{"", "vsftpd: ALL\n", 0, 0},
        WrapperCase{"", "ALL: PARANOID\n", 0, 0}, WrapperCase{"", "ALL EXCEPT sshd: ALL\n", 0, 0},
        WrapperCase{"", "ALL: ALL EXCEPT 10.\n", 1, 1}, WrapperCase{"", "ALL: ALL EXCEPT localhost\n", 1, 0},
        WrapperCase{"sshd: ALL\n", "ALL: ALL\n", 0, 0}, WrapperCase{"ALL: 127.0.0.1 [::1]\n", "ALL: ALL\n", 1, 0},
        WrapperCase{"sshd: 192.0.2.0/24\n", "ALL: ALL\n", 1, 1},
        WrapperCase{"sshd: [2001:db8::]/32\n", "ALL: ALL\n", 1, 1}, WrapperCase{"sshd: ALL : deny\n", "", 1, 0},
        WrapperCase{"vsftpd: ALL\n", "ALL: ALL\n", 1, 0}, WrapperCase{"sshd: 0.0.0.0/0\n", "ALL: ALL\n", 0, 0},
        WrapperCase{"", "sshd: ALL : allow\nALL: ALL\n", 0, 0}));

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
