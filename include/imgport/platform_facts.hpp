// What a guest keeps for the machine it runs on: how its next boot entry and initramfs are made, and what it starts for
// its hypervisor's or its storage's sake. Plain data; each struct says its JSON keys once, in fields().
#pragma once

#include <string>
#include <vector>

#include <imgport/evidence.hpp>

namespace imgport {

// A value that a program will use, and the line that decided it. `value` is the program's default where no line did.
struct Setting {
    std::string value;
    Evidence where = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("value", self.value);
        visit("where", self.where);
    }
};

// /etc/default/grub and /etc/default/grub.d/*.cfg: what the next update of GRUB's configuration is made of.
struct GrubDefaults {
    bool present = false;
    Setting cmdline = {};          // GRUB_CMDLINE_LINUX
    Setting cmdline_default = {};  // GRUB_CMDLINE_LINUX_DEFAULT
    Setting disable_uuid = {};     // GRUB_DISABLE_LINUX_UUID

    static void fields(auto &self, auto &&visit)
    {
        visit("present", self.present);
        visit("cmdline", self.cmdline);
        visit("cmdline_default", self.cmdline_default);
        visit("disable_uuid", self.disable_uuid);
    }
};

// What the next initramfs will hold.
struct InitramfsRecipe {
    std::string tool;                       // "dracut", "initramfs-tools"; empty: neither is installed
    std::string program = {};               // its path
    Setting scope = {};                     // dracut's hostonly: "yes", "no"; initramfs-tools' MODULES: "most", "dep"
    std::vector<std::string> drivers = {};  // that it adds whatever the machine, '-' as '_'

    static void fields(auto &self, auto &&visit)
    {
        visit("tool", self.tool);
        visit("program", self.program);
        visit("scope", self.scope);
        visit("drivers", self.drivers);
    }
};

// multipathd, which joins several paths to one disk.
struct MultipathFacts {
    bool enabled = false;
    std::string where = {};                 // the link or script that starts it
    Setting find_multipaths = {};           // "" where it is not set
    std::vector<Evidence> blacklist = {};   // the entries of the configuration's own blacklist: "devnode ^vd"
    std::vector<Evidence> exceptions = {};  // of blacklist_exceptions

    static void fields(auto &self, auto &&visit)
    {
        visit("enabled", self.enabled);
        visit("where", self.where);
        visit("find_multipaths", self.find_multipaths);
        visit("blacklist", self.blacklist);
        visit("exceptions", self.exceptions);
    }
};

// Guest tools of another hypervisor.
struct HypervisorTool {
    std::string name;  // "VMware Tools"
    bool enabled = false;
    std::vector<std::string> traces = {};  // paths: what starts it, programs, units

    static void fields(auto &self, auto &&visit)
    {
        visit("name", self.name);
        visit("enabled", self.enabled);
        visit("traces", self.traces);
    }
};

// kdump.
struct CrashDumpFacts {
    bool enabled = false;
    std::string where = {};  // the link or script that starts it

    static void fields(auto &self, auto &&visit)
    {
        visit("enabled", self.enabled);
        visit("where", self.where);
    }
};

}  // namespace imgport
