// What the system is, and what configures it at its first start.
#include <algorithm>

#include <fmt/format.h>

#include <imgport/import_parameters.hpp>

#include "rules/guest_facts.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

std::string title_of(const OsFacts &os)
{
    if (!os.name.empty())
        return os.name;
    return os.version.empty() ? os.id : os.id + " " + os.version;
}

Outcome os_release(const RuleContext &context)
{
    if (context.guest == nullptr) {
        if (context.inspection->gap)
            return unknown(context.inspection->gap->reason);
        for (auto const &volume : context.inspection->volumes) {
            if (volume.filesystem.type == "crypto_LUKS")
                return not_applicable("the system is encrypted: see luks-root");
        }
        return violated("no operating system was found on this disk: no os-release or its like in any filesystem");
    }
    auto const &os = context.guest->os;
    if (os.id.empty())
        return violated("the system does not say what it is: neither /etc/os-release nor an older file of that kind "
                        "could be read",
                        {seen("/etc/os-release", "missing or not understood")});
    return passed(fmt::format("the system is {}", title_of(os)), {seen(os.source, os.id)});
}

Outcome platform_map(const RuleContext &context)
{
    auto const &os = context.guest->os;
    if (os.id.empty())
        return not_applicable("the system is not known: see os-release");
    auto const &known = context.profile.platforms;
    std::string const platform = platform_of(*context.guest);
    bool const has_word = !platform.empty() && contains(known, platform);
    auto const *request = context.input.request;
    std::string const wanted = request != nullptr ? request->platform.value_or("") : "";
    Evidence const evidence = seen(os.source, title_of(os));
    constexpr std::string_view nothing_configured =
        "the cloud then configures nothing in the instance (password, key, host name), only DHCP works";
    if (!wanted.empty() && !contains(known, wanted)) {
        std::string const near = nearest(wanted, known);
        return violated(fmt::format("platform '{}' is not one that the import knows{}", printable(wanted, 100),
                                    near.empty() ? "" : fmt::format("; did you mean '{}'?", near)),
                        {evidence});
    }
    if (wanted == "Others Linux" || wanted == "Customized Linux") {
        if (os.id == "windows")
            return violated(fmt::format("platform '{}' is asked for, but the system is Windows", wanted), {evidence});
        if (has_word || wanted == "Others Linux")
            return violated(fmt::format("platform '{}' is asked for: {}", wanted, nothing_configured), {evidence},
                            "others");
        return passed(fmt::format("platform '{}', as asked for", wanted));
    }
    if (!wanted.empty() && wanted != platform)
        return violated(fmt::format("platform '{}' is asked for, but the system is {}{}: the cloud would configure it "
                                    "the wrong way",
                                    wanted, title_of(os),
                                    has_word ? fmt::format(", which is '{}'", platform) : std::string()),
                        {evidence});
    if (!has_word && os.id == "windows")
        return not_applicable(fmt::format("the import has no platform for {}: see win-version", title_of(os)));
    if (!has_word)
        return violated(fmt::format("the import has no platform for {}, so it is 'Others Linux': {}", title_of(os),
                                    nothing_configured),
                        {evidence}, "others");
    return passed(fmt::format("the platform is '{}'", platform), {evidence});
}

Outcome critical_dirs(const RuleContext &context)
{
    auto const &directories = context.guest->directories;
    if (!directories)
        return unknown(directories.reason());
    std::vector<Evidence> evidence;
    for (auto const &directory : *directories) {
        bool const optional = directory.path != "/bin" && directory.path != "/sbin" && directory.path != "/lib";
        if (directory.kind == "symlink" && directory.target.starts_with('/'))
            evidence.push_back(seen(directory.path, "-> " + directory.target + " (absolute)"));
        else if (directory.kind.empty() && !optional)
            evidence.push_back(seen(directory.path, "missing"));
        else if (!directory.kind.empty() && directory.kind != "symlink" && directory.kind != "directory")
            evidence.push_back(seen(directory.path, "not a directory"));
    }
    if (evidence.empty())
        return passed("/bin, /sbin and /lib are directories or relative links");
    return violated(fmt::format("{} {}: the cloud works on the system from outside, where that leads nowhere",
                                evidence.front().file, evidence.front().value),
                    evidence);
}

// --------------------------------------------------------------------------------------------- cloud-init

constexpr std::string_view datasource = "AliYun";
constexpr std::string_view first_version = "0.7.9";  // of cloud-init, that has the datasource
constexpr std::string_view cloud_build = "0.7.6a";   // the cloud's own builds have it as well

bool has_datasource(const std::string &version)
{
    return version.starts_with(cloud_build) || !is_older_version(version, first_version);
}

Outcome cloudinit_installed(const RuleContext &context)
{
    if (is_coreos(context.guest->os))
        return not_applicable(std::string(ignition_instead));
    auto const &cloud_init = context.guest->cloud_init;
    if (!cloud_init)
        return unknown(cloud_init.reason());
    if (!cloud_init->installed)
        return violated("cloud-init is not installed: host name, keys, user data and time servers are not set",
                        {seen("/usr/bin/cloud-init", "missing")});
    if (!cloud_init->enabled)
        return violated(fmt::format("cloud-init is installed but switched off{}",
                                    cloud_init->disabled_by.empty() ? "" : " by " + cloud_init->disabled_by),
                        {seen(cloud_init->disabled_by.empty() ? cloud_init->program : cloud_init->disabled_by,
                              "does not start at boot")});
    return passed("cloud-init is installed and starts at boot", {seen(cloud_init->program, cloud_init->version)});
}

