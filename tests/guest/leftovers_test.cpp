// What somebody left in the guest: keys, ids, leases, limits, proxies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guest.hpp"
#include "guest/credentials.hpp"
#include "guest/login_limits.hpp"
#include "guest/private_sources.hpp"
#include "guest/residue.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace {

std::vector<std::string> credentials(Guest &guest)
{
    auto const found = read_credentials(guest.tree);
    EXPECT_TRUE(found) << found.reason();
    std::vector<std::string> lines;
    for (auto const &file : found ? *found : std::vector<CredentialFile>())
        lines.push_back(file.kind + " " + file.account + " " + file.path);
    return lines;
}

// "FILE:LINE: VALUE" of each.
std::vector<std::string> lines_of_evidence(const Known<std::vector<Evidence>> &found)
{
    EXPECT_TRUE(found) << found.reason();
    std::vector<std::string> lines;
    for (auto const &item : found ? *found : std::vector<Evidence>())
        lines.push_back(item.file + ":" + std::to_string(item.line.value_or(0)) + ": " + item.value);
    return lines;
}

}  // namespace

TEST(Credentials, OfRootAndOfPeople)
{
    Guest guest;
    guest
        .file("/etc/passwd", "root:x:0:0::/root:/bin/bash\ndaemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n"
                             "admin:x:1000:1000::/home/admin:/bin/sh\n")
        .file("/root/.ssh/authorized_keys", "# none yet\n\n")
        .file("/root/.bash_history", "")
        .file("/usr/sbin/.bash_history", "x\n");
    EXPECT_THAT(credentials(guest), IsEmpty());
    guest.file("/root/.ssh/authorized_keys", "ssh-ed25519 AAAA root@old\n")
        .file("/home/admin/.ssh/id_ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n")
        .file("/home/admin/.ssh/id_ed25519.pub", "ssh-ed25519 AAAA\n")
        .file("/home/admin/.ssh/config", "Host *\n")
        .file("/home/admin/.bash_history", "mysql -psecret\n");
    EXPECT_THAT(credentials(guest), ElementsAre("authorized-keys root /root/.ssh/authorized_keys",
                                                "private-key admin /home/admin/.ssh/id_ed25519",
                                                "history admin /home/admin/.bash_history"));
}

TEST(Credentials, InAHomeThatLoopsOrIsBroken)
{
    Guest guest;
    guest.file("/etc/passwd", "root:x:0:0::/root:/bin/bash\n").link("/root", "/root");
    EXPECT_FALSE(read_credentials(guest.tree)) << "a link to itself cannot be looked into";
    Guest broken;
    broken.file("/etc/passwd", std::string("\0", 1));
    EXPECT_FALSE(read_credentials(broken.tree));
}

TEST(ProtectedFiles, AreListedWithTheirFlagsWhereTheyExist)
{
    Guest guest;
    guest.file("/etc/hostname", "a\n").file("/etc/ssh/sshd_config", "").file("/boot/vmlinuz", "MZ");
    guest.link("/etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf");
    guest.files->immutable("/etc/ssh/sshd_config");
    auto const found = read_protected_files(guest.tree);
    ASSERT_TRUE(found) << found.reason();
    std::vector<std::string> paths;
    for (auto const &file : *found)
        paths.push_back(file.path + (file.immutable.value_or(false) ? " immutable" : ""));
    EXPECT_THAT(paths,
                ElementsAre("/etc/hostname", "/etc/ssh", "/boot", "/etc/ssh/sshd_config immutable", "/boot/vmlinuz"));
}

