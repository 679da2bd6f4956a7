// Everything learnt about the guest: plain data, no behaviour. Each struct says its JSON keys once, in fields().
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <imgport/evidence.hpp>
#include <imgport/known.hpp>
#include <imgport/platform_facts.hpp>
#include <imgport/system_facts.hpp>
#include <imgport/windows_facts.hpp>

namespace imgport {

struct OsFacts {
    std::string id;  // os-release's ID, else what that distribution later used; "windows", "freebsd"
    std::string version = {};
    std::string name = {};
    std::vector<std::string> id_like = {};
    std::string source = {};   // the file it was read from
    std::string variant = {};  // os-release's VARIANT_ID: "server", "coreos"

    static void fields(auto &self, auto &&visit)
    {
        visit("id", self.id);
        visit("version", self.version);
        visit("name", self.name);
        visit("id_like", self.id_like);
        visit("source", self.source);
        visit("variant", self.variant);
    }
};

struct MountPoint {
    std::string target;                         // "/", "/boot/efi"
    std::string device;                         // VolumeFacts::device
    std::string filesystem;                     // its type
    std::optional<std::string> subvolume = {};  // btrfs: the path of the subvolume, where it is not the default one

    static void fields(auto &self, auto &&visit)
    {
        visit("target", self.target);
        visit("device", self.device);
        visit("filesystem", self.filesystem);
        visit("subvolume", self.subvolume);
    }
};

struct KernelFacts {
    std::string version;
    std::string image = {};                              // path; empty where it is missing
    std::string initramfs = {};                          // path; the kernel's own image where it is inside; "": none
    bool is_default = false;                             // the boot entry that starts by default names it
    std::optional<std::string> architecture = {};        // of the image, where its header says
    std::uint64_t image_size = 0;                        // bytes
    std::uint64_t initramfs_size = 0;                    // bytes
    Known<std::vector<std::string>> modules;             // names of the modules inside the initramfs, '-' as '_'
    Known<std::vector<std::string>> builtin;             // names out of modules.builtin, '-' as '_'
    Known<std::vector<std::string>> installed;           // names out of modules.dep, '-' as '_'
    Known<std::map<std::string, std::string>> config;    // of /boot/config-VERSION, what rules ask for: "y", "m", "n"
    std::vector<std::string> initramfs_udev_rules = {};  // paths of persistent-net rules inside the initramfs
    // Whose modules lie inside the initramfs; meaningful where `modules` is known.
    std::vector<std::string> initramfs_versions = {};
    std::vector<std::string> initramfs_programs = {};  // those that rules ask for: "multipathd"
    std::optional<bool> module_folder = {};            // /lib/modules/VERSION is there; nullopt: not known

    static void fields(auto &self, auto &&visit)
    {
        visit("version", self.version);
        visit("image", self.image);
        visit("initramfs", self.initramfs);
        visit("default", self.is_default);
        visit("architecture", self.architecture);
        visit("image_size", self.image_size);
        visit("initramfs_size", self.initramfs_size);
        visit("modules", self.modules);
        visit("builtin", self.builtin);
        visit("installed", self.installed);
        visit("config", self.config);
        visit("initramfs_udev_rules", self.initramfs_udev_rules);
        visit("initramfs_versions", self.initramfs_versions);
        visit("initramfs_programs", self.initramfs_programs);
        visit("module_folder", self.module_folder);
    }
};

struct BootEntry {
    std::string title = {};
    std::string kernel = {};     // path in the guest's tree, resolved against the entry's own filesystem
    std::string initramfs = {};  // the last one named; "" where none
    std::string cmdline = {};
    Evidence where = {};  // the line with the kernel
    // search --fs-uuid, --label and the like that lead to this entry's files: "UUID=..." or "LABEL=..."
    std::vector<std::string> searches = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("title", self.title);
        visit("kernel", self.kernel);
        visit("initramfs", self.initramfs);
        visit("cmdline", self.cmdline);
        visit("where", self.where);
        visit("searches", self.searches);
    }
};