Outcome cloudinit_version(const RuleContext &context)
{
    if (is_coreos(context.guest->os))
        return not_applicable(std::string(ignition_instead));
    auto const &cloud_init = context.guest->cloud_init;
    if (!cloud_init)
        return unknown(cloud_init.reason());
    if (!cloud_init->installed)
        return not_applicable("cloud-init is not installed: see cloudinit-installed");
    if (cloud_init->version.empty())
        return unknown("the version of cloud-init was not found");
    Evidence evidence = seen(cloud_init->version_source, cloud_init->version);
    if (has_datasource(cloud_init->version))
        return passed(fmt::format("cloud-init {}", cloud_init->version), {std::move(evidence)});
    return violated(
        fmt::format("cloud-init {} does not know this cloud; {} or newer does", cloud_init->version, first_version),
        {std::move(evidence)});
}

Outcome cloudinit_ds(const RuleContext &context)
{
    if (is_coreos(context.guest->os))
        return not_applicable(std::string(ignition_instead));
    auto const &cloud_init = context.guest->cloud_init;
    if (!cloud_init)
        return unknown(cloud_init.reason());
    if (!cloud_init->installed || !cloud_init->enabled)
        return not_applicable("cloud-init does not run: see cloudinit-installed");
    if (!cloud_init->datasources) {
        if (cloud_init->version.empty())
            return unknown("no datasource list is set, and the version whose own list holds was not found");
        if (has_datasource(cloud_init->version))
            return passed("no datasource list is set; cloud-init's own has AliYun");
        return violated(fmt::format("no datasource list is set, and the own list of cloud-init {} lacks AliYun: the "
                                    "instance's metadata are never read",
                                    cloud_init->version),
                        {seen(cloud_init->version_source, cloud_init->version)});
    }
    std::string const list = "[" + join(*cloud_init->datasources, ", ") + "]";
    Evidence evidence = cloud_init->datasources_where;
    evidence.value = "datasource_list: " + list;
    if (contains(*cloud_init->datasources, datasource))
        return passed("the datasource list has AliYun", {std::move(evidence)});
    return violated(fmt::format("the datasource list {} lacks AliYun (exactly so written): password, key and host name "
                                "of the instance are never read",
                                list),
                    {std::move(evidence)});
}

}  // namespace

std::vector<Rule> system_rules()
{
    std::string const group = "system";
    return {
        {{"os-release",
          group,
          "The system says what it is",
          "The cloud does not know how to configure it.",
          "Restore /etc/os-release. Debian, Ubuntu: apt install --reinstall base-files; RHEL, CentOS: dnf reinstall "
          "the *-release package",
          cite({"IMC"}),
          {""}},
         Reads::anything,
         Guests::any,
         os_release},
        {{"platform-map",
          group,
          "The platform of the import is what the system is",
          "The cloud configures the instance by its platform: a wrong one leaves it without password, key and "
          "network.",
          "Leave --platform out, or give the one named here. For 'Others Linux' set a password or a key in the image, "
          "and DHCP",
          cite({"INS", "API"}),
          {"", "others"}},
         Reads::guest,
         Guests::any,
         platform_map},
        {{"critical-dirs",
          group,
          "/bin, /sbin and /lib are directories or relative links",
          "The cloud configures the image from outside; an absolute link then leads into its own system.",
          "From a rescue system with the root mounted: ln -sfn usr/lib MOUNT/lib, and the same for /bin, /sbin, "
          "/lib64",
          cite({"INS", "CHK"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         critical_dirs},
        {{"cloudinit-installed",
          group,
          "cloud-init is installed and starts at boot",
          "Host name, keys, user data and time servers are not set.",
          "Debian, Ubuntu: apt install cloud-init; RHEL, CentOS: dnf install cloud-init; SUSE: zypper install "
          "cloud-init; where it is off: rm /etc/cloud/cloud-init.disabled and systemctl enable cloud-init-local "
          "cloud-init cloud-config cloud-final",
          cite({"INS", "CI"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         cloudinit_installed},
        {{"cloudinit-version",
          group,
          "cloud-init knows this cloud (0.7.9 or newer)",
          "Older versions have no datasource for it and read no metadata.",
          "Update the package, or install the build that the cloud offers for old systems",
          cite({"CI", "CID"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         cloudinit_version},
        {{"cloudinit-ds",
          group,
          "cloud-init's datasource list has AliYun",
          "The instance's metadata are never read: no password, no key, no host name.",
          "echo 'datasource_list: [ AliYun, None ]' > /etc/cloud/cloud.cfg.d/99-aliyun.cfg (Debian, Ubuntu: or "
          "dpkg-reconfigure cloud-init; Alpine: also apk add cloud-init-datasource-aliyun)",
          cite({"CI", "CID"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         cloudinit_ds},
    };
}

}  // namespace imgport
