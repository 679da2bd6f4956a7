// What the registry and a few files tell of a Windows guest: plain data, no behaviour. Each struct says its JSON keys
// once, in fields(). What could not be read is Unknown by itself: a damaged SAM says nothing against SYSTEM.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <imgport/known.hpp>

namespace imgport {

struct WindowsVersion {
    std::string product;            // ProductName: "Windows Server 2019 Standard"
    std::string installation = {};  // InstallationType: "Server", "Server Core", "Client"; none before Windows 7
    std::string edition = {};       // EditionID: "ServerStandard"
    std::string version = {};       // of NT: "10.0", "6.3"
    std::uint32_t build = 0;        // 17763; 0: not found
    std::string service_pack = {};  // CSDVersion: "Service Pack 1"
    std::string release = {};       // "1809", "22H2"

    static void fields(auto &self, auto &&visit)
    {
        visit("product", self.product);
        visit("installation", self.installation);
        visit("edition", self.edition);
        visit("version", self.version);
        visit("build", self.build);
        visit("service_pack", self.service_pack);
        visit("release", self.release);
    }
};

// A service or driver that a rule asks for.
struct WindowsService {
    std::string name;                                  // of its key, case as stored
    std::optional<std::uint32_t> start = {};           // 0 boot, 1 system, 2 automatic, 3 on demand, 4 disabled
    std::optional<std::uint32_t> start_override = {};  // StartOverride\0: what counts instead at the next start
    std::string image_path = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("name", self.name);
        visit("start", self.start);
        visit("start_override", self.start_override);
        visit("image_path", self.image_path);
    }
};

// A driver's file in System32\drivers.
struct WindowsDriverFile {
    std::string name;                    // lower case: "viostor.sys"
    std::string path = {};               // as stored
    std::optional<bool> read_only = {};  // the attribute; nullopt: the reader cannot tell

    static void fields(auto &self, auto &&visit)
    {
        visit("name", self.name);
        visit("path", self.path);
        visit("read_only", self.read_only);
    }
};

// A hardware identifier that the registry binds to a driver for disks of the cloud.
struct WindowsDeviceBinding {
    std::string device;         // "pci#ven_1af4&dev_1001", lower case
    std::string driver = {};    // the service, or the package's name: "viostor", "oem3.inf"
    std::string database = {};  // "CriticalDeviceDatabase", "DriverDatabase"

    static void fields(auto &self, auto &&visit)
    {
        visit("device", self.device);
        visit("driver", self.driver);
        visit("database", self.database);
    }
};

struct WindowsRemoteDesktop {
    bool denied = true;      // fDenyTSConnections, which is 1 where nothing is said
    bool by_policy = false;  // a group policy decides it
    std::uint32_t port = 3389;

    static void fields(auto &self, auto &&visit)
    {
        visit("denied", self.denied);
        visit("by_policy", self.by_policy);
        visit("port", self.port);
    }
};

struct WindowsFirewallProfile {
    std::string name;        // "DomainProfile", "StandardProfile" (the private networks), "PublicProfile"
    bool enabled = true;     // EnableFirewall
    bool by_policy = false;  // a group policy decides it

    static void fields(auto &self, auto &&visit)
    {
        visit("name", self.name);
        visit("enabled", self.enabled);
        visit("by_policy", self.by_policy);
    }
};

// An active rule on incoming traffic to the port of Remote Desktop, from anywhere.
struct WindowsFirewallRule {
    std::string name;
    bool allow = true;
    std::vector<std::string> profiles = {};  // as above; empty: all of them

    static void fields(auto &self, auto &&visit)
    {
        visit("name", self.name);
        visit("allow", self.allow);
        visit("profiles", self.profiles);
    }
};

struct WindowsFirewall {
    std::vector<WindowsFirewallProfile> profiles = {};
    std::vector<WindowsFirewallRule> rdp_rules = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("profiles", self.profiles);
        visit("rdp_rules", self.rdp_rules);
    }
};

struct WindowsInterface {
    std::string id;  // its GUID
    bool dhcp = true;
    std::vector<std::string> addresses = {};  // fixed ones, "0.0.0.0" left out

    static void fields(auto &self, auto &&visit)
    {
        visit("id", self.id);
        visit("dhcp", self.dhcp);
        visit("addresses", self.addresses);
    }
};

struct WindowsHibernation {
    std::string file = {};       // hiberfil.sys; empty: there is none
    std::string signature = {};  // its first four characters: "hibr" while it holds a system
    bool hibernated = false;
    bool fast_startup = false;  // HiberbootEnabled

    static void fields(auto &self, auto &&visit)
    {
        visit("file", self.file);
        visit("signature", self.signature);
        visit("hibernated", self.hibernated);
        visit("fast_startup", self.fast_startup);
    }
};

// A loader that a boot configuration store (BCD) starts.
struct WindowsBootEntry {
    std::string store;   // "/Boot/BCD on /dev/sda1"
    std::string loader;  // ApplicationPath: "\Windows\system32\winload.exe"
    bool is_default = false;
    bool on_esp = false;  // the store lies where UEFI's boot manager looks

    static void fields(auto &self, auto &&visit)
    {
        visit("store", self.store);
        visit("loader", self.loader);
        visit("default", self.is_default);
        visit("on_esp", self.on_esp);
    }
};

struct WindowsBoot {
    std::vector<std::string> stores = {};  // every BCD that was found
    std::vector<WindowsBootEntry> entries = {};
    bool ntldr = false;  // the boot loader before Windows Vista, which has no store

    static void fields(auto &self, auto &&visit)
    {
        visit("stores", self.stores);
        visit("entries", self.entries);
        visit("ntldr", self.ntldr);
    }
};

struct WindowsFacts {
    Known<WindowsVersion> version;
    Known<std::string> product_type;              // "ServerNT", "LanmanNT" (domain controller), "WinNT" (client)
    Known<std::vector<WindowsService>> services;  // the ones that rules ask for, where they exist
    Known<std::vector<WindowsDriverFile>> driver_files;
    Known<std::vector<WindowsDeviceBinding>> device_bindings;
    Known<WindowsRemoteDesktop> remote_desktop;
    Known<WindowsFirewall> firewall;
    Known<std::vector<WindowsInterface>> interfaces;
    Known<WindowsHibernation> hibernation;
    Known<std::string> image_state;  // Setup\State, ImageState; empty: not said, as before Windows Vista
    Known<bool> administrator_disabled;
    Known<bool> real_time_is_universal;
    Known<std::string> time_zone;                  // TimeZoneKeyName
    Known<std::vector<std::string>> paging_files;  // as set: "?:\pagefile.sys", "C:\pagefile.sys 1024 4096"
    Known<WindowsBoot> boot;
    // Hives with changes that are only in their logs: what is told of them is their state before.
    std::vector<std::string> dirty_hives = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("version", self.version);
        visit("product_type", self.product_type);
        visit("services", self.services);
        visit("driver_files", self.driver_files);
        visit("device_bindings", self.device_bindings);
        visit("remote_desktop", self.remote_desktop);
        visit("firewall", self.firewall);
        visit("interfaces", self.interfaces);
        visit("hibernation", self.hibernation);
        visit("image_state", self.image_state);
        visit("administrator_disabled", self.administrator_disabled);
        visit("real_time_is_universal", self.real_time_is_universal);
        visit("time_zone", self.time_zone);
        visit("paging_files", self.paging_files);
        visit("boot", self.boot);
        visit("dirty_hives", self.dirty_hives);
    }
};

}  // namespace imgport