struct BootLoaderFacts {
    std::string kind;         // "grub2", "grub-legacy", "extlinux", "systemd-boot"; empty: none found
    std::string config = {};  // its configuration file
    std::vector<BootEntry> entries = {};
    std::optional<std::uint32_t> default_entry = {};  // index into entries
    std::vector<std::string> efi_files = {};  // on the EFI system partition, "/EFI/BOOT/BOOTX64.EFI", case as stored
    bool efi_system_partition = false;        // there is one, with a FAT filesystem

    static void fields(auto &self, auto &&visit)
    {
        visit("kind", self.kind);
        visit("config", self.config);
        visit("entries", self.entries);
        visit("default_entry", self.default_entry);
        visit("efi_files", self.efi_files);
        visit("efi_system_partition", self.efi_system_partition);
    }
};

struct FstabEntry {
    std::string device;  // as written: "UUID=...", "/dev/sda1"
    std::string target;
    std::string type;
    std::vector<std::string> options = {};
    std::uint32_t pass = 0;
    std::uint64_t line = 0;
    // The volume it means (VolumeFacts::device); empty where none in this image matches.
    std::string resolved = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("device", self.device);
        visit("target", self.target);
        visit("type", self.type);
        visit("options", self.options);
        visit("pass", self.pass);
        visit("line", self.line);
        visit("resolved", self.resolved);
    }
};

struct FstabFacts {
    bool present = false;
    std::vector<FstabEntry> entries = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("present", self.present);
        visit("entries", self.entries);
    }
};

// One network interface as one configuration file describes it.
struct InterfaceConfig {
    std::string name;     // "eth0", "ens192"; "" where the file matches by something else
    std::string manager;  // "ifcfg", "netplan", "networkd", "ifupdown", "networkmanager", "rc.conf"
    std::string method;   // "dhcp", "static", "none"
    bool on_boot = true;
    std::vector<std::string> addresses = {};  // static ones, gateways and name servers left out
    std::string hwaddr = {};                  // a MAC address the file is bound to
    std::string kind = {};                    // "bond", "bridge", "vlan", "other"; "" for a network card
    std::vector<std::string> members = {};    // of a bond, bridge or vlan: what it lies on
    std::string part_of = {};                 // the bond, bridge or vlan that this one is given to
    bool by_match = false;                    // the card is chosen by its driver, path or type, not by `name`
    Evidence where = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("name", self.name);
        visit("manager", self.manager);
        visit("method", self.method);
        visit("on_boot", self.on_boot);
        visit("addresses", self.addresses);
        visit("hwaddr", self.hwaddr);
        visit("kind", self.kind);
        visit("members", self.members);
        visit("part_of", self.part_of);
        visit("by_match", self.by_match);
        visit("where", self.where);
    }
};

struct NetworkFacts {
    std::vector<InterfaceConfig> interfaces = {};    // the loopback left out
    std::vector<std::string> enabled_services = {};  // of the network stacks: "systemd-networkd", "NetworkManager", ...
    std::vector<std::string> udev_rules = {};        // persistent-net rules in /etc/udev/rules.d that bind something
    std::vector<std::string> dhcp_clients = {};      // programs: "dhclient", "dhcpcd", "udhcpc", ...
    // Why cards keep the kernel's own names (eth0), whatever the command line says; "": they get predictable ones.
    std::string kernel_names = {};
    std::vector<std::string> given_names = {};  // names that .link files or udev rules give without a MAC address
    std::string nm_no_auto = {};  // the file that tells NetworkManager to leave alone what nothing describes
    bool netplan = false;         // netplan's generator is installed, with a networkd that it could start
    std::vector<Evidence> metadata_blocks = {};  // rules and routes that keep 100.100.100.200 from being reached

