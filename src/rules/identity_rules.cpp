// Whether the system is still recognised for what it is.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <imgport/import_parameters.hpp>

#include "rules/guest_facts.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// --------------------------------------------------------------------------------------------- /etc/issue

// What a distribution calls itself in the greeting, lower case.
struct IssueName {
    std::string_view id;  // of os-release
    std::string_view word;
};
constexpr std::array issue_names{
    IssueName{"debian", "debian"},
    IssueName{"ubuntu", "ubuntu"},
    IssueName{"centos", "centos"},
    IssueName{"rhel", "red hat"},
    IssueName{"fedora", "fedora"},
    IssueName{"rocky", "rocky linux"},
    IssueName{"almalinux", "almalinux"},
    IssueName{"ol", "oracle linux"},
    IssueName{"scientific", "scientific linux"},
    IssueName{"sles", "suse linux enterprise"},
    IssueName{"sles_sap", "suse linux enterprise"},
    IssueName{"sled", "suse linux enterprise"},
    IssueName{"opensuse", "opensuse"},
    IssueName{"opensuse-leap", "opensuse"},
    IssueName{"opensuse-tumbleweed", "opensuse"},
    IssueName{"alpine", "alpine linux"},
    IssueName{"amzn", "amazon linux"},
    IssueName{"arch", "arch linux"},
};

std::string_view word_of(std::string_view id)
{
    auto const found =
        std::find_if(issue_names.begin(), issue_names.end(), [&](auto const &name) { return name.id == id; });
    return found == issue_names.end() ? std::string_view() : found->word;
}

// agetty(8): \S is os-release's PRETTY_NAME, \S{VARIABLE} another of its variables.
bool names_by_escape(std::string_view text)
{
    for (auto at = text.find("\\S"); at != std::string_view::npos; at = text.find("\\S", at + 2)) {
        std::string_view const rest = text.substr(at + 2);
        if (!rest.starts_with('{') || rest.starts_with("{PRETTY_NAME}") || rest.starts_with("{NAME}") ||
            rest.starts_with("{ID}"))
            return true;
    }
    return false;
}

// The name of another distribution in a text that does not name its own; empty where there is none.
std::string_view other_name(const OsFacts &os, const std::string &lower)
{
    for (auto const &name : issue_names) {
        if (name.id != os.id && !contains(os.id_like, name.id) && lower.find(name.word) != std::string::npos)
            return name.word;
    }
    return {};
}

// What is wrong with a greeting; empty where nothing is. Of a distribution whose own greeting is not known here, some
// have none with a name in it, so only another one's name is a contradiction.
std::string issue_problem(const OsFacts &os, const IssueFile &issue)
{
    // Written anew at each start (SUSE's issue-generator), so nothing in the image was edited.
    if (!issue.link.empty() && issue.text.empty())
        return {};
    std::string const lower = to_lower(issue.text);
    std::string_view const own = word_of(os.id);
    if (names_by_escape(issue.text) || (!own.empty() && lower.find(own) != std::string::npos))
        return {};
    if (auto const other = other_name(os, lower); !other.empty())
        return fmt::format("{} names '{}', but the system is {}", issue.path, other, os.name.empty() ? os.id : os.name);
    if (own.empty())
        return {};
    return fmt::format("{} {} the name of the distribution, '{}'", issue.path,
                       issue.text.empty() ? "is empty and lacks" : "no longer has", own);
}

Outcome issue_intact(const RuleContext &context)
{
    auto const &os = context.guest->os;
    if (os.id.empty())
        return not_applicable("the system is not known: see os-release");
    auto const &issue = context.guest->issue;
    if (!issue)
        return unknown(issue.reason());
    std::string network;  // what is wrong with issue.net alone
    std::vector<Evidence> evidence;
    bool login = false;
    for (auto const &file : *issue) {
        login |= file.path == "/etc/issue";
        std::string problem = issue_problem(os, file);
        if (problem.empty())
            continue;
        evidence.push_back({.file = file.path,
                            .line = 1,
                            .offset = {},
                            .value = std::string(trim(file.text.substr(0, file.text.find('\n'))))});
        if (file.path == "/etc/issue")
            return violated(problem + ": the cloud tells by it what to configure, and the creation of a system fails",
                            std::move(evidence));
        network = std::move(problem);
    }
    if (!network.empty())
        return violated(network + "; /etc/issue itself is as it should be", std::move(evidence), "beside");
    // Every installation of these has the file; SUSE's may be made at boot.
    std::string_view const own = word_of(os.id);
    if (!login && !own.empty() && own.find("suse") == std::string_view::npos)
        return violated("there is no /etc/issue, by which the cloud tells the distribution",
                        {seen("/etc/issue", "missing")}, "beside");
    if (!login)
        return not_applicable("there is no /etc/issue, and this distribution need not have one");
    return passed("/etc/issue does not contradict the system's own name");
}

// ------------------------------------------------------------------------------------------ supported systems

std::optional<std::uint64_t> leading_number(std::string_view text)
{
    return parse_number(text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size())));
}

