#include "guest/hypervisor_tools.hpp"

#include <algorithm>

namespace imgport {
namespace {

// The units and programs that the packages of Debian, Red Hat and SUSE and the vendors' own installers leave.
struct KnownTool {
    const char *name;
    std::vector<std::string> units;
    std::vector<const char *> paths;
};

const std::vector<KnownTool> &known_tools()
{
    static const std::vector<KnownTool> tools{
        {"VMware Tools",
         {"open-vm-tools.service", "vmtoolsd.service", "vgauthd.service", "vgauth.service", "vmware-tools.service"},
         {"/usr/bin/vmtoolsd", "/usr/sbin/vmtoolsd", "/usr/sbin/vmware-guestd"}},
        {"VirtualBox Guest Additions",
         {"vboxadd.service", "vboxadd-service.service", "vboxservice.service", "virtualbox-guest-utils.service"},
         {"/usr/sbin/VBoxService", "/usr/bin/VBoxService"}},
        {"Hyper-V daemons",
         {"hv-kvp-daemon.service", "hypervkvpd.service", "hv_kvp_daemon.service", "hv-vss-daemon.service",
          "hypervvssd.service", "hv_vss_daemon.service", "hv-fcopy-daemon.service", "hypervfcopyd.service",
          "hv_fcopy_daemon.service"},
         {"/usr/sbin/hv_kvp_daemon", "/usr/sbin/hypervkvpd", "/usr/lib/hyper-v/bin/hv_kvp_daemon"}},
        {"Xen guest utilities",
         {"xe-daemon.service", "xe-linux-distribution.service", "xe-guest-utilities.service"},
         {"/usr/sbin/xe-daemon", "/usr/sbin/xe-linux-distribution"}},
        {"Parallels Tools",
         {"prltoolsd.service", "prl_tools.service", "prl-x11.service"},
         {"/usr/bin/prltoolsd", "/usr/bin/prltools", "/usr/lib/parallels-tools"}},
    };
    return tools;
}

void add_trace(HypervisorTool &tool, std::string path)
{
    if (std::find(tool.traces.begin(), tool.traces.end(), path) == tool.traces.end())
        tool.traces.push_back(std::move(path));
}

}  // namespace

Known<std::vector<HypervisorTool>> read_hypervisor_tools(FileTree &tree, const Services &services)
{
    GuestFiles files(tree);
    std::vector<HypervisorTool> found;
    for (auto const &known : known_tools()) {
        HypervisorTool tool{known.name, false, {}};
        for (auto const &unit : known.units) {
            auto const state = services.state(files, {unit});
            if (!state.enabled)
                continue;
            tool.enabled = true;
            add_trace(tool, state.enabled_by);
        }
        for (const char *path : known.paths) {
            // On a merged /usr two names may be one file.
            if (auto const real = files.exists(path) ? files.resolve(path) : std::nullopt)
                add_trace(tool, *real);
        }
        if (!tool.traces.empty())
            found.push_back(std::move(tool));
    }
    return files.answer(std::move(found));
}

Known<CrashDumpFacts> read_crash_dump(FileTree &tree, const Services &services)
{
    GuestFiles files(tree);
    auto const state = services.state(files, {"kdump.service", "kdump-tools.service"});
    return files.answer(CrashDumpFacts{state.enabled, state.enabled_by});
}

}  // namespace imgport
