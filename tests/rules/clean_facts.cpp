#include "rules/clean_facts.hpp"

#include <stdexcept>

namespace imgport::testing {
namespace {

ImportRequest request_from_json(const Json &json)
{
    ImportRequest request;
    auto const text = [&](const char *key, std::optional<std::string> &out) {
        if (json.contains(key))
            out = json[key].get<std::string>();
    };
    text("platform", request.platform);
    text("architecture", request.architecture);
    text("boot_mode", request.boot_mode);
    text("region", request.region);
    text("bucket", request.bucket);
    text("object", request.object);
    text("license_type", request.license_type);
    if (json.contains("system_disk_size"))
        request.system_disk_size = json["system_disk_size"].get<std::uint64_t>();
    text("image_name", request.image_name);
    text("description", request.description);
    return request;
}

}  // namespace

CheckInput Facts::input() const
{
    CheckInput input;
    input.image = &image;
    input.inspection = inspection ? &*inspection : nullptr;
    input.artifact = artifact ? &*artifact : nullptr;
    input.request = &request;
    input.role = role;
    return input;
}

Facts facts_from_json(const Json &json)
{
    Facts facts;
    from_json(json.at("image"), facts.image);
    if (json.contains("inspection"))
        from_json(json["inspection"], facts.inspection.emplace());
    if (json.contains("artifact"))
        from_json(json["artifact"], facts.artifact.emplace());
    if (json.contains("request"))
        facts.request = request_from_json(json["request"]);
    if (json.value("role", "system") == "data")
        facts.role = Role::data;
    return facts;
}

Json clean_bios()
{
    return Json::parse(R"json({
"image": {
    "path": "disk.qcow2", "format": "qcow2", "virtual_size": 42949672960, "file_size": 1073741824,
    "details": {"qcow2": {"version": 3, "cluster_size": 65536, "crypt_method": 0, "snapshots": 0,
                          "incompatible_features": 0, "compression": "zlib"}}},
"inspection": {
    "disk": {"size": 42949672960, "table": "mbr", "boot_code": true, "boot_sector_loaders": ["grub2"],
             "grub_core_found": true,
             "partitions": [{"number": 1, "offset": 1048576, "length": 42948624384, "type": "83", "bootable": true,
                             "uuid": "deadbeef-01"}]},
    "volumes": [{"device": "/dev/sda1", "kind": "partition", "partition": 1, "length": 42948624384,
                 "partition_uuid": "deadbeef-01", "partition_label": "",
                 "filesystem": {"type": "ext4", "uuid": "11111111-2222-3333-4444-555555555555", "label": "root",
                                "size": 42000000000, "free": 38000000000, "clean": true,
                                "inodes": 2600000, "free_inodes": 2500000,
                                "features": ["has_journal", "dir_index", "filetype", "extent", "sparse_super"]}}],
    "guest": {
        "os": {"id": "debian", "version": "12", "name": "Debian GNU/Linux 12 (bookworm)", "source": "/etc/os-release"},
        "architecture": "x86_64", "root_device": "/dev/sda1",
        "mountpoints": [{"target": "/", "device": "/dev/sda1", "filesystem": "ext4"}],
        "kernels": [{"version": "6.1.0-18-amd64", "image": "/boot/vmlinuz-6.1.0-18-amd64", "image_size": 8000000,
                     "initramfs": "/boot/initrd.img-6.1.0-18-amd64", "initramfs_size": 30000000, "default": true,
                     "architecture": "x86_64", "initramfs_versions": ["6.1.0-18-amd64"], "module_folder": true,
                     "modules": ["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_blk",
                                 "virtio_net", "nvme", "nvme_core"],
                     "builtin": ["ext4"],
                     "installed": ["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_blk",
                                   "virtio_net", "nvme", "nvme_core"],
                     "config": {"CONFIG_VIRTIO": "m", "CONFIG_VIRTIO_PCI": "m", "CONFIG_VIRTIO_BLK": "m",
                                "CONFIG_VIRTIO_NET": "m", "CONFIG_BLK_DEV_NVME": "m"}}],
        "boot_loader": {"kind": "grub2", "config": "/boot/grub/grub.cfg", "default_entry": 0,
            "entries": [{"title": "Debian", "kernel": "/boot/vmlinuz-6.1.0-18-amd64",
                         "initramfs": "/boot/initrd.img-6.1.0-18-amd64",
                         "cmdline": "root=UUID=11111111-2222-3333-4444-555555555555 ro quiet console=tty0 console=ttyS0,115200n8 nvme_core.io_timeout=4294967295",
                         "where": {"file": "/boot/grub/grub.cfg", "line": 10, "value": "linux /boot/vmlinuz"},
                         "searches": ["UUID=11111111-2222-3333-4444-555555555555"]}]},
        "fstab": {"present": true, "entries": [
            {"device": "UUID=11111111-2222-3333-4444-555555555555", "target": "/", "type": "ext4",
             "options": ["defaults"], "pass": 1, "line": 1, "resolved": "/dev/sda1"},
            {"device": "tmpfs", "target": "/tmp", "type": "tmpfs", "options": ["nosuid"], "line": 2}]},
        "crypttab": [],
        "network": {"interfaces": [{"name": "eth0", "manager": "ifupdown", "method": "dhcp", "on_boot": true,
                                    "where": {"file": "/etc/network/interfaces", "line": 5}}],
                    "enabled_services": ["networking"], "dhcp_clients": ["dhclient"],
                    "kernel_names": "/etc/systemd/network/99-default.link"},
        "sshd": {"installed": true, "enabled": true, "enabled_by": "/etc/systemd/system/sshd.service",
                 "permit_root_login": {"value": "prohibit-password"},
                 "key_generator": "/etc/systemd/system/sshd-keygen.service"},
        "firewalls": [{"name": "nftables", "enabled": false}],
        "selinux": {"installed": false, "mode": {"value": "disabled"}},
        "accounts": {"accounts": [{"name": "root", "uid": 0, "shell": "/bin/bash", "password": "locked"}],
                     "files": [{"path": "/etc/passwd", "present": true, "immutable": false, "append_only": false},
                               {"path": "/etc/shadow", "present": true, "immutable": false, "append_only": false},
                               {"path": "/etc/gshadow", "present": false}],
                     "root_groups": ["root"], "commands": ["passwd", "chpasswd", "useradd"]},
        "credentials": [],
        "protected_files": [{"path": "/etc/hostname", "present": true, "immutable": false, "append_only": false}],
        "login_limits": [],
        "private_sources": [],
        "residue": {"machine_id": "empty", "dbus_machine_id": "link"},
        "cloud_init": {"installed": true, "version": "22.4.2", "program": "/usr/bin/cloud-init", "enabled": true,
                       "grows_root": true, "makes_host_keys": true, "disable_root": {"value": "false"}},
        "qemu_guest_agent": [],
        "growpart": "/usr/bin/growpart",
        "grub_defaults": {"present": true, "cmdline_default": {"value": "quiet"}, "cmdline": {"value":
            "console=tty0 console=ttyS0,115200n8 nvme_core.io_timeout=4294967295",
            "where": {"file": "/etc/default/grub", "line": 4}}},
        "initramfs_recipe": {"tool": "initramfs-tools", "program": "/usr/sbin/mkinitramfs", "scope": {"value": "most"}},
        "multipath": {"enabled": false},
        "hypervisor_tools": [],
        "crash_dump": {"enabled": false},
        "directories": [{"path": "/bin", "kind": "symlink", "target": "usr/bin"},
                        {"path": "/sbin", "kind": "symlink", "target": "usr/sbin"},
                        {"path": "/lib", "kind": "symlink", "target": "usr/lib"}, {"path": "/lib64", "kind": ""}],
        "hostname": "web-1",
        "issue": [{"path": "/etc/issue", "text": "Debian GNU/Linux 12 \\n \\l"},
                  {"path": "/etc/issue.net", "text": "Debian GNU/Linux 12"}],
        "hosts": [],
        "time": {"local_clock": false, "daemons": [{"file": "/etc/systemd/system/chronyd.service", "value": "chrony"}]},
        "cloud_traces": {"settings": [], "agents": [], "assistant": ["/usr/local/share/aliyun-assist"]},
        "leftovers": [{"path": "/var/log", "bytes": 100000, "files": 10, "whole": true}],
        "freebsd": {"kernel": ""},
        "customized": {"device": "/dev/sda1", "folder": "directory",
                       "parsers": [{"file": "/etc/init.d/os-conf", "line": 3, "value": ". /aliyun_custom_image/os.conf"}]}
        }},
"request": {}
})json");
}