    static void fields(auto &self, auto &&visit)
    {
        visit("interfaces", self.interfaces);
        visit("enabled_services", self.enabled_services);
        visit("udev_rules", self.udev_rules);
        visit("dhcp_clients", self.dhcp_clients);
        visit("kernel_names", self.kernel_names);
        visit("given_names", self.given_names);
        visit("nm_no_auto", self.nm_no_auto);
        visit("netplan", self.netplan);
        visit("metadata_blocks", self.metadata_blocks);
    }
};

struct SshdFacts {
    bool installed = false;
    bool enabled = false;            // a unit, a socket or an init script starts it at boot
    std::string enabled_by = {};     // the link or script
    std::string masked_by = {};      // the link to /dev/null, where masked
    Setting permit_root_login = {};  // lower case: "yes", "no", "prohibit-password", ...
    Setting password_authentication = {};
    Setting kbd_interactive = {};  // KbdInteractiveAuthentication: with PAM it asks for a password as well
    Setting use_pam = {};
    std::vector<Setting> listen_addresses = {};  // one argument each, as the next four
    std::vector<Setting> allow_users = {};
    std::vector<Setting> deny_users = {};
    std::vector<Setting> allow_groups = {};
    std::vector<Setting> deny_groups = {};
    std::vector<std::string> host_keys = {};   // private ones that lie in the image
    std::string key_generator = {};            // the unit or script that makes missing ones at boot, cloud-init aside
    std::vector<Evidence> hosts_denied = {};   // the line that turns everybody away from an sshd that asks hosts.deny
    std::vector<Evidence> hosts_allowed = {};  // the lines that let single addresses in before

    static void fields(auto &self, auto &&visit)
    {
        visit("installed", self.installed);
        visit("enabled", self.enabled);
        visit("enabled_by", self.enabled_by);
        visit("masked_by", self.masked_by);
        visit("permit_root_login", self.permit_root_login);
        visit("password_authentication", self.password_authentication);
        visit("kbd_interactive", self.kbd_interactive);
        visit("use_pam", self.use_pam);
        visit("listen_addresses", self.listen_addresses);
        visit("allow_users", self.allow_users);
        visit("deny_users", self.deny_users);
        visit("allow_groups", self.allow_groups);
        visit("deny_groups", self.deny_groups);
        visit("host_keys", self.host_keys);
        visit("key_generator", self.key_generator);
        visit("hosts_denied", self.hosts_denied);
        visit("hosts_allowed", self.hosts_allowed);
    }
};

struct ServiceFacts {
    std::string name;  // "firewalld", "ufw", "nftables", "iptables"
    bool enabled = false;
    std::string where = {};  // the link, script or file that says so

    static void fields(auto &self, auto &&visit)
    {
        visit("name", self.name);
        visit("enabled", self.enabled);
        visit("where", self.where);
    }
};

struct SelinuxFacts {
    bool installed = false;
    Setting mode = {};  // "disabled", "permissive", "enforcing"

    static void fields(auto &self, auto &&visit)
    {
        visit("installed", self.installed);
        visit("mode", self.mode);
    }
};

struct Account {
    std::string name;
    std::uint32_t uid = 0;
    std::string shell = {};
    // From shadow: "password", "locked" (! or *), "empty"; "" where it has no line there.
    std::string password = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("name", self.name);
        visit("uid", self.uid);
        visit("shell", self.shell);
        visit("password", self.password);
    }
};

// A file whose inode flags matter to a rule.
struct ProtectedFile {
    std::string path;
    bool present = false;
    std::optional<bool> immutable = {};  // nullopt: its filesystem or reader cannot tell
    std::optional<bool> append_only = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("path", self.path);
        visit("present", self.present);
        visit("immutable", self.immutable);
        visit("append_only", self.append_only);
    }
};

struct AccountsFacts {
    std::vector<Account> accounts = {};         // root and the ones that can log in, capped at 1000
    std::vector<ProtectedFile> files = {};      // passwd, shadow, group, gshadow
    std::vector<std::string> root_groups = {};  // the groups that root is in, its own included
    std::vector<std::string> commands = {};     // of those that set up accounts: "passwd", "chpasswd", "useradd", "pw"

