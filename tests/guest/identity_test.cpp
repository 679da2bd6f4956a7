#include <gtest/gtest.h>

#include "guest.hpp"
#include "guest/architecture.hpp"
#include "guest/hostname.hpp"
#include "guest/os_release.hpp"

using namespace imgport;
using namespace imgport::testing;

namespace {

struct ReleaseCase {
    const char *path;
    const char *text;
    const char *id;
    const char *version;
};

class OsRelease : public ::testing::TestWithParam<ReleaseCase> {};

std::string elf(char bits, char data, std::uint16_t machine)
{
    std::string header("\x7f"
                       "ELF",
                       4);
    header += bits;
    header += data;
    header.resize(18);
    header += data == 1 ? static_cast<char>(machine & 0xff) : static_cast<char>(machine >> 8);
    header += data == 1 ? static_cast<char>(machine >> 8) : static_cast<char>(machine & 0xff);
    header.resize(64);
    return header;
}

}  // namespace

TEST_P(OsRelease, IsReadFromWhereTheDistributionKeepsIt)
{
    Guest guest;
    guest.file(GetParam().path, GetParam().text);
    auto const os = read_os_release(guest.tree);
    ASSERT_TRUE(os) << os.reason();
    EXPECT_EQ(os->id, GetParam().id);
    EXPECT_EQ(os->version, GetParam().version);
    EXPECT_FALSE(os->name.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Distributions, OsRelease,
    ::testing::Values(
        ReleaseCase{"/etc/os-release", "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n",
                    "debian", "12"},
        ReleaseCase{"/usr/lib/os-release", "NAME=\"Ubuntu\"\nID='ubuntu'\nVERSION_ID=\"22.04\"\n", "ubuntu", "22.04"},
        ReleaseCase{"/etc/os-release", "NAME=Odd\n", "linux", ""},
        ReleaseCase{"/etc/redhat-release", "CentOS release 6.9 (Final)\n", "centos", "6.9"},
        ReleaseCase{"/etc/redhat-release", "Red Hat Enterprise Linux Server release 5.11 (Tikanga)\n", "rhel", "5.11"},
        ReleaseCase{"/etc/SuSE-release", "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n",
                    "sles", "11.4"},
        ReleaseCase{"/etc/SuSE-release", "openSUSE 13.1 (x86_64)\nVERSION = 13.1\n", "opensuse", "13.1"},
        ReleaseCase{"/etc/lsb-release",
                    "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=10.04\nDISTRIB_DESCRIPTION=\"Ubuntu 10.04\"\n", "ubuntu",
                    "10.04"},
        ReleaseCase{"/etc/debian_version", "6.0.10\n", "debian", "6.0.10"},
        ReleaseCase{"/etc/alpine-release", "3.18.4\n", "alpine", "3.18.4"},
        ReleaseCase{"/bin/freebsd-version", "#!/bin/sh\nUSERLAND_VERSION=\"13.2-RELEASE-p4\"\n", "freebsd", "13.2"},
        ReleaseCase{"/WINDOWS/System32/ntoskrnl.exe", "MZ", "windows", ""}));

TEST(OsReleaseOrder, AnOwnFileBeatsTheOnesForCompatibility)
{
    Guest guest;
    guest.file("/etc/os-release", "ID=centos\nVERSION_ID=\"7\"\nID_LIKE=\"rhel fedora\"\n")
        .file("/etc/redhat-release", "CentOS Linux release 7.9.2009 (Core)\n");
    auto const os = read_os_release(guest.tree);
    ASSERT_TRUE(os);
    EXPECT_EQ(os->version, "7");
    EXPECT_EQ(os->id_like, (std::vector<std::string>{"rhel", "fedora"}));
    EXPECT_EQ(os->source, "/etc/os-release");
}

TEST(OsReleaseOrder, TheVariantIsKept)
{
    Guest guest;
    guest.file("/etc/os-release", "ID=fedora\nVERSION_ID=39\nVARIANT_ID=coreos\n");
    EXPECT_EQ(read_os_release(guest.tree)->variant, "coreos");
}

TEST(OsReleaseOrder, ALinkIntoUsrIsFollowed)
{
    Guest guest;
    guest.file("/usr/lib/os-release", "ID=fedora\nVERSION_ID=39\n").link("/etc/os-release", "../usr/lib/os-release");
    EXPECT_EQ(read_os_release(guest.tree)->id, "fedora");
}

TEST(OsReleaseHostile, GarbageIsUnknownAndNothingIsNothing)
{
    Guest garbage;
    garbage.file("/etc/os-release", std::string("\xff\xfe garbage\n\x01\x02", 12));
    EXPECT_FALSE(read_os_release(garbage.tree));
    Guest zeroes;
    zeroes.file("/etc/os-release", std::string(512, '\0'));
    EXPECT_FALSE(read_os_release(zeroes.tree));
    Guest empty;
    ASSERT_TRUE(read_os_release(empty.tree));
    EXPECT_TRUE(read_os_release(empty.tree)->id.empty());
    Guest loop;
    loop.link("/etc/os-release", "os-release");
    EXPECT_FALSE(read_os_release(loop.tree));
}

TEST(Architecture, ComesOutOfTheElfHeader)
{
    struct Case {
        char bits;
        char data;
        std::uint16_t machine;
        const char *name;
    };
    constexpr Case cases[] = {{2, 1, 62, "x86_64"}, {1, 1, 3, "i386"},      {2, 1, 183, "aarch64"},
                              {1, 1, 40, "arm"},    {2, 1, 21, "ppc64le"},  {2, 2, 21, "ppc64"},
                              {2, 2, 22, "s390x"},  {2, 1, 243, "riscv64"}, {2, 1, 9999, ""}};
    for (auto const &[bits, data, machine, name] : cases) {
        Guest guest;
        guest.file("/usr/bin/dash", elf(bits, data, machine)).link("/bin", "usr/bin").link("/usr/bin/sh", "dash");
        auto const architecture = read_architecture(guest.tree);
        ASSERT_TRUE(architecture) << architecture.reason();
        EXPECT_EQ(*architecture, name);
    }
}

TEST(Architecture, AnEmptyOrShortShellSaysNothing)
{
    Guest guest;
    guest.file("/bin/sh", "\x7f"
                          "ELF");
    ASSERT_TRUE(read_architecture(guest.tree));
    EXPECT_EQ(*read_architecture(guest.tree), "");
    Guest broken;
    broken.files->broken("/bin/sh");
    EXPECT_FALSE(read_architecture(broken.tree));
}

TEST(Hostname, IsTheFirstRealLine)
{
    Guest guest;
    guest.file("/etc/hostname", "# set by hand\n\n web-1 \n");
    EXPECT_EQ(*read_hostname(guest.tree), "web-1");
    Guest red_hat;
    red_hat.file("/etc/sysconfig/network", "NETWORKING=yes\nHOSTNAME=db.example.com\n");
    EXPECT_EQ(*read_hostname(red_hat.tree), "db.example.com");
    Guest suse;
    suse.file("/etc/HOSTNAME", "sles11\n").directory("/etc/sysconfig/network");
    EXPECT_EQ(*read_hostname(suse.tree), "sles11");
    Guest none;
    EXPECT_EQ(*read_hostname(none.tree), "");
    Guest longer;
    longer.file("/etc/hostname", std::string(500'000, 'x') + "\n");
    EXPECT_EQ(*read_hostname(longer.tree), std::string(252, 'x') + "...");
    longer.file("/etc/hostname", std::string(255, 'x') + "\n");
    EXPECT_EQ(*read_hostname(longer.tree), std::string(255, 'x'));
}
