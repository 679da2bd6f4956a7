#include "guest/windows.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guest.hpp"
#include "testing/hive.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

const std::string config = "/Windows/System32/config/";
const std::string drivers = "/Windows/System32/drivers/";
const std::string services = "ControlSet002\\Services\\";
const std::string control = "ControlSet002\\Control\\";
const std::string firewall = services + "SharedAccess\\Parameters\\FirewallPolicy\\";
const std::string nt = "Microsoft\\Windows NT\\CurrentVersion";

// The second control set is the one in use; the first one says the contrary of everything.
struct Windows {
    HiveMaker system = {};
    HiveMaker software = {};
    HiveMaker sam = {};
    Guest guest = {};

    Windows()
    {
        system.number("Select", "Current", 2)
            .number("ControlSet001\\Control\\Terminal Server", "fDenyTSConnections", 1)
            .number(control + "Terminal Server", "fDenyTSConnections", 0)
            .number(services + "TermService", "Start", 3);
        software.text(nt, "ProductName", "Windows Server 2019 Standard")
            .text(nt, "InstallationType", "Server")
            .text(nt, "EditionID", "ServerStandard")
            .text(nt, "CurrentVersion", "6.3")
            .number(nt, "CurrentMajorVersionNumber", 10)
            .number(nt, "CurrentMinorVersionNumber", 0)
            .text(nt, "CurrentBuild", "17763")
            .text(nt, "ReleaseId", "1809");
        sam.raw("SAM\\Domains\\Account\\Users\\000001F4", "F", 3,
                std::string(0x38, '\0') + HiveMaker::le(0x210, 2) + std::string(22, '\0'));
    }

    GuestFacts read()
    {
        guest.file(config + "SYSTEM", system.bytes())
            .file(config + "SOFTWARE", software.bytes())
            .file(config + "SAM", sam.bytes());
        return read_as_is();
    }
    GuestFacts read_as_is()
    {
        GuestFacts facts;
        facts.os.id = "windows";
        facts.os.name = "Windows";
        read_windows(guest.tree, facts);
        return facts;
    }
    Windows &rule(std::string name, const std::string &text)
    {
        system.text(firewall + "FirewallRules", std::move(name), text);
        return *this;
    }
};

Known<WindowsBoot> boot_of(std::shared_ptr<MemoryTree> files, std::string failure = {})
{
    std::vector<WindowsVolume> volumes;
    volumes.push_back({"/dev/sda1", std::make_unique<MountedTree>(std::move(files)), {}});
    if (!failure.empty())
        volumes.push_back({"/dev/sda2", nullptr, std::move(failure)});
    return read_windows_boot(volumes);
}

HiveMaker store(const std::string &loader)
{
    HiveMaker made;
    made.number("Objects\\{aa}\\Description", "Type", 0x10200003)
        .text("Objects\\{aa}\\Elements\\12000002", "Element", loader)
        .number("Objects\\{bb}\\Description", "Type", 0x10200004)
        .text("Objects\\{bb}\\Elements\\12000002", "Element", "\\Windows\\system32\\winresume.exe");
    return made;
}

}  // namespace

TEST(Windows, SaysWhatItIs)
{
    Windows windows;
    windows.system.text(control + "Session Manager\\Environment", "PROCESSOR_ARCHITECTURE", "AMD64")
        .text(control + "ComputerName\\ComputerName", "ComputerName", "WIN-1")
        .text(control + "ProductOptions", "ProductType", "ServerNT");
    auto const facts = windows.read();
    EXPECT_EQ(facts.os.name, "Windows Server 2019 Standard");
    EXPECT_EQ(facts.os.version, "10.0");
    EXPECT_EQ(facts.os.source, config + "SOFTWARE");
    EXPECT_EQ(facts.architecture, "x86_64");
    EXPECT_EQ(facts.hostname, "WIN-1");
    ASSERT_TRUE(facts.windows && facts.windows->version);
    auto const &version = *facts.windows->version;
    EXPECT_EQ(version.installation, "Server");
    EXPECT_EQ(version.edition, "ServerStandard");
    EXPECT_EQ(version.version, "10.0");
    EXPECT_EQ(version.build, 17763U);
    EXPECT_EQ(version.release, "1809");
    EXPECT_EQ(*facts.windows->product_type, "ServerNT");
    EXPECT_TRUE(facts.gaps.empty());
    EXPECT_TRUE(facts.windows->dirty_hives.empty());
}