    static void fields(auto &self, auto &&visit)
    {
        visit("accounts", self.accounts);
        visit("files", self.files);
        visit("root_groups", self.root_groups);
        visit("commands", self.commands);
    }
};

// A file that lets somebody in, or shows what somebody typed. Never its content.
struct CredentialFile {
    std::string kind;  // "authorized-keys", "private-key", "history"
    std::string account;
    std::string path;

    static void fields(auto &self, auto &&visit)
    {
        visit("kind", self.kind);
        visit("account", self.account);
        visit("path", self.path);
    }
};

// What one machine left behind that no second one should have.
struct ResidueFacts {
    std::string machine_id = {};                // "set", "empty", "uninitialized", "missing"
    std::string dbus_machine_id = {};           // "set", "link", "empty", "missing"
    std::vector<std::string> cloud_state = {};  // of an earlier run of cloud-init: what lies in /var/lib/cloud
    std::vector<std::string> leases = {};       // DHCP leases, random seeds

    static void fields(auto &self, auto &&visit)
    {
        visit("machine_id", self.machine_id);
        visit("dbus_machine_id", self.dbus_machine_id);
        visit("cloud_state", self.cloud_state);
        visit("leases", self.leases);
    }
};

struct CloudInitFacts {
    bool installed = false;
    std::string version = {};  // "22.4.2", the distribution's suffix left out; empty: not found
    std::string version_source = {};
    std::string program = {};      // the path of the program
    bool enabled = false;          // its units, jobs or scripts start at boot
    std::string disabled_by = {};  // "/etc/cloud/cloud-init.disabled", a kernel argument, a missing unit
    // The list that is in force after merging; nullopt: none is set, so the program's own default holds.
    std::optional<std::vector<std::string>> datasources = {};
    Evidence datasources_where = {};
    bool network_disabled = false;  // network: {config: disabled}
    bool grows_root = false;        // the growpart module is on
    bool makes_host_keys = false;   // the ssh module is on
    bool keeps_host_keys = false;   // ssh_deletekeys: false
    Setting ssh_pwauth = {};        // "true", "false", "unchanged"; "" where it is not set
    Setting disable_root = {};      // "true", "false"; the program's default is true
    Setting lock_root = {};         // lock_passwd of a default user named root: "true", "false"; "" for another name
    Evidence network_where = {};    // where it is disabled
    Setting policy = {};            // of ds-identify, which decides at boot whether cloud-init runs; empty: its own
    bool preserve_hostname = false;
    Evidence preserve_hostname_where = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("installed", self.installed);
        visit("version", self.version);
        visit("version_source", self.version_source);
        visit("program", self.program);
        visit("enabled", self.enabled);
        visit("disabled_by", self.disabled_by);
        visit("datasources", self.datasources);
        visit("datasources_where", self.datasources_where);
        visit("network_disabled", self.network_disabled);
        visit("grows_root", self.grows_root);
        visit("makes_host_keys", self.makes_host_keys);
        visit("keeps_host_keys", self.keeps_host_keys);
        visit("ssh_pwauth", self.ssh_pwauth);
        visit("disable_root", self.disable_root);
        visit("lock_root", self.lock_root);
        visit("network_where", self.network_where);
        visit("policy", self.policy);
        visit("preserve_hostname", self.preserve_hostname);
        visit("preserve_hostname_where", self.preserve_hostname_where);
    }
};

// A path that should be a directory or a relative link to one: /bin, /sbin, /lib, /lib64.
struct SystemDirectory {
    std::string path;
    std::string kind;         // "directory", "symlink", "other"; "" where it does not exist
    std::string target = {};  // of a link

    static void fields(auto &self, auto &&visit)
    {
        visit("path", self.path);
        visit("kind", self.kind);
        visit("target", self.target);
    }
};

