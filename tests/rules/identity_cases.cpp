#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

// Text with its backslashes as JSON wants them.
std::string issue(const std::string &text)
{
    return R"({"/inspection/guest/issue": [{"path": "/etc/issue", "text": ")" + text + "\"}]}";
}

std::string os(const std::string &id, const std::string &version, const std::string &more = "")
{
    return R"({"/inspection/guest/os": {"id": ")" + id + R"(", "version": ")" + version +
           R"(", "source": "/etc/os-release"})" + more + "}";
}

std::string os_and_issue(const std::string &id, const std::string &text, const std::string &like = "")
{
    return R"({"/inspection/guest/os": {"id": ")" + id + R"(", "version": "18", "id_like": [)" + like +
           R"(]}, "/inspection/guest/issue": [{"path": "/etc/issue", "text": ")" + text + "\"}]}";
}

RuleCase supported(Status status, const std::string &changes, const std::string &says, const std::string &severity = {},
                   const std::string &profile = "alibaba")
{
    return {"os-supported", status, changes, says, {}, "bios", severity, profile};
}

RuleCase hostname(Status status, const std::string &changes, const std::string &says = {})
{
    // Without cloud-init nobody gives root a password.
    bool const alone = changes.find("cloud_init/enabled") != std::string::npos;
    return {"hostname-file", status, changes, says,
            alone ? std::vector<std::string>{"root-locked"} : std::vector<std::string>{}};
}

}  // namespace

