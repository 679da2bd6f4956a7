#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

const char *const base = "windows";

RuleCase of(std::string rule, Status status, std::string changes, std::string says = {},
            std::vector<std::string> also = {}, std::string severity = {})
{
    return {std::move(rule), status, std::move(changes), std::move(says), std::move(also), base, std::move(severity)};
}

// One fact of Windows that could not be read.
std::string cut(const std::string &fact)
{
    return R"({"/inspection/guest/windows/)" + fact + R"(": {"unknown": "SYSTEM: damaged"}})";
}

std::string version(const std::string &product, const std::string &installation, const std::string &nt,
                    const std::string &build, const std::string &service_pack = "")
{
    return R"({"/inspection/guest/windows/version": {"product": ")" + product + R"(", "installation": ")" +
           installation + R"(", "version": ")" + nt + R"(", "build": )" + build + R"(, "service_pack": ")" +
           service_pack + R"("}, "/inspection/guest/os/name": ")" + product +
           R"(", "/inspection/guest/os/version": ")" + nt + R"("})";
}

// A release that the cloud adds no drivers to, with those drivers, services and devices.
std::string own_virtio(const std::string &files, const std::string &start, const std::string &devices)
{
    return R"({"/inspection/guest/windows/version/build": 20348,
               "/inspection/guest/windows/version/product": "Windows Server 2022 Standard",
               "/inspection/guest/os/name": "Windows Server 2022 Standard",
               "/inspection/guest/windows/driver_files": )" +
           files + R"(, "/inspection/guest/windows/services/3": {"name": "viostor", "start": )" + start +
           R"(}, "/inspection/guest/windows/services/4": {"name": "netkvm", "start": 3},
               "/inspection/guest/windows/device_bindings": )" +
           devices + "}";
}

const char *const both_files =
    R"([{"name": "viostor.sys", "path": "/Windows/System32/drivers/viostor.sys", "read_only": false},
                                   {"name": "netkvm.sys", "path": "/Windows/System32/drivers/netkvm.sys", "read_only": false}])";
const char *const one_device = R"([{"device": "pci#ven_1af4&dev_1001", "driver": "oem1.inf"}])";

RuleCase in_2026(RuleCase tested)
{
    tested.profile = "alibaba-2026";
    return tested;
}

std::string service(const std::string &name, const std::string &start = "2")
{
    return R"({"/inspection/guest/windows/services/3": {"name": ")" + name + R"(", "start": )" + start + "}}";
}

std::string state(const std::string &state)
{
    return R"({"/inspection/guest/windows/image_state": ")" + state + "\"}";
}

std::string boot(const std::string &entries, const std::string &more = "")
{
    return R"({"/inspection/guest/windows/boot": {"stores": ["/Boot/BCD on /dev/sda1"], "entries": )" + entries + "}" +
           more + "}";
}

}  // namespace