TEST(Windows, BeforeTenHasItsVersionInOneValue)
{
    Windows windows;
    windows.software = HiveMaker();
    windows.software.text(nt, "ProductName", "Windows Server 2003")
        .text(nt, "CurrentVersion", "5.2")
        .text(nt, "CSDVersion", "Service Pack 2");
    auto const facts = windows.read();
    EXPECT_EQ(facts.os.version, "5.2");
    EXPECT_EQ(facts.windows->version->service_pack, "Service Pack 2");
    EXPECT_EQ(facts.windows->version->installation, "");
}

TEST(Windows, ReadsTheControlSetThatIsInUse)
{
    Windows windows;
    auto facts = windows.read();
    ASSERT_TRUE(facts.windows->remote_desktop) << facts.windows->remote_desktop.reason();
    EXPECT_FALSE(facts.windows->remote_desktop->denied);
    windows.system.number("Select", "Current", 1);
    EXPECT_TRUE(windows.read().windows->remote_desktop->denied);
    windows.system.number("Select", "Current", 3);
    facts = windows.read();
    EXPECT_THAT(facts.windows->remote_desktop.reason(), HasSubstr("Select\\Current"));
    EXPECT_FALSE(facts.windows->services);
    EXPECT_TRUE(facts.windows->version) << "SOFTWARE is another hive";
}

TEST(Windows, TellsServicesDriversAndWhatTheyAreBoundTo)
{
    Windows windows;
    windows.system.number(services + "viostor", "Start", 0)
        .text(services + "viostor", "ImagePath", "System32\\drivers\\viostor.sys")
        .number(services + "stornvme", "Start", 0)
        .number(services + "stornvme\\StartOverride", "0", 3)
        .number(services + "QEMU-GA", "Start", 2)
        .text(services + "QEMU-GA", "ImagePath", "C:\\qemu-ga.exe")
        .number(services + "Dnscache", "Start", 2)
        .text(control + "CriticalDeviceDatabase\\pci#VEN_1AF4&DEV_1001&SUBSYS_00021AF4", "Service", "viostor")
        .text(control + "CriticalDeviceDatabase\\pci#VEN_1AF4&DEV_1000", "Service", "netkvm")
        .raw("DriverDatabase\\DeviceIds\\PCI\\VEN_1AF4&DEV_1042", "oem3.inf", 3, "\1\2\3\4\5")
        .raw("DriverDatabase\\DeviceIds\\PCI\\VEN_8086&DEV_2922", "mshdc.inf", 3, "\1");
    windows.guest.file(drivers + "VioStor.sys", "x").file(drivers + "ntfs.sys", "x");
    auto const facts = windows.read();
    auto const &found = *facts.windows->services;
    std::vector<std::string> names;
    for (auto const &service : found)
        names.push_back(service.name);
    EXPECT_THAT(names, ::testing::UnorderedElementsAre("TermService", "viostor", "stornvme", "QEMU-GA"));
    for (auto const &service : found) {
        if (service.name == "viostor") {
            EXPECT_EQ(service.start, 0U);
            EXPECT_EQ(service.image_path, "System32\\drivers\\viostor.sys");
            EXPECT_EQ(service.start_override, std::nullopt);
        }
        if (service.name == "stornvme") {
            EXPECT_EQ(service.start_override, 3U);
        }
    }
    EXPECT_THAT(*facts.qemu_guest_agent, ElementsAre("C:\\qemu-ga.exe"));
    ASSERT_EQ(facts.windows->device_bindings->size(), 2U);
    EXPECT_EQ((*facts.windows->device_bindings)[0].device, "pci#ven_1af4&dev_1001&subsys_00021af4");
    EXPECT_EQ((*facts.windows->device_bindings)[0].driver, "viostor");
    EXPECT_EQ((*facts.windows->device_bindings)[1].device, "pci#ven_1af4&dev_1042");
    EXPECT_EQ((*facts.windows->device_bindings)[1].driver, "oem3.inf");
    ASSERT_EQ(facts.windows->driver_files->size(), 1U);
    EXPECT_EQ((*facts.windows->driver_files)[0].name, "viostor.sys");
    EXPECT_EQ((*facts.windows->driver_files)[0].path, drivers + "VioStor.sys");
    EXPECT_EQ((*facts.windows->driver_files)[0].read_only, std::nullopt);
}