std::vector<RuleCase> identity_cases()
{
    return {
        // The greetings that the distributions ship.
        {"issue-intact", passed, "{}"},
        {"issue-intact", passed, "{}", "", {}, "uefi"},
        {"issue-intact", passed, os_and_issue("ubuntu", R"(Ubuntu 22.04.3 LTS \\n \\l)")},
        {"issue-intact", passed, os_and_issue("centos", R"(CentOS release 6.9 (Final)\nKernel \\r on an \\m)")},
        {"issue-intact", passed, os_and_issue("rhel", R"(\\S\nKernel \\r on an \\m)")},
        {"issue-intact", passed, os_and_issue("rhel", R"(\\S{PRETTY_NAME} \\l)")},
        {"issue-intact", passed,
         os_and_issue("sles", R"(Welcome to SUSE Linux Enterprise Server 12 SP5  (x86_64) - Kernel \\r (\\l).)")},
        {"issue-intact", passed, os_and_issue("opensuse-leap", R"(Welcome to openSUSE Leap 15.4 - Kernel \\r (\\l).)")},
        {"issue-intact", passed, os_and_issue("alpine", R"(Welcome to Alpine Linux 3.18\nKernel \\r on an \\m (\\l))")},
        // Greetings without a name in them, as their distributions ship them.
        {"issue-intact", passed, os_and_issue("gentoo", R"(This is \\n.\\O (\\s \\m \\r) \\t)")},
        {"issue-intact", passed, os_and_issue("openeuler", "Authorized users only. All activities may be monitored")},
        // A derivative that kept its parent's.
        {"issue-intact", passed, os_and_issue("mydebian", R"(Debian GNU/Linux 12 \\n \\l)", "\"debian\"")},
        {"issue-intact", passed,
         R"({"/inspection/guest/os": {"id": "sles", "version": "15.5"},
             "/inspection/guest/issue": [{"path": "/etc/issue", "link": "../run/issue"}]})"},
        {"issue-intact",
         violated,
         issue("Authorised use only. Activity is recorded."),
         "no longer has the name",
         {},
         "bios",
         "fail"},
        {"issue-intact", violated, issue(""), "is empty and lacks the name"},
        {"issue-intact", violated, issue(R"(Ubuntu 22.04 LTS \\n \\l)"), "names 'ubuntu', but the system is Debian"},
        {"issue-intact", violated, issue(R"(\\S{VERSION} \\l)"), "no longer has"},
        {"issue-intact", violated, os_and_issue("gentoo", "CentOS Linux 7"), "names 'centos'"},
        {"issue-intact", violated, os_and_issue("sles", "Welcome to openSUSE Leap 15.4"), "names 'opensuse'"},
        {"issue-intact",
         violated,
         R"({"/inspection/guest/issue/1/text": "Keep out"})",
         "/etc/issue itself is as it",
         {},
         "bios",
         "recommendation"},
        {"issue-intact",
         violated,
         R"({"/inspection/guest/issue": []})",
         "there is no /etc/issue",
         {},
         "bios",
         "recommendation"},
        {"issue-intact", not_applicable,
         R"({"/inspection/guest/os": {"id": "sles", "version": "15.5"}, "/inspection/guest/issue": []})"},
        {"issue-intact", not_applicable, R"({"/inspection/guest/os": {"id": ""}})", "see os-release"},
        {"issue-intact", unknown, R"({"/inspection/guest/issue": {"unknown": "cut"}})", "cut"},
        {"issue-intact", not_applicable, "{}", "a rule for Linux systems", {}, "freebsd"},

        supported(passed, os("debian", "10"), "Debian 10"),
        supported(passed, os("debian", "6.0.10"), "Debian 6"),
        supported(passed, os("ubuntu", "20.04"), "Ubuntu 20"),
        supported(passed, os("opensuse", "42.3"), "OpenSUSE 42"),
        supported(passed, os("rhel", "9.3"), "all versions"),
        supported(violated, "{}", "Debian GNU/Linux 12 (bookworm) is newer", "recommendation"),
        supported(violated, os("opensuse-leap", "16.0"), "is newer", "recommendation"),
        supported(violated, os("debian", ""), "names no version", "recommendation"),
        supported(violated, os("debian", "5.0.10"), "not supported", "fail"),
        supported(violated, os("ubuntu", "17.10"), "10 12 13 14 16 18 20 is listed", "fail"),
        supported(violated, os("opensuse", "12.3"), "not supported", "fail"),
        supported(violated, os("alpine", "3.18"), "Others Linux", "feature"),
        supported(violated, os("rocky", "9.3"), "Others Linux", "feature"),
        supported(passed, os("rocky", "9.3"), "all versions", "", "alibaba-2026"),
        supported(passed, os("debian", "12"), "Debian 12", "", "alibaba-2026"),
        supported(violated, os("debian", "5"), "not supported", "fail", "alibaba-2026"),
        supported(not_applicable, R"({"/inspection/guest/os": {"id": ""}})", "see os-release"),
        {"os-supported", passed, "{}", "FreeBSD", {}, "freebsd"},

        hostname(passed, "{}", "web-1"),
        hostname(passed, R"({"/inspection/guest/hostname": "localhost.localdomain"})", "cloud-init sets"),
        hostname(passed, R"({"/inspection/guest/hostname": "web.example.com"})", "cloud-init sets"),
        hostname(violated, R"({"/inspection/guest/hostname": "", "/inspection/guest/cloud_init/enabled": false})",
                 "not set"),
        hostname(
            violated,
            R"({"/inspection/guest/hostname": "localhost", "/inspection/guest/cloud_init/preserve_hostname": true})",
            "localhost"),
        hostname(violated,
                 R"({"/inspection/guest/hostname": "web.example.com", "/inspection/guest/cloud_init/enabled": false})",
                 "belongs to a domain"),
        hostname(violated,
                 R"({"/inspection/guest/hosts": [{"file": "/etc/hosts", "line": 3, "value": "192.0.2.5 web-1"}]})",
                 "192.0.2.5 web-1"),
        hostname(unknown, R"({"/inspection/guest/hosts": {"unknown": "cut"}})", "cut"),
        hostname(unknown, R"({"/inspection/guest/gaps": {"hostname": "damaged"}})", "damaged"),
        {"hostname-file", passed, "{}", "first start", {}, "coreos"},
    };
}

}  // namespace imgport::testing