Json clean_uefi()
{
    return with(clean_bios(), Json::parse(R"json({
"/inspection/disk/table": "gpt",
"/inspection/disk/gpt": {"primary_valid": true, "backup_valid": true, "backup_in_last_sector": true},
"/inspection/disk/boot_code": false,
"/inspection/disk/boot_sector_loaders": [],
"/inspection/disk/grub_core_found": "<gone>",
"/inspection/disk/partitions": [
    {"number": 1, "offset": 1048576, "length": 104857600, "type": "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"},
    {"number": 2, "offset": 105906176, "length": 42842718208, "type": "0FC63DAF-8483-4772-8E79-3D69D8477DE4"}],
"/inspection/volumes": [
    {"device": "/dev/sda1", "kind": "partition", "partition": 1, "filesystem": {"type": "vfat", "uuid": "494D-4750"}},
    {"device": "/dev/sda2", "kind": "partition", "partition": 2, "partition_uuid": "aaaaaaaa-0000-0000-0000-000000000002",
     "partition_label": "root", "length": 42842718208,
     "filesystem": {"type": "xfs", "uuid": "11111111-2222-3333-4444-555555555555", "label": "root",
                    "size": 42000000000, "free": 38000000000, "clean": true}}],
"/inspection/guest/os": {"id": "rocky", "version": "9.3", "name": "Rocky Linux 9.3 (Blue Onyx)",
                         "source": "/etc/os-release"},
"/inspection/guest/issue": [{"path": "/etc/issue", "text": "\\S\nKernel \\r on an \\m"}],
"/inspection/guest/root_device": "/dev/sda2",
"/inspection/guest/mountpoints": [{"target": "/", "device": "/dev/sda2", "filesystem": "xfs"},
                                  {"target": "/boot/efi", "device": "/dev/sda1", "filesystem": "vfat"}],
"/inspection/guest/boot_loader/efi_system_partition": true,
"/inspection/guest/boot_loader/efi_files": ["/EFI/rocky/shimx64.efi", "/EFI/BOOT/BOOTX64.EFI"],
"/inspection/guest/fstab/entries": [
    {"device": "UUID=11111111-2222-3333-4444-555555555555", "target": "/", "type": "xfs", "options": ["defaults"],
     "line": 1, "resolved": "/dev/sda2"},
    {"device": "UUID=494D-4750", "target": "/boot/efi", "type": "vfat", "options": ["umask=0077"], "line": 2,
     "resolved": "/dev/sda1"}]
})json"));
}

