#include "guest/os_release.hpp"

#include <array>

#include "guest/guest_text.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// The first word that begins with a digit, as far as it is a version: "6.9" of "CentOS release 6.9 (Final)".
std::string version_in(std::string_view text)
{
    for (auto const &word : split_blanks(text)) {
        if (word.front() >= '0' && word.front() <= '9')
            return word.substr(0, word.find_first_not_of("0123456789."));
    }
    return {};
}

std::string first_line(std::string_view text)
{
    auto const lines = lines_of(text);
    return lines.empty() ? std::string() : std::string(trim(lines.front()));
}

struct ReleaseName {
    const char *prefix;  // of the release file's first line, lower case
    const char *id;      // what that distribution's os-release says
};

constexpr std::array<ReleaseName, 14> release_names{{
    {"centos", "centos"},
    {"red hat enterprise linux", "rhel"},
    {"fedora", "fedora"},
    {"oracle linux", "ol"},
    {"enterprise linux enterprise linux", "ol"},
    {"scientific linux", "scientific"},
    {"rocky linux", "rocky"},
    {"almalinux", "almalinux"},
    {"alibaba cloud linux", "alinux"},
    {"aliyun linux", "alinux"},
    {"amazon linux", "amzn"},
    {"suse linux enterprise server", "sles"},
    {"suse linux enterprise", "sles"},
    {"opensuse", "opensuse"},
}};

std::string id_of_release(std::string_view line)
{
    std::string const lower = to_lower(line);
    for (auto const &name : release_names) {
        if (lower.starts_with(name.prefix))
            return name.id;
    }
    return {};
}

bool from_os_release(GuestFiles &files, OsFacts &os)
{
    for (const char *path : {"/etc/os-release", "/usr/lib/os-release"}) {
        auto const text = files.text(path);
        if (!text || files.failed())
            continue;
        auto const values = shell_assignments(*text);
        if (values.empty() && has_active_line(*text)) {
            files.fail(path, "no line of the form KEY=value");
            return false;
        }
        // os-release(5): "If not set, a default of ID=linux may be used."
        if (!values.contains("ID") && !values.contains("NAME"))
            continue;
        os.id = values.contains("ID") ? to_lower(value_of(values, "ID")) : "linux";
        os.version = value_of(values, "VERSION_ID");
        os.name = value_of(values, values.contains("PRETTY_NAME") ? "PRETTY_NAME" : "NAME");
        os.id_like = split_blanks(to_lower(value_of(values, "ID_LIKE")));
        os.variant = to_lower(value_of(values, "VARIANT_ID"));
        os.source = path;
        return true;
    }
    return false;
}

// "NAME release VERSION (Codename)".
bool from_release_line(GuestFiles &files, OsFacts &os)
{
    for (const char *path : {"/etc/centos-release", "/etc/oracle-release", "/etc/redhat-release", "/etc/SuSE-release",
                             "/etc/system-release"}) {
        auto const text = files.text(path);
        if (!text)
            continue;
        std::string const line = first_line(*text);
        os.id = id_of_release(line);
        if (os.id.empty())
            continue;
        os.version = version_in(line);
        os.name = line;
        os.source = path;
        // SUSE's file has the parts in lines of their own: "VERSION = 11", "PATCHLEVEL = 4".
        for (auto const &entry : split(*text, '\n')) {
            auto const words = split_blanks(entry);
            if (words.size() == 3 && words[0] == "PATCHLEVEL" && words[2] != "0")
                os.version += "." + words[2];
        }
        return true;
    }
    return false;
}

bool from_lsb_release(GuestFiles &files, OsFacts &os)
{
    auto const text = files.text("/etc/lsb-release");
    if (!text)
        return false;
    auto const values = shell_assignments(*text);
    os.id = to_lower(value_of(values, "DISTRIB_ID"));
    os.version = value_of(values, "DISTRIB_RELEASE");
    os.name = value_of(values, "DISTRIB_DESCRIPTION");
    os.source = "/etc/lsb-release";
    return !os.id.empty();
}

// A file that holds the version and nothing else.
bool from_version_file(GuestFiles &files, OsFacts &os, const char *path, const char *id, const char *name)
{
    auto const text = files.text(path);
    if (!text)
        return false;
    os.id = id;
    os.version = version_in(first_line(*text));
    os.name = std::string(name) + " " + first_line(*text);
    os.source = path;
    return true;
}

bool from_freebsd(GuestFiles &files, OsFacts &os)
{
    auto const script = files.text("/bin/freebsd-version");
    if (!script && !(files.exists("/etc/rc.conf") && files.exists("/boot/kernel/kernel")))
        return false;
    os.id = "freebsd";
    os.name = "FreeBSD";
    os.source = script ? "/bin/freebsd-version" : "/boot/kernel/kernel";
    if (script) {
        std::string const release = value_of(shell_assignments(*script), "USERLAND_VERSION");
        os.version = version_in(release);
        if (!release.empty())
            os.name += " " + release;
    }
    return true;
}

bool from_windows(GuestFiles &files, OsFacts &os)
{
    auto const windows = find_ignoring_case(files, "/", "windows");
    auto const system = windows ? find_ignoring_case(files, *windows, "system32") : std::nullopt;
    if (!system)
        return false;
    os.id = "windows";
    os.name = "Windows";
    os.source = *system;
    return true;
}

}  // namespace

std::optional<std::string> find_ignoring_case(GuestFiles &files, const std::string &directory, std::string_view name)
{
    for (auto const &entry : files.list(directory)) {
        if (to_lower(entry.name) == to_lower(name))
            return (directory == "/" ? "" : directory) + "/" + entry.name;
    }
    return std::nullopt;
}

Known<OsFacts> read_os_release(FileTree &tree)
{
    GuestFiles files(tree);
    OsFacts os;
    bool const found = from_os_release(files, os) || from_release_line(files, os) || from_lsb_release(files, os) ||
                       from_version_file(files, os, "/etc/alpine-release", "alpine", "Alpine Linux") ||
                       from_version_file(files, os, "/etc/debian_version", "debian", "Debian GNU/Linux") ||
                       from_freebsd(files, os) || from_windows(files, os);
    return files.answer(found ? os : OsFacts{});
}

}  // namespace imgport