TEST(Windows, RemoteDesktopIsOffWhereNothingIsSaidAndAPolicyGoesFirst)
{
    Windows windows;
    windows.system.number(control + "Terminal Server\\WinStations\\RDP-Tcp", "PortNumber", 13389);
    EXPECT_EQ(windows.read().windows->remote_desktop->port, 13389U);
    windows.software.number("Policies\\Microsoft\\Windows NT\\Terminal Services", "fDenyTSConnections", 1);
    auto const facts = windows.read();
    EXPECT_TRUE(facts.windows->remote_desktop->denied);
    EXPECT_TRUE(facts.windows->remote_desktop->by_policy);
    Windows silent;
    silent.system = HiveMaker();
    silent.system.number("Select", "Current", 1).key("ControlSet001\\Services");
    EXPECT_TRUE(silent.read().windows->remote_desktop->denied);
}

TEST(WindowsFirewall, KnowsTheRulesThatLetRemoteDesktopIn)
{
    struct Case {
        const char *rule;
        bool concerns;
    };
    for (auto const &tested : std::vector<Case>{
             {"v2.29|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=3389|App=C:\\svchost.exe|Svc=termservice|", true},
             {"v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=3389|App=System|", true},
             {"v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=3000-4000|", true},
             {"v2.10|Action=Allow|Active=TRUE|Dir=In|", true},
             {"v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|Svc=TermService|", true},
             {"v2.10|Action=Block|Active=TRUE|Dir=In|Protocol=6|LPort=80|LPort=3389|", true},
             {"v2.29|Action=Allow|Active=FALSE|Dir=In|Protocol=6|LPort=3389|", false},
             {"v2.29|Action=Allow|Active=TRUE|Dir=Out|Protocol=6|LPort=3389|", false},
             {"v2.29|Action=Allow|Active=TRUE|Dir=In|Protocol=17|LPort=3389|", false},
             {"v2.29|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=33890|", false},
             {"v2.29|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=RPC|", false},
             {"v2.29|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=3389|RA4=LocalSubnet|", false},
             {"v2.29|Action=Allow|Active=TRUE|Dir=In|Protocol=6|App=C:\\RdpSa.exe|", false},
             {"v2.29|Action=Allow|Active=TRUE|Dir=In|App=C:\\svchost.exe|", false},
             {"v2.29|Action=Allow|Active=TRUE|Dir=In|App=C:\\svchost.exe|Svc=dhcp|", false},
             {"", false},
             {"|=|LPort=|", false},
         }) {
        Windows windows;
        windows.rule("r", tested.rule);
        auto const facts = windows.read();
        ASSERT_TRUE(facts.windows->firewall) << facts.windows->firewall.reason();
        EXPECT_EQ(facts.windows->firewall->rdp_rules.size(), tested.concerns ? 1U : 0U) << tested.rule;
    }
}

TEST(WindowsFirewall, TellsProfilesAndTheirRules)
{
    Windows windows;
    windows.system.number(firewall + "DomainProfile", "EnableFirewall", 0)
        .number(firewall + "PublicProfile", "EnableFirewall", 1)
        .key(firewall + "StandardProfile");
    windows.software.number("Policies\\Microsoft\\WindowsFirewall\\PublicProfile", "EnableFirewall", 0);
    windows.rule("b", "v2.10|Action=Block|Active=TRUE|Dir=In|Protocol=6|Profile=Private|Profile=Public|LPort=3389|");
    auto const facts = windows.read();
    auto const &profiles = facts.windows->firewall->profiles;
    ASSERT_EQ(profiles.size(), 3U);
    EXPECT_FALSE(profiles[0].enabled);
    EXPECT_EQ(profiles[1].name, "StandardProfile");
    EXPECT_TRUE(profiles[1].enabled) << "on where nothing is said";
    EXPECT_FALSE(profiles[2].enabled);
    EXPECT_TRUE(profiles[2].by_policy);
    auto const &rules = facts.windows->firewall->rdp_rules;
    ASSERT_EQ(rules.size(), 1U);
    EXPECT_FALSE(rules[0].allow);
    EXPECT_THAT(rules[0].profiles, ElementsAre("StandardProfile", "PublicProfile"));
}