Json clean_freebsd()
{
    return with(clean_bios(), Json::parse(R"json({
"/inspection/disk/table": "gpt",
"/inspection/disk/gpt": {"primary_valid": true, "backup_valid": true, "backup_in_last_sector": true},
"/inspection/disk/boot_sector_loaders": [],
"/inspection/disk/grub_core_found": "<gone>",
"/inspection/disk/partitions": [
    {"number": 1, "offset": 20480, "length": 524288, "type": "83BD6B9D-7F41-11DC-BE0B-001560B84F0F", "name": "bootfs"},
    {"number": 2, "offset": 1048576, "length": 42948575232, "type": "516E7CB6-6ECF-11D6-8FF8-00022D09712B",
     "name": "rootfs"}],
"/inspection/volumes": [
    {"device": "/dev/sda1", "kind": "partition", "partition": 1, "filesystem": {"type": ""}},
    {"device": "/dev/sda2", "kind": "partition", "partition": 2, "partition_label": "rootfs", "length": 42948575232,
     "filesystem": {"type": "ufs", "uuid": "5f3c9f6a12345678", "size": 42000000000, "free": 38000000000,
                    "clean": true}}],
"/inspection/guest": {
    "os": {"id": "freebsd", "version": "13.2", "name": "FreeBSD 13.2-RELEASE", "source": "/etc/os-release"},
    "architecture": "x86_64", "hostname": "bsd-1", "root_device": "/dev/sda2",
    "mountpoints": [{"target": "/", "device": "/dev/sda2", "filesystem": "ufs"}],
    "kernels": [],
    "boot_loader": {"kind": ""},
    "fstab": {"present": true, "entries": [
        {"device": "/dev/gpt/rootfs", "target": "/", "type": "ufs", "options": ["rw"], "pass": 1, "line": 2,
         "resolved": "/dev/sda2"},
        {"device": "/dev/cd0", "target": "/cdrom", "type": "cd9660", "options": ["ro", "noauto"], "line": 3}]},
    "crypttab": [],
    "network": {"interfaces": [{"name": "DEFAULT", "manager": "rc.conf", "method": "dhcp", "on_boot": true,
                                "where": {"file": "/etc/rc.conf", "line": 2}}],
                "enabled_services": ["netif"], "dhcp_clients": ["dhclient"]},
    "sshd": {"installed": true, "enabled": true, "enabled_by": "/etc/rc.conf:3", "permit_root_login": {"value": "no"},
             "key_generator": "/etc/rc.d/sshd"},
    "firewalls": [{"name": "pf", "enabled": false}, {"name": "ipfw", "enabled": false},
                  {"name": "ipfilter", "enabled": false}],
    "selinux": {"installed": false, "mode": {"value": "disabled"}},
    "accounts": {"accounts": [{"name": "root", "uid": 0, "shell": "/bin/sh", "password": "password"}],
                 "files": [{"path": "/etc/passwd", "present": true}]},
    "cloud_init": {"installed": false},
    "qemu_guest_agent": [],
    "growpart": "",
    "directories": [],
    "issue": [], "hosts": [],
    "time": {"local_clock": false, "daemons": [{"file": "/etc/rc.conf", "line": 5, "value": "ntp"}]},
    "cloud_traces": {"settings": [], "agents": [], "assistant": []},
    "leftovers": [],
    "freebsd": {"kernel": "/boot/kernel/kernel",
                "drivers": {"virtio_pci": "kernel", "virtio_blk": "kernel", "vtnet": "kernel"}},
    "customized": {"device": "/dev/sda1"}}
})json"));
}