TEST(Residue, IdsInEachState)
{
    Guest guest;
    EXPECT_EQ(read_residue(guest.tree)->machine_id, "missing");
    guest.file("/etc/machine-id", "\n");
    EXPECT_EQ(read_residue(guest.tree)->machine_id, "empty");
    guest.file("/etc/machine-id", "uninitialized\n");
    EXPECT_EQ(read_residue(guest.tree)->machine_id, "uninitialized");
    guest.file("/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    EXPECT_EQ(read_residue(guest.tree)->machine_id, "set");
    guest.link("/var/lib/dbus/machine-id", "/etc/machine-id");
    EXPECT_EQ(read_residue(guest.tree)->dbus_machine_id, "link");
    Guest copy;
    copy.file("/var/lib/dbus/machine-id", "0123456789abcdef0123456789abcdef\n");
    EXPECT_EQ(read_residue(copy.tree)->dbus_machine_id, "set");
}

TEST(Residue, OfCloudInitAndDhcp)
{
    Guest guest;
    guest.directory("/var/lib/cloud/instances")
        .directory("/var/lib/cloud/seed/nocloud")
        .file("/var/lib/dhcp/dhclient.leases", "")
        .file("/var/lib/NetworkManager/NetworkManager.state", "[main]\n");
    EXPECT_THAT(read_residue(guest.tree)->cloud_state, IsEmpty());
    EXPECT_THAT(read_residue(guest.tree)->leases, IsEmpty());
    guest.link("/var/lib/cloud/instance", "/var/lib/cloud/instances/i-1")
        .file("/var/lib/cloud/instances/i-1/user-data.txt", "x")
        .file("/var/lib/cloud/seed/nocloud-net/meta-data", "x")
        .file("/var/lib/dhcp/dhclient.eth0.leases", "lease {}\n")
        .file("/var/lib/systemd/random-seed", "x");
    EXPECT_THAT(
        read_residue(guest.tree)->cloud_state,
        ElementsAre("/var/lib/cloud/instance", "/var/lib/cloud/instances/i-1", "/var/lib/cloud/seed/nocloud-net"));
    EXPECT_THAT(read_residue(guest.tree)->leases,
                ElementsAre("/var/lib/dhcp/dhclient.eth0.leases", "/var/lib/systemd/random-seed"));
}

TEST(LoginLimits, OfSecuretty)
{
    auto const limits = [](Guest &guest) { return lines_of_evidence(read_login_limits(guest.tree)); };
    Guest guest;
    guest.file("/etc/pam.d/login", "@include common-auth\naccount required pam_securetty.so\n")
        .file("/etc/pam.d/common-auth", "auth [success=ok] pam_unix.so\n")
        .file("/etc/securetty", "# none\n");
    EXPECT_THAT(limits(guest), IsEmpty()) << "not asked when root logs in";
    guest.file("/etc/pam.d/common-auth", "auth required pam_securetty.so\n");
    EXPECT_THAT(limits(guest), ElementsAre("/etc/securetty:0: lacks tty1: root cannot log in on the cloud's console"));
    guest.file("/etc/securetty", "console\ntty1\n");
    EXPECT_THAT(limits(guest), IsEmpty());
    guest.file("/etc/pam.d/sshd", "-auth requisite /lib/security/pam_securetty.so\n");
    EXPECT_THAT(limits(guest), ElementsAre("/etc/pam.d/sshd:1: pam_securetty keeps root from logging in over SSH"));
    guest.file("/etc/pam.d/sshd", "auth include sshd\nauth substack ../../etc/shadow\n");
    EXPECT_THAT(limits(guest), IsEmpty()) << "a file that includes itself ends";
}

TEST(LoginLimits, OfListsAndNumbers)
{
    auto const limits = [](Guest &guest) { return lines_of_evidence(read_login_limits(guest.tree)); };
    Guest guest;
    guest.file("/etc/security/access.conf", "# x\n- : ALL EXCEPT admin : ALL\n")
        .file("/etc/security/limits.conf", "* hard maxlogins 0\nroot soft nproc 0\n#root hard nproc 0\n");
    EXPECT_THAT(limits(guest), IsEmpty()) << "PAM does not ask the list, and * is not root";
    guest.file("/etc/pam.d/sshd", "account required pam_access.so\n");
    EXPECT_THAT(limits(guest), ElementsAre("/etc/security/access.conf:2: turns root away"));
    guest.file("/etc/security/access.conf", "+ : root : ALL\n- : ALL : ALL\n");
    EXPECT_THAT(limits(guest), IsEmpty());
    guest.file("/etc/security/access.conf", "- : ALL EXCEPT root wheel : ALL\n")
        .file("/etc/security/limits.d/9.conf", "root - maxlogins 0\n")
        .file("/etc/nologin", "");
    EXPECT_THAT(limits(guest), ElementsAre("/etc/security/limits.d/9.conf:1: maxlogins 0: root cannot log in",
                                           "/etc/nologin:0: lets nobody but root log in"));
}

namespace {

struct SourceCase {
    const char *path;
    const char *text;
    const char *found;  // "" where nothing is
};

class Sources : public ::testing::TestWithParam<SourceCase> {};

}  // namespace

TEST_P(Sources, OfTheOldNetwork)
{
    Guest guest;
    guest.file(GetParam().path, GetParam().text);
    auto const found = lines_of_evidence(read_private_sources(guest.tree));
    std::string all;
    for (auto const &line : found)
        all += line.substr(line.rfind(": ") + 2) + ";";
    EXPECT_EQ(all, GetParam().found) << GetParam().path << "\n" << GetParam().text;
    for (auto const &line : found) {
        EXPECT_EQ(line.find("secret"), std::string::npos) << line;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Files, Sources,
    ::testing::Values(
        SourceCase{"/etc/environment", "PATH=/bin\nhttp_proxy=\"http://u:secret@proxy.corp:3128/\"\n",
                   "proxy proxy.corp;"},
        SourceCase{"/etc/environment", "#http_proxy=http://proxy\nhttp_proxy=\nno_proxy=localhost\n", ""},
        SourceCase{"/etc/profile.d/proxy.sh", "export HTTPS_PROXY=192.0.2.1:8080\n", "proxy 192.0.2.1;"},
        SourceCase{"/etc/sysconfig/proxy", "PROXY_ENABLED=\"no\"\nHTTP_PROXY=\"http://p.corp\"\n", ""},
        SourceCase{"/etc/sysconfig/proxy", "PROXY_ENABLED=\"yes\"\nHTTP_PROXY=\"http://p.corp\"\n", "proxy p.corp;"},
        SourceCase{"/etc/apt/apt.conf.d/01proxy", "Acquire::http::Proxy \"http://u:secret@10.0.0.1:3142\";\n",
                   "proxy 10.0.0.1;"},
        SourceCase{"/etc/apt/apt.conf.d/01proxy", "Acquire { http { Proxy \"http://10.0.0.1\"; }; };\n",
                   "proxy 10.0.0.1;"},
        SourceCase{"/etc/apt/apt.conf.d/01proxy",
                   "// Acquire::http::Proxy \"http://10.0.0.1\";\n"
                   "Acquire::http::Proxy \"DIRECT\";\n"
                   "Acquire::http::Proxy-Auto-Detect \"/usr/bin/x\";\n",
                   ""},
        SourceCase{"/etc/apt/sources.list",
                   "deb http://mirror.example.org/debian bookworm main\n"
                   "# deb http://10.0.0.1/debian bookworm main\n"
                   "deb cdrom:[Debian]/ bookworm main\ndeb file:/srv/mirror ./\n",
                   ""},
        SourceCase{"/etc/apt/sources.list", "deb [arch=amd64] http://u:secret@mirror.internal:8080/debian b main\n",
                   "package source mirror.internal;"},
        SourceCase{"/etc/apt/sources.list.d/a.sources", "Types: deb\nURIs: http://192.168.1.2/debian\n",
                   "package source 192.168.1.2;"},
        SourceCase{"/etc/apt/sources.list",
                   "deb http://mirrors.cloud.aliyuncs.com/debian b main\n"
                   "deb http://100.100.2.148/debian b main\n",
                   ""},
        SourceCase{"/etc/yum.conf", "[main]\nproxy=http://proxy:3128\n", "proxy proxy;"},
        SourceCase{"/etc/dnf/dnf.conf", "[main]\nproxy=_none_\n", ""},
        SourceCase{"/etc/yum.repos.d/a.repo",
                   "[a]\nbaseurl=http://repo.lan/a\n[b]\nenabled=0\nbaseurl=http://10.1.1.1/\n"
                   "[c]\nbaseurl=http://$mirror/c\n[d]\nmirrorlist=https://mirrors.rockylinux.org\n",
                   "package source repo.lan;"},
        SourceCase{"/etc/zypp/repos.d/a.repo", "[a]\nbaseurl=https://172.16.0.1/a\n", "package source 172.16.0.1;"}));

TEST(Hosts, OfUrlsAndWhichArePrivate)
{
    EXPECT_EQ(host_of_url("http://User:p%40ss@Host.Example:80/path?q"), "host.example");
    EXPECT_EQ(host_of_url("https://[2001:db8::1]:443/"), "2001:db8::1");
    EXPECT_EQ(host_of_url("mirror+file:/etc/apt/mirrors"), "");
    EXPECT_EQ(host_of_url("http://"), "");
    for (const char *yes : {"10.1.2.3", "172.31.0.1", "192.168.0.1", "a.local", "repo", "fd00::1", "x.home.arpa"})
        EXPECT_TRUE(is_private_host(yes)) << yes;
    for (const char *no : {"172.32.0.1", "11.0.0.1", "example.com", "100.100.2.148", "2001:db8::1", "$releasever"})
        EXPECT_FALSE(is_private_host(no)) << no;
}