// GUEST of the JSON contract.
struct GuestFacts {
    OsFacts os = {};
    std::string architecture = {};  // x86_64 i386 aarch64 ...; empty where unknown
    std::string hostname = {};
    std::string root_device = {};  // VolumeFacts::device
    std::vector<MountPoint> mountpoints = {};
    std::vector<KernelFacts> kernels = {};
    Known<BootLoaderFacts> boot_loader;
    Known<FstabFacts> fstab;
    Known<std::vector<Evidence>> crypttab;  // one per mapping
    Known<NetworkFacts> network;
    Known<SshdFacts> sshd;
    Known<std::vector<ServiceFacts>> firewalls;
    Known<SelinuxFacts> selinux;
    Known<AccountsFacts> accounts;
    Known<CloudInitFacts> cloud_init;
    Known<std::vector<CredentialFile>> credentials;
    Known<std::vector<ProtectedFile>> protected_files;  // what is configured at boot, where it exists
    Known<std::vector<Evidence>> login_limits;          // what PAM or a file turns root or everybody away with
    Known<std::vector<Evidence>> private_sources;       // proxies and package sources of the old network
    Known<ResidueFacts> residue;
    Known<std::vector<std::string>> qemu_guest_agent;  // the paths that show it; empty: not installed
    Known<std::vector<Evidence>> cloud_agents;         // that configure the guest for a cloud: file, "waagent"
    Known<std::string> growpart;                       // its path; empty: not installed
    Known<std::vector<SystemDirectory>> directories;
    Known<GrubDefaults> grub_defaults;
    Known<InitramfsRecipe> initramfs_recipe;
    Known<MultipathFacts> multipath;
    Known<std::vector<HypervisorTool>> hypervisor_tools;
    Known<CrashDumpFacts> crash_dump;
    std::optional<WindowsFacts> windows = {};  // of Windows only
    Known<std::vector<IssueFile>> issue;       // the ones that are there
    Known<std::vector<Evidence>> hosts;        // lines of /etc/hosts that tie the own name to an address
    Known<TimeFacts> time;
    Known<CloudTraces> cloud_traces;
    Known<std::vector<FolderSize>> leftovers;  // logs, caches, temporary files
    Known<FreeBsdFacts> freebsd;
    Known<CustomizedFacts> customized;
    // Which of the plain facts above could not be read, and why: "os", "architecture", "hostname", "kernels".
    std::map<std::string, std::string> gaps = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("os", self.os);
        visit("architecture", self.architecture);
        visit("hostname", self.hostname);
        visit("root_device", self.root_device);
        visit("mountpoints", self.mountpoints);
        visit("kernels", self.kernels);
        visit("boot_loader", self.boot_loader);
        visit("fstab", self.fstab);
        visit("crypttab", self.crypttab);
        visit("network", self.network);
        visit("sshd", self.sshd);
        visit("firewalls", self.firewalls);
        visit("selinux", self.selinux);
        visit("accounts", self.accounts);
        visit("cloud_init", self.cloud_init);
        visit("credentials", self.credentials);
        visit("protected_files", self.protected_files);
        visit("login_limits", self.login_limits);
        visit("private_sources", self.private_sources);
        visit("residue", self.residue);
        visit("qemu_guest_agent", self.qemu_guest_agent);
        visit("cloud_agents", self.cloud_agents);
        visit("growpart", self.growpart);
        visit("directories", self.directories);
        visit("grub_defaults", self.grub_defaults);
        visit("initramfs_recipe", self.initramfs_recipe);
        visit("multipath", self.multipath);
        visit("hypervisor_tools", self.hypervisor_tools);
        visit("crash_dump", self.crash_dump);
        visit("windows", self.windows);
        visit("issue", self.issue);
        visit("hosts", self.hosts);
        visit("time", self.time);
        visit("cloud_traces", self.cloud_traces);
        visit("leftovers", self.leftovers);
        visit("freebsd", self.freebsd);
        visit("customized", self.customized);
        visit("gaps", self.gaps);
    }
};

}  // namespace imgport