TEST(WindowsFirewall, Of2003OpensPorts)
{
    Windows windows;
    windows.system.number(firewall + "StandardProfile", "EnableFirewall", 1)
        .text(firewall + "StandardProfile\\GloballyOpenPorts\\List", "3389:TCP", "3389:TCP:*:Enabled:Remote Desktop");
    EXPECT_EQ(windows.read().windows->firewall->rdp_rules.size(), 1U);
    windows.system.text(firewall + "StandardProfile\\GloballyOpenPorts\\List", "3389:TCP",
                        "3389:TCP:LocalSubNet:Enabled:Remote Desktop");
    EXPECT_TRUE(windows.read().windows->firewall->rdp_rules.empty());
}

TEST(Windows, TellsItsNetworkAdapters)
{
    std::string const folder = services + "Tcpip\\Parameters\\Interfaces\\";
    Windows windows;
    windows.system.number(folder + "{a}", "EnableDHCP", 1)
        .number(folder + "{b}", "EnableDHCP", 0)
        .texts(folder + "{b}", "IPAddress", {"10.0.0.5", "10.0.0.6"})
        .number(folder + "{c}", "EnableDHCP", 0)
        .texts(folder + "{c}", "IPAddress", {"0.0.0.0"})
        .key(folder + "{d}");
    auto const facts = windows.read();
    auto const &interfaces = *facts.windows->interfaces;
    ASSERT_EQ(interfaces.size(), 3U);
    EXPECT_TRUE(interfaces[0].dhcp);
    EXPECT_THAT(interfaces[1].addresses, ElementsAre("10.0.0.5", "10.0.0.6"));
    EXPECT_TRUE(interfaces[2].addresses.empty());
}

TEST(Windows, TellsInWhatStateItWasLeft)
{
    Windows windows;
    windows.system.number(control + "Session Manager\\Power", "HiberbootEnabled", 1)
        .texts(control + "Session Manager\\Memory Management", "PagingFiles", {"?:\\pagefile.sys"})
        .number(control + "TimeZoneInformation", "RealTimeIsUniversal", 1)
        .text(control + "TimeZoneInformation", "TimeZoneKeyName", "UTC")
        .dirty();
    windows.software.text("Microsoft\\Windows\\CurrentVersion\\Setup\\State", "ImageState", "IMAGE_STATE_COMPLETE");
    auto facts = windows.read();
    EXPECT_EQ(*facts.windows->image_state, "IMAGE_STATE_COMPLETE");
    EXPECT_TRUE(*facts.windows->real_time_is_universal);
    EXPECT_EQ(*facts.windows->time_zone, "UTC");
    EXPECT_THAT(*facts.windows->paging_files, ElementsAre("?:\\pagefile.sys"));
    EXPECT_THAT(facts.windows->dirty_hives, ElementsAre(config + "SYSTEM"));
    EXPECT_TRUE(facts.windows->hibernation->fast_startup);
    EXPECT_EQ(facts.windows->hibernation->file, "");
    EXPECT_FALSE(facts.windows->hibernation->hibernated);
    for (auto const &[head, hibernated] : std::vector<std::pair<std::string, bool>>{{"hibr", true},
                                                                                    {"HIBR", true},
                                                                                    {"wake", false},
                                                                                    {"RSTR", false},
                                                                                    {std::string(4, '\0'), false},
                                                                                    {"", false}}) {
        windows.guest.file("/hiberfil.sys", head.empty() ? "" : head + std::string(100, 'x'));
        facts = windows.read();
        EXPECT_EQ(facts.windows->hibernation->hibernated, hibernated) << head;
        EXPECT_EQ(facts.windows->hibernation->file, "/hiberfil.sys");
    }
}