Json clean_coreos()
{
    return with(clean_uefi(), Json::parse(R"json({
"/inspection/guest/os": {"id": "fedora", "version": "39", "name": "Fedora CoreOS 39.20231101.3.0",
                         "variant": "coreos", "source": "/etc/os-release"},
"/inspection/guest/boot_loader/entries/0/cmdline":
    "mitigations=auto,nosmt ignition.platform.id=aliyun ostree=/ostree/boot.1/fedora-coreos/abc/0 console=ttyS0",
"/inspection/guest/fstab": {"present": false, "entries": []},
"/inspection/guest/network": {"interfaces": [], "enabled_services": ["NetworkManager"]},
"/inspection/guest/cloud_init": {"installed": false},
"/inspection/guest/growpart": "",
"/inspection/guest/hostname": "",
"/inspection/guest/selinux": {"installed": true, "mode": {"value": "enforcing"}},
"/inspection/guest/cloud_traces": {"settings": [], "agents": [], "assistant": []}
})json"));
}

Json clean_windows()
{
    return with(clean_bios(), Json::parse(R"json({
"/inspection/disk/boot_sector_loaders": ["windows"],
"/inspection/disk/grub_core_found": "<gone>",
"/inspection/disk/partitions": [
    {"number": 1, "offset": 1048576, "length": 524288000, "type": "07", "bootable": true},
    {"number": 2, "offset": 525336576, "length": 42424336384, "type": "07"}],
"/inspection/volumes": [
    {"device": "/dev/sda1", "kind": "partition", "partition": 1, "length": 524288000,
     "filesystem": {"type": "ntfs", "label": "System Reserved", "clean": true}},
    {"device": "/dev/sda2", "kind": "partition", "partition": 2, "length": 42424336384,
     "filesystem": {"type": "ntfs", "size": 42424336384, "free": 30000000000, "clean": true}}],
"/inspection/guest": {
    "os": {"id": "windows", "version": "10.0", "name": "Windows Server 2019 Standard",
           "source": "/Windows/System32/config/SOFTWARE"},
    "architecture": "x86_64", "hostname": "WIN", "root_device": "/dev/sda2",
    "mountpoints": [{"target": "/", "device": "/dev/sda2", "filesystem": "ntfs"}],
    "boot_loader": {"kind": "bootmgr", "config": "/Boot/BCD on /dev/sda1"},
    "qemu_guest_agent": [],
    "windows": {
        "version": {"product": "Windows Server 2019 Standard", "installation": "Server", "edition": "ServerStandard",
                    "version": "10.0", "build": 17763, "release": "1809"},
        "product_type": "ServerNT",
        "services": [{"name": "TermService", "start": 3}, {"name": "MpsSvc", "start": 2},
                     {"name": "stornvme", "start": 0}],
        "driver_files": [],
        "device_bindings": [],
        "remote_desktop": {"denied": false, "port": 3389},
        "firewall": {"profiles": [{"name": "DomainProfile", "enabled": true},
                                  {"name": "StandardProfile", "enabled": true},
                                  {"name": "PublicProfile", "enabled": true}],
                     "rdp_rules": [{"name": "RemoteDesktop-UserMode-In-TCP", "allow": true}]},
        "interfaces": [{"id": "{a}", "dhcp": true}],
        "hibernation": {"hibernated": false},
        "image_state": "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE",
        "administrator_disabled": false,
        "real_time_is_universal": true,
        "time_zone": "UTC",
        "paging_files": ["?:\\pagefile.sys"],
        "boot": {"stores": ["/Boot/BCD on /dev/sda1"],
                 "entries": [{"store": "/Boot/BCD on /dev/sda1", "loader": "\\Windows\\system32\\winload.exe",
                              "default": true}]},
        "dirty_hives": []}}
})json"));
}