// "6-10", "15", "18-" (and newer): the bounds of one piece of a list of versions.
struct Versions {
    std::uint64_t least = 0;
    std::uint64_t most = 0;
};
Versions versions_of(std::string_view piece)
{
    auto const dash = piece.find('-');
    std::uint64_t const least = parse_number(piece.substr(0, dash)).value_or(0);
    if (dash == std::string_view::npos)
        return {least, least};
    return {least, parse_number(piece.substr(dash + 1)).value_or(UINT64_MAX)};
}

Outcome os_supported(const RuleContext &context)
{
    auto const &os = context.guest->os;
    if (os.id.empty())
        return not_applicable("the system is not known: see os-release");
    if (os.id == "windows")
        return not_applicable("a rule for Linux and FreeBSD; the release of Windows is judged by itself");
    auto const &systems = context.profile.systems;
    if (systems.empty())
        return not_applicable("the profile lists no systems");
    std::string const name = os.name.empty() ? os.id + " " + os.version : os.name;
    Evidence const evidence = seen(os.source, os.id + " " + os.version);
    std::string const platform = platform_of(os);
    auto const listed = systems.find(platform);
    if (platform.empty() || listed == systems.end())
        return violated(fmt::format("{} is not in the list of systems that the import supports: it comes in as 'Others "
                                    "Linux', and the cloud configures nothing in it",
                                    name),
                        {evidence}, "unlisted");
    if (listed->second == "all")
        return passed(fmt::format("{}: all versions are supported", platform));
    auto const version = leading_number(os.version);
    if (!version)
        return violated(fmt::format("{} names no version (a rolling release or a test version); {} {} is listed", name,
                                    platform, listed->second),
                        {evidence}, "newer");
    Versions last;
    for (auto const &piece : split_blanks(listed->second)) {
        last = versions_of(piece);
        if (*version >= last.least && *version <= last.most)
            return passed(fmt::format("{} {} is supported", platform, *version));
    }
    // The list is in the order of the releases: openSUSE's 42 came before its 15.
    if (*version > last.most)
        return violated(fmt::format("{} is newer than the documents behind this profile, which name {} {}", name,
                                    platform, listed->second),
                        {evidence}, "newer");
    return violated(fmt::format("{} is not supported by the import: {} {} is listed", name, platform, listed->second),
                    {evidence});
}

// ---------------------------------------------------------------------------------------------- host name

Outcome hostname_file(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (auto const gap = guest.gaps.find("hostname"); gap != guest.gaps.end())
        return unknown(gap->second);
    if (!guest.hosts)
        return unknown(guest.hosts.reason());
    if (!guest.hosts->empty())
        return violated(fmt::format("/etc/hosts gives this machine's own name a fixed address ({}): the instance has "
                                    "another",
                                    guest.hosts->front().value),
                        *guest.hosts);
    std::string const &name = guest.hostname;
    bool const local = name.empty() || to_lower(name).starts_with("localhost");
    bool const domain = !local && name.find('.') != std::string::npos;
    if (!local && !domain)
        return passed(fmt::format("the host name is {}", name), {seen("/etc/hostname", name)});
    // Whatever stands there is replaced at the first start.
    if (is_coreos(guest.os))
        return passed("the host name is set at the first start");
    if (!guest.cloud_init)
        return unknown(guest.cloud_init.reason());
    if (guest.cloud_init->installed && guest.cloud_init->enabled && !guest.cloud_init->preserve_hostname)
        return passed("cloud-init sets the host name at the first start", {seen("/etc/hostname", name)});
    if (local)
        return violated(fmt::format("the host name is {}, and nothing sets another: every instance has that one",
                                    name.empty() ? "not set" : name),
                        {seen("/etc/hostname", name.empty() ? "empty or missing" : name)});
    return violated(fmt::format("the host name {} belongs to a domain, and nothing sets another", name),
                    {seen("/etc/hostname", name)});
}

}  // namespace

std::vector<Rule> identity_rules()
{
    std::string const group = "system";
    return {
        {{"issue-intact",
          group,
          "/etc/issue still says which distribution this is",
          "The cloud tells the distribution by it; where it cannot, the creation of a system fails.",
          "Restore the file (Debian, Ubuntu: apt install --reinstall -o Dpkg::Options::=--force-confmiss,confnew "
          "base-files; RHEL, CentOS: dnf reinstall the *-release package) and put a banner into /etc/motd, or name it "
          "with Banner in sshd_config",
          cite({"INS"}),
          {"", "beside"}},
         Reads::guest,
         Guests::linux_only,
         issue_intact},
        {{"os-supported",
          group,
          "The distribution and its version are supported by the import",
          "What the cloud does not know it does not configure; of old versions the import may fail.",
          "One that is too old: upgrade it before the import. One that is newer than the documents: see whether the "
          "cloud's current list names it, and import it as that version. Else import as 'Others Linux' with a password "
          "or a key in the image, and DHCP",
          cite({"INS", "API"}),
          {"", "newer", "unlisted"}},
         Reads::guest,
         Guests::any,
         os_supported},
        {{"hostname-file",
          group,
          "The host name is neither empty nor tied to the old network",
          "Instances are called localhost, or look for themselves under the old machine's address.",
          "echo NAME > /etc/hostname, and take the old address out of /etc/hosts (127.0.1.1 NAME is enough); or let "
          "cloud-init set it (preserve_hostname: false)",
          cite({"PRACTICE"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         hostname_file},
    };
}

}  // namespace imgport