TEST(Windows, TheAdministratorIsTheAccountWithTheNumber)
{
    Windows windows;
    EXPECT_EQ(*windows.read().windows->administrator_disabled, false);
    windows.sam.raw("SAM\\Domains\\Account\\Users\\000001F4", "F", 3,
                    std::string(0x38, '\0') + HiveMaker::le(0x211, 2) + std::string(22, '\0'));
    EXPECT_EQ(*windows.read().windows->administrator_disabled, true);
    windows.sam.raw("SAM\\Domains\\Account\\Users\\000001F4", "F", 3, "short");
    EXPECT_THAT(windows.read().windows->administrator_disabled.reason(), HasSubstr("000001F4"));
}

TEST(Windows, AMissingOrDamagedHiveLeavesItsFactsUnknownAndNoOthers)
{
    Windows windows;
    (void)windows.read();
    windows.guest.files->remove(config + "SAM");
    windows.guest.file(config + "SYSTEM", "regf and then nothing");
    auto facts = windows.read_as_is();
    EXPECT_TRUE(facts.windows->version);
    EXPECT_TRUE(facts.windows->driver_files);
    EXPECT_THAT(facts.windows->administrator_disabled.reason(), HasSubstr("SAM: there is no such registry hive"));
    for (auto const &reason :
         {facts.windows->services.reason(), facts.windows->remote_desktop.reason(), facts.windows->firewall.reason(),
          facts.windows->interfaces.reason(), facts.windows->hibernation.reason(), facts.qemu_guest_agent.reason(),
          facts.gaps.at("hostname")})
        EXPECT_THAT(reason, HasSubstr("config/SYSTEM"));
    windows.guest.files->broken(config + "SOFTWARE");
    facts = windows.read_as_is();
    EXPECT_FALSE(facts.windows->version);
    EXPECT_TRUE(facts.gaps.contains("os"));
    EXPECT_EQ(facts.os.name, "Windows");
}

TEST(WindowsBootFiles, TellWhichLoadersStart)
{
    auto files = std::make_shared<MemoryTree>();
    files->file("/boot/bcd",
                store("\\Windows\\system32\\winload.exe")
                    .text("Objects\\{9DEA862C-5CDD-4E70-ACC1-F32B344D4795}\\Elements\\23000003", "Element", "{AA}")
                    .bytes());
    files->file("/EFI/Microsoft/Boot/BCD", store("\\Windows\\system32\\winload.efi").bytes());
    auto const boot = boot_of(files, "an unreadable data volume does not matter");
    ASSERT_TRUE(boot) << boot.reason();
    ASSERT_EQ(boot->entries.size(), 2U);
    EXPECT_EQ(boot->entries[0].loader, "\\Windows\\system32\\winload.exe");
    EXPECT_EQ(boot->entries[0].store, "/boot/bcd on /dev/sda1");
    EXPECT_TRUE(boot->entries[0].is_default);
    EXPECT_FALSE(boot->entries[0].on_esp);
    EXPECT_EQ(boot->entries[1].loader, "\\Windows\\system32\\winload.efi");
    EXPECT_FALSE(boot->entries[1].is_default);
    EXPECT_TRUE(boot->entries[1].on_esp);
}

TEST(WindowsBootFiles, ThatCannotBeReadAreUnknown)
{
    auto files = std::make_shared<MemoryTree>();
    EXPECT_TRUE(boot_of(files)->stores.empty());
    EXPECT_EQ(boot_of(files, "/dev/sda2 cannot be opened").reason(), "/dev/sda2 cannot be opened");
    files->file("/ntldr", "x");
    EXPECT_TRUE(boot_of(files)->ntldr);
    files->file("/Boot/BCD", std::string(10'000, 'x'));
    EXPECT_THAT(boot_of(files).reason(), HasSubstr("not a registry hive"));
}