Json clean_base(const std::string &name)
{
    if (name == "uefi")
        return clean_uefi();
    if (name == "bios")
        return clean_bios();
    if (name == "freebsd")
        return clean_freebsd();
    if (name == "coreos")
        return clean_coreos();
    if (name == "windows")
        return clean_windows();
    // A guest with the drivers of all of them, that writes to the serial console.
    Json const drivers = Json::parse(R"(["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_blk",
        "virtio_scsi", "virtio_net", "nvme", "nvme_core", "ena", "hv_vmbus", "hv_storvsc", "hv_netvsc", "udf", "vfat"])");
    Json const base =
        with(clean_bios(),
             {{"/inspection/guest/kernels/0/modules", drivers},
              {"/inspection/guest/kernels/0/installed", drivers},
              {"/inspection/guest/cloud_agents", Json::array()},
              {"/inspection/guest/grub_defaults/cmdline/value", "console=tty0 console=ttyS0,38400n8d"},
              {"/inspection/guest/boot_loader/entries/0/cmdline",
               "root=UUID=11111111-2222-3333-4444-555555555555 ro rootdelay=300 console=tty0 console=ttyS0,38400n8d "
               "earlyprintk=ttyS0 net.ifnames=0"}});
    if (name == "aws")
        return with(base,
                    Json::parse(R"({"/image": {"path": "disk.vmdk", "format": "vmdk", "variant": "streamOptimized",
            "virtual_size": 42949672960, "details": {"vmdk": {"create_type": "streamOptimized"}}}})"));
    if (name == "azure")
        return with(base, Json::parse(R"({"/image": {"path": "disk.vhd", "format": "vhd", "variant": "fixed",
            "virtual_size": 42949672960, "file_size": 42949673472,
            "details": {"vhd": {"creator_application": "qem2", "current_size": 42949672960, "disk_type": 2,
                                "cylinders": 65535, "heads": 16, "sectors_per_track": 255,
                                "footer_checksum_valid": true}}}})"));
    if (name == "gcp")
        return with(base, Json::parse(R"({"/image": {"path": "image.tar.gz", "format": "raw", "member": "disk.raw",
            "wrapped_in": ["gzip", "tar"], "virtual_size": 42949672960, "file_size": 1073741824}})"));
    return base;
}

Json with(Json json, const Json &changes)
{
    for (auto const &[pointer, value] : changes.items()) {
        Json::json_pointer const at(pointer);
        if (value == "<gone>")
            json.at(at.parent_pointer()).erase(at.back());
        else
            json[at] = value;
    }
    return json;
}

std::vector<Finding> check_facts(const Facts &facts, const std::string &profile)
{
    return check(facts.input(), load_profile(profile).value());
}

const Finding &finding_of(const std::vector<Finding> &findings, std::string_view rule)
{
    for (auto const &finding : findings) {
        if (finding.rule == rule)
            return finding;
    }
    throw std::out_of_range("no finding of that rule");
}

}  // namespace imgport::testing
