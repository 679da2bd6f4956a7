// What the guest is, in the words of the import API.
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include <imgport/import_parameters.hpp>

#include "rules/import_checks.hpp"
#include "rules/windows.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

struct Mapping {
    std::string_view id;  // of os-release
    std::string_view platform;
};
constexpr std::array mappings{
    Mapping{"debian", "Debian"},
    Mapping{"ubuntu", "Ubuntu"},
    Mapping{"centos", "CentOS"},
    Mapping{"rhel", "RedHat"},
    Mapping{"redhat", "RedHat"},
    Mapping{"sles", "SUSE"},
    Mapping{"sles_sap", "SUSE"},
    Mapping{"sled", "SUSE"},
    Mapping{"suse", "SUSE"},
    Mapping{"opensuse", "OpenSUSE"},
    Mapping{"opensuse-leap", "OpenSUSE"},
    Mapping{"opensuse-tumbleweed", "OpenSUSE"},
    Mapping{"fedora", "Fedora"},
    Mapping{"fcos", "Fedora CoreOS"},
    Mapping{"fedora-coreos", "Fedora CoreOS"},
    Mapping{"coreos", "CoreOS"},
    Mapping{"flatcar", "CoreOS"},
    Mapping{"rocky", "Rocky Linux"},
    Mapping{"almalinux", "AlmaLinux"},
    Mapping{"alinux", "Aliyun"},
    Mapping{"aliyun", "Aliyun"},
    Mapping{"anolis", "Anolis"},
    Mapping{"kylin", "Kylin"},
    Mapping{"uos", "UOS"},
    Mapping{"uniontech", "UOS"},
    Mapping{"gentoo", "Gentoo"},
    Mapping{"freebsd", "FreeBSD"},
};

// The server edition with that NT version; 10.0 has many.
constexpr std::array windows_versions{
    Mapping{"5.2", "Windows Server 2003"}, Mapping{"6.0", "Windows Server 2008"}, Mapping{"6.1", "Windows Server 2008"},
    Mapping{"6.2", "Windows Server 2012"}, Mapping{"6.3", "Windows Server 2012"},
};

// The first builds of the releases that are supported for long; those of the (semi-)annual channels, which have no year
// in their names, go by the one before them.
constexpr std::array<std::pair<std::uint32_t, std::string_view>, 6> windows_builds{{{26100, "Windows Server 2025"},
                                                                                    {20348, "Windows Server 2022"},
                                                                                    {17763, "Windows Server 2019"},
                                                                                    {14393, "Windows Server 2016"},
                                                                                    {9200, "Windows Server 2012"},
                                                                                    {6001, "Windows Server 2008"}}};

// "Windows Server 2012 R2 Datacenter" has its year in its name; a name without "Server" is a client edition, which
// the import does not take.
std::string windows_platform(const OsFacts &os)
{
    constexpr std::string_view server = "Windows Server";
    for (auto const &platform : all_platforms()) {
        if (platform.starts_with(server) && os.name.find(platform.substr(server.size())) != std::string::npos &&
            os.name.find("Server") != std::string::npos)
            return platform;
    }
    if (!os.name.empty() && os.name != "Windows" && os.name.find("Server") == std::string::npos)
        return {};
    auto const found = std::find_if(windows_versions.begin(), windows_versions.end(),
                                    [&](auto const &mapping) { return os.version == mapping.id; });
    return found == windows_versions.end() ? std::string() : std::string(found->platform);
}

}  // namespace

std::string platform_of(const OsFacts &os)
{
    if (os.id == "windows")
        return windows_platform(os);
    if (os.id == "centos" && os.name.find("Stream") != std::string::npos)
        return "CentOS Stream";
    if (os.id == "fedora" && (os.variant == "coreos" || os.name.find("CoreOS") != std::string::npos))
        return "Fedora CoreOS";
    auto const found =
        std::find_if(mappings.begin(), mappings.end(), [&](auto const &mapping) { return os.id == mapping.id; });
    return found == mappings.end() ? std::string() : std::string(found->platform);
}

std::string platform_of(const GuestFacts &guest)
{
    std::string platform = platform_of(guest.os);
    if (guest.os.id != "windows" || !guest.windows || !guest.windows->version)
        return platform;
    auto const server = is_windows_server(*guest.windows);
    if (!server.value_or(true))
        return {};  // a client edition
    std::uint32_t const build = guest.windows->version->build;
    if (!platform.empty() || !server)
        return platform;
    auto const found = std::find_if(windows_builds.begin(), windows_builds.end(),
                                    [&](auto const &release) { return build >= release.first; });
    return found == windows_builds.end() ? std::string() : std::string(found->second);
}

std::string architecture_of(const std::string &guest_architecture)
{
    constexpr std::array<std::pair<std::string_view, std::string_view>, 9> names{{{"x86_64", "x86_64"},
                                                                                  {"amd64", "x86_64"},
                                                                                  {"i386", "i386"},
                                                                                  {"i486", "i386"},
                                                                                  {"i586", "i386"},
                                                                                  {"i686", "i386"},
                                                                                  {"aarch64", "arm64"},
                                                                                  {"arm64", "arm64"},
                                                                                  {"x86-64", "x86_64"}}};
    auto const found =
        std::find_if(names.begin(), names.end(), [&](auto const &name) { return name.first == guest_architecture; });
    return found == names.end() ? std::string() : std::string(found->second);
}

}  // namespace imgport