std::vector<RuleCase> windows_cases()
{
    std::vector<RuleCase> const access{
        of("win-rdp", passed, "{}"),
        of("win-rdp", violated, R"({"/inspection/guest/windows/remote_desktop/denied": true})",
           "Remote Desktop is off"),
        of("win-rdp", violated,
           R"({"/inspection/guest/windows/remote_desktop/denied": true,
               "/inspection/guest/windows/remote_desktop/by_policy": true})",
           "group policy"),
        of("win-rdp", violated, R"({"/inspection/guest/windows/remote_desktop/port": 13389})", "port 13389"),
        of("win-rdp", violated, R"({"/inspection/guest/windows/services/0/start": 4})", "TermService is disabled"),
        of("win-rdp", violated, R"({"/inspection/guest/windows/services/0": {"name": "x"}})", "TermService is missing"),
        of("win-rdp", unknown, cut("remote_desktop"), "damaged"),
        {"win-rdp", not_applicable, "{}", "a rule for Windows systems"},

        of("win-firewall", passed, "{}", "lets Remote Desktop in"),
        of("win-firewall", passed, R"({"/inspection/guest/windows/firewall/profiles/0/enabled": false,
            "/inspection/guest/windows/firewall/profiles/1/enabled": false,
            "/inspection/guest/windows/firewall/profiles/2/enabled": false,
            "/inspection/guest/windows/firewall/rdp_rules": []})",
           "is off"),
        of("win-firewall", passed, R"({"/inspection/guest/windows/services/1/start": 4,
            "/inspection/guest/windows/firewall/rdp_rules": []})",
           "MpsSvc is disabled"),
        of("win-firewall", violated, R"({"/inspection/guest/windows/firewall/rdp_rules": []})", "PublicProfile"),
        of("win-firewall", violated,
           R"({"/inspection/guest/windows/firewall/rdp_rules/0/profiles": ["DomainProfile"]})",
           "(StandardProfile, PublicProfile)"),
        of("win-firewall", violated,
           R"({"/inspection/guest/windows/firewall/rdp_rules/1": {"name": "b", "allow": false}})", "PublicProfile"),
        of("win-firewall", not_applicable,
           R"({"/inspection/guest/windows/firewall/rdp_rules": [],
               "/inspection/guest/windows/remote_desktop/port": 13389})",
           "port 13389", {"win-rdp"}),
        of("win-firewall", unknown, cut("firewall"), "damaged"),
        of("win-firewall", unknown, R"({"/inspection/guest/windows/firewall/profiles": []})", "no settings"),

        of("win-admin", passed, "{}"),
        of("win-admin", violated, R"({"/inspection/guest/windows/administrator_disabled": true})", "disabled"),
        of("win-admin", unknown, cut("administrator_disabled"), "damaged"),

        of("win-dhcp", passed, "{}"),
        of("win-dhcp", passed,
           R"({"/inspection/guest/windows/interfaces/0": {"id": "{a}", "dhcp": false, "addresses": []}})"),
        of("win-dhcp", violated,
           R"({"/inspection/guest/windows/interfaces/0": {"id": "{a}", "dhcp": false, "addresses": ["10.0.0.5"]}})",
           "10.0.0.5"),
        of("win-dhcp", unknown, cut("interfaces"), "damaged"),
    };
    std::vector<RuleCase> const system{
        of("win-version", passed, "{}", "'Windows Server 2019'"),
        of("win-version", passed, version("Windows Server 2008 R2 Standard", "Server", "6.1", "7601", "Service Pack 1"),
           "'Windows Server 2008'"),
        of("win-version", passed, version("Windows Server Datacenter", "Server Core", "10.0", "18363"),
           "'Windows Server 2019'"),
        of("win-version", passed, version("Microsoft Windows Server 2003", "", "5.2", "3790", "Service Pack 2"), "2003",
           {"win-virtio"}),
        of("win-version", violated, version("Microsoft Windows Server 2003", "", "5.2", "3790"), "Service Pack 1",
           {"win-virtio"}),
        of("win-version", violated, version("Windows 10 Pro", "Client", "10.0", "19045"), "client edition"),
        of("win-version", violated,
           R"({"/inspection/guest/windows/version": {"product": "Windows XP Professional x64 Edition", "version": "5.2",
                                                     "build": 3790, "service_pack": "Service Pack 2"},
               "/inspection/guest/windows/product_type": "WinNT"})",
           "client edition"),
        of("win-version", unknown,
           R"({"/inspection/guest/windows/version": {"product": "", "version": "6.0"},
               "/inspection/guest/windows/product_type": ""})",
           "which edition", {"win-virtio"}),
        of("win-version", violated, version("Windows Server 2022 Standard", "Server", "10.0", "20348"),
           "not one of the releases", {"win-virtio"}),
        in_2026(of("win-version", passed, version("Windows Server 2022 Standard", "Server", "10.0", "20348"),
                   "'Windows Server 2022'", {"win-virtio"})),
        of("win-version", unknown, cut("version"), "damaged", {"win-virtio"}),

        of("platform-map", passed, "{}", "'Windows Server 2019'"),
        of("platform-map", not_applicable, version("Windows 10 Pro", "Client", "10.0", "19045"), "see win-version",
           {"win-version"}),
        of("fs-clean", not_applicable, "{}", "see win-clean"),

        of("win-disk", passed, "{}"),
        of("win-disk", not_applicable, R"({"/inspection/disk/table": "none"})", "see pt-present", {"pt-present"}),
        of("win-disk", violated, R"({"/inspection/volumes/1/filesystem/type": "vfat"})", "on vfat"),
        of("win-disk", unknown, R"({"/inspection/disk": "<gone>"})", "partition table",
           {"pt-present", "pt-gpt-crc", "boot-mode-detect", "win-uefi"}),

        of("win-uefi", passed, "{}", "by BIOS"),
        of("win-uefi", violated,
           boot(R"([{"store": "/Boot/BCD on /dev/sda1", "loader": "\\Windows\\system32\\winload.efi"}])"), "MBR"),
        of("win-uefi", violated, boot(R"([{"store": "s", "loader": "\\Windows\\system32\\winload.efi", "default": true},
                    {"store": "s", "loader": "\\Windows\\system32\\winload.exe"}])"),
           "MBR"),
        of("win-uefi", passed, boot(R"([{"store": "s", "loader": "\\Windows\\system32\\winload.efi"},
                    {"store": "s", "loader": "\\Windows\\System32\\WinLoad.exe"}])")),
        of("win-uefi", violated, R"({"/inspection/guest/windows/boot": {"stores": []}})", "no boot configuration"),
        of("win-uefi", passed, R"({"/inspection/guest/windows/boot": {"stores": [], "ntldr": true}})"),
        of("win-uefi", violated, R"({"/inspection/disk/table": "gpt", "/inspection/disk/partitions/0/bootable": true})",
           "GPT"),
        of("win-uefi", passed,
           boot(R"([{"store": "s", "loader": "\\Windows\\system32\\winload.efi", "on_esp": true}])",
                R"(, "/inspection/disk/table": "gpt", "/inspection/disk/partitions/0/bootable": true)"),
           "by UEFI"),
        of("win-uefi", unknown, cut("boot"), "damaged"),
        of("win-uefi", not_applicable, R"({"/inspection/disk/table": "none"})", "no partition table", {"pt-present"}),

        of("win-clean", passed, "{}"),
        of("win-clean", passed, R"({"/inspection/guest/windows/dirty_hives": ["/Windows/System32/config/SYSTEM"]})",
           "changes in its log"),
        of("win-clean", violated,
           R"({"/inspection/volumes/1/filesystem/clean": false, "/inspection/volumes/1/filesystem/state": "it is marked as dirty"})",
           "marked as dirty"),
        of("win-clean", violated, R"({"/inspection/volumes/0/filesystem/clean": false})", "/dev/sda1"),
        of("win-clean", violated,
           R"({"/inspection/guest/windows/hibernation": {"file": "/hiberfil.sys", "signature": "HIBR", "hibernated": true}})",
           "hibernated"),
        of("win-clean", violated,
           R"({"/inspection/volumes/2": {"device": "/dev/sda3", "kind": "partition", "filesystem": {"type": "BitLocker"}}})",
           "BitLocker"),
        of("win-clean", unknown, cut("hibernation"), "damaged"),
        of("win-clean", unknown, R"({"/inspection/volumes/1/filesystem/clean": "<gone>"})", "cleanly"),
        {"win-clean", not_applicable, R"({"/inspection/guest": "<gone>"})", "no Windows", {"kernel-present"}},

        of("win-sysprep", passed, "{}"),
        of("win-sysprep", violated, state("IMAGE_STATE_COMPLETE"), "not generalized", {}, "recommendation"),
        of("win-sysprep", violated, state("IMAGE_STATE_UNDEPLOYABLE"), "not finished"),
        of("win-sysprep", not_applicable, state("")),
        of("win-sysprep", unknown, cut("image_state"), "damaged"),

        of("win-pagefile-space", passed, "{}"),
        of("win-pagefile-space", violated, R"({"/inspection/volumes/1/filesystem/free": 5000000000})",
           "less than 6 GiB"),
        of("win-pagefile-space", unknown, R"({"/inspection/volumes/1/filesystem/free": "<gone>"})", "free space",
           {"fs-free-space"}),

        of("win-license", passed, service("cloudbase-init")),
        of("win-license", violated, "{}", "license type Auto", {}, "feature"),
        of("win-license", violated, service("cloudbase-init", "4"), "cloudbase-init"),
        of("win-license", not_applicable, R"({"/request": {"license_type": "BYOL"}})", "BYOL"),
        of("win-license", unknown, cut("services"), "damaged", {"win-rdp", "win-firewall"}),
    };
    std::vector<RuleCase> const drivers{
        of("win-virtio", passed, "{}", "the cloud adds its virtio drivers"),
        of("win-virtio", passed, R"({"/inspection/guest/windows/driver_files/0":
            {"name": "viostor.sys", "path": "/Windows/System32/drivers/viostor.sys", "read_only": false}})",
           "may be overwritten: viostor.sys"),
        of("win-virtio", violated, R"({"/inspection/guest/windows/driver_files/0":
            {"name": "viostor.sys", "path": "/Windows/System32/drivers/viostor.sys", "read_only": true}})",
           "is read-only"),
        of("win-virtio", passed, R"({"/inspection/guest/windows/driver_files/0":
            {"name": "stornvme.sys", "path": "/Windows/System32/drivers/stornvme.sys", "read_only": true}})"),
        of("win-virtio", unknown, R"({"/inspection/guest/windows/driver_files/0":
            {"name": "netkvm.sys", "path": "/Windows/System32/drivers/netkvm.sys"}})",
           "is read-only could not be read"),
        of("win-virtio", unknown, cut("driver_files"), "damaged"),
        of("win-virtio", not_applicable, version("Windows 10 Pro", "Client", "10.0", "19045"), "see win-version",
           {"win-version"}),
        in_2026(of("win-virtio", passed, own_virtio(both_files, "0", one_device), "viostor starts at boot")),
        in_2026(of("win-virtio", violated, own_virtio(both_files, "3", one_device), "Start 3")),
        in_2026(of("win-virtio", violated, own_virtio(both_files, R"(0, "start_override": 3)", one_device), "Start 3")),
        in_2026(of("win-virtio", violated, own_virtio(both_files, "0", "[]"), "DEV_1001")),
        in_2026(of("win-virtio", violated, own_virtio("[]", "0", one_device), "viostor.sys: missing")),

        of("win-nvme", passed, "{}"),
        of("win-nvme", violated, R"({"/inspection/guest/windows/services/2": {"name": "x"}})", "no driver stornvme", {},
           "feature"),
        of("win-nvme", violated, R"({"/inspection/guest/windows/services/2/start": 3})", "Start = 3"),
        of("win-nvme", violated, R"({"/inspection/guest/windows/services/2/start_override": 3})", "StartOverride"),
        of("win-nvme", unknown, cut("services"), "damaged", {"win-rdp", "win-firewall"}),

        of("win-qemu-ga", passed, "{}"),
        of("win-qemu-ga", passed, service("QEMU-GA", "4")),
        of("win-qemu-ga", violated, service("QEMU-GA"), "QEMU guest agent", {}, "feature"),
        of("win-qemu-ga", unknown, cut("services"), "damaged", {"win-rdp", "win-firewall"}),

        of("win-vmtools", passed, service("vmicheartbeat", "3")),
        of("win-vmtools", violated, service("VMTools"), "VMTools", {}, "recommendation"),
        of("win-vmtools", violated, service("VBoxGuest", "1"), "VBoxGuest"),
        of("win-vmtools", unknown, cut("services"), "damaged", {"win-rdp", "win-firewall"}),
    };
    std::vector<RuleCase> all = access;
    all.insert(all.end(), system.begin(), system.end());
    all.insert(all.end(), drivers.begin(), drivers.end());
    return all;
}

}  // namespace imgport::testing
