// What we say of units against what systemctl says of the same files.
#include "guest/services.hpp"

#include <gtest/gtest.h>

#include "node_trees.hpp"
#include "testing/tools.hpp"

using namespace imgport;
using namespace imgport::testing;

namespace {

#define UNITS "/usr/lib/systemd/system/"
#define OURS "/etc/systemd/system/"
#define PRESETS "/usr/lib/systemd/system-preset/"

constexpr const char *wanted = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n";
constexpr const char *plain = "[Service]\nExecStart=/bin/true\n";
constexpr const char *socket_unit = "[Socket]\nListenStream=22\n[Install]\nWantedBy=sockets.target\n";

struct Case {
    const char *what;
    Nodes nodes;
    const char *unit;
    // Where what a boot does is not what is-enabled tells, which goes by where links lie: the right answer.
    const char *starts = nullptr;
};

// systemctl's words as those that we have: what it knows and does not start is "disabled".
std::string in_our_words(std::string_view word)
{
    if (word == "enabled" || word == "masked")
        return std::string(word);
    for (std::string_view present : {"disabled", "static", "indirect", "linked"}) {
        if (word == present)
            return "disabled";
    }
    return word.empty() || word == "not-found" ? "missing" : "systemctl says " + std::string(word);
}

std::string as_systemctl_says(const Case &one, bool first_boot)
{
    Workshop const workshop;
    std::filesystem::create_directories(workshop.path() + UNITS);
    std::filesystem::create_directory_symlink("usr/lib", workshop.path() + "/lib");
    add_to_folder(workshop.path(), one.nodes);
    Command command;
    if (first_boot) {
        command.arguments = {"systemctl", "--root=" + workshop.path(), "preset-all", "--preset-mode=enable-only"};
        EXPECT_TRUE(run(command));
    }
    command.arguments = {"systemctl", "--root=" + workshop.path(), "is-enabled", one.unit};
    auto const result = run(command);
    EXPECT_TRUE(result);
    return in_our_words(result ? trim(result->out) : "");
}

std::string as_we_say(const Case &one, bool first_boot)
{
    Guest guest;
    guest.directory("/usr/lib/systemd/system").link("/lib", "usr/lib");
    guest.file("/usr/lib/systemd/systemd", "ELF").link("/sbin/init", "/lib/systemd/systemd");
    guest.file("/etc/machine-id", first_boot ? "uninitialized\n" : "");
    add_to_guest(guest, one.nodes);
    GuestFiles files(guest.tree);
    auto const state = Services(guest.tree).state(files, {one.unit});
    EXPECT_FALSE(files.failed()) << files.reason();
    return !state.masked_by.empty() ? "masked" : state.enabled ? "enabled" : state.present ? "disabled" : "missing";
}

void compare(const std::vector<Case> &cases, bool first_boot)
{
    for (auto const &one : cases) {
        std::string const right = one.starts != nullptr ? one.starts : as_systemctl_says(one, first_boot);
        EXPECT_EQ(as_we_say(one, first_boot), right) << one.what << ": " << one.unit;
    }
}

}  // namespace

TEST(ServicesOracle, WhatIsEnabled)
{
    IMGPORT_NEEDS("systemctl");
    const Node x{UNITS "x.service", wanted};
    const Node wants_x{OURS "multi-user.target.wants/x.service", "->/usr/lib/systemd/system/x.service"};
    const Node y_is_x{OURS "y.service", "->/usr/lib/systemd/system/x.service"};
    const Node templ{UNITS "x@.service", wanted};
    const Node wants_instance{OURS "getty.target.wants/x@tty1.service", "->/usr/lib/systemd/system/x@.service"};
    compare(
        {
            {"nothing", {}, "x.service"},
            {"a unit alone", {x}, "x.service"},
            {"wanted", {x, wants_x}, "x.service"},
            {"required",
             {x, {OURS "multi-user.target.requires/x.service", "->/lib/systemd/system/x.service"}},
             "x.service"},
            {"wanted by a path that is none",
             {x, {OURS "multi-user.target.wants/x.service", "->../nowhere"}},
             "x.service"},
            {"wanted, and gone", {wants_x}, "x.service"},
            {"wanted under a name that no unit has",
             {x, {OURS "multi-user.target.wants/z.service", "->/usr/lib/systemd/system/x.service"}},
             "x.service"},
            {"a file among the links", {x, {OURS "multi-user.target.wants/x.service", plain}}, "x.service"},
            {"a masked want", {x, {OURS "multi-user.target.wants/x.service", "->/dev/null"}}, "x.service", "disabled"},
            {"wanted for rescue only",
             {x, {OURS "rescue.target.wants/x.service", "->/usr/lib/systemd/system/x.service"}},
             "x.service",
             "disabled"},
            {"static", {{UNITS "x.service", plain}}, "x.service"},
            {"static and wanted in /etc", {{UNITS "x.service", plain}, wants_x}, "x.service"},
            {"static and wanted by its vendor",
             {{UNITS "x.service", plain}, {UNITS "multi-user.target.wants/x.service", "->../x.service"}},
             "x.service",
             "enabled"},
            {"its vendor's want masked",
             {{UNITS "x.service", plain},
              {UNITS "multi-user.target.wants/x.service", "->../x.service"},
              {OURS "multi-user.target.wants/x.service", "->/dev/null"}},
             "x.service",
             "disabled"},
            {"masked", {x, {OURS "x.service", "->/dev/null"}}, "x.service"},
            {"masked by a relative link", {x, {OURS "x.service", "->../../../dev/null"}}, "x.service"},
            {"masked and wanted", {x, wants_x, {OURS "x.service", "->/dev/null"}}, "x.service"},
            {"masked by an empty file", {x, wants_x, {OURS "x.service", ""}}, "x.service"},
            {"nothing there, masked", {{OURS "x.service", "->/dev/null"}}, "x.service"},
            {"masked in a weaker folder",
             {{OURS "x.service", wanted}, wants_x, {UNITS "x.service", "->/dev/null"}},
             "x.service"},
            {"/etc before /usr", {x, {OURS "x.service", plain}}, "x.service"},
            {"/usr/local before /usr",
             {x, wants_x, {"/usr/local/lib/systemd/system/x.service", "->/dev/null"}},
             "x.service"},
            {"an alias", {x, y_is_x}, "y.service", "disabled"},
            {"an alias of what is wanted", {x, y_is_x, wants_x}, "y.service", "enabled"},
            {"what an alias was made for", {x, y_is_x, wants_x}, "x.service"},
            {"wanted under its alias",
             {x, y_is_x, {OURS "multi-user.target.wants/y.service", "->/etc/systemd/system/y.service"}},
             "x.service",
             "enabled"},
            {"linked", {{"/opt/x.service", wanted}, {OURS "x.service", "->/opt/x.service"}}, "x.service"},
            {"linked and wanted",
             {{"/opt/x.service", wanted}, {OURS "x.service", "->/opt/x.service"}, wants_x},
             "x.service"},
            {"wanted from elsewhere only",
             {{"/opt/x.service", wanted}, {OURS "multi-user.target.wants/x.service", "->/opt/x.service"}},
             "x.service"},
            {"a link to nothing hides the unit", {x, wants_x, {OURS "x.service", "->/opt/gone.service"}}, "x.service"},
            {"an instance", {templ, wants_instance}, "x@tty1.service"},
            {"another instance", {templ, wants_instance}, "x@tty2.service"},
            {"a masked template", {templ, wants_instance, {OURS "x@.service", "->/dev/null"}}, "x@tty1.service"},
            {"a masked instance", {templ, wants_instance, {OURS "x@tty1.service", "->/dev/null"}}, "x@tty1.service"},
            {"its socket's service",
             {x,
              {UNITS "x.socket", socket_unit},
              {OURS "sockets.target.wants/x.socket", "->/usr/lib/systemd/system/x.socket"}},
             "x.service"},
            {"its socket",
             {x,
              {UNITS "x.socket", socket_unit},
              {OURS "sockets.target.wants/x.socket", "->/usr/lib/systemd/system/x.socket"}},
             "x.socket"},
            {"drop-ins alone", {{OURS "x.service.d/a.conf", wanted}}, "x.service"},
            {"drop-ins", {x, wants_x, {OURS "x.service.d/a.conf", "[Service]\nNice=1\n"}}, "x.service"},
            {"a folder by that name", {{OURS "x.service", "/"}}, "x.service"},
            {"a folder before the unit", {x, wants_x, {OURS "x.service", "/"}}, "x.service", "enabled"},
        },
        false);
}

TEST(ServicesOracle, ScriptsOfSysV)
{
    IMGPORT_NEEDS("systemctl");
    if (::access("/lib/systemd/systemd-sysv-install", X_OK) != 0)
        GTEST_SKIP() << "systemctl has no program here that knows the links of scripts";
    const Node script{"/etc/init.d/x", "#!/bin/sh\n### BEGIN INIT INFO\n# Provides: x\n### END INIT INFO\n"};
    compare(
        {
            {"a script alone", {script}, "x.service"},
            {"started at 5", {script, {"/etc/rc5.d/S02x", "->../init.d/x"}}, "x.service"},
            {"started early", {script, {"/etc/rcS.d/S02x", "->../init.d/x"}}, "x.service"},
            {"stopped at 5", {script, {"/etc/rc5.d/K02x", "->../init.d/x"}}, "x.service"},
            {"a unit hides it",
             {script, {"/etc/rc5.d/S02x", "->../init.d/x"}, {UNITS "x.service", wanted}},
             "x.service"},
            {"links whose script is gone", {{"/etc/rc5.d/S02x", "->../init.d/x"}}, "x.service"},
        },
        false);
}

TEST(ServicesOracle, WhatAFirstBootEnables)
{
    IMGPORT_NEEDS("systemctl");
    const Node x{UNITS "x.service", wanted};
    const Node none{PRESETS "99.preset", "disable *\n"};
    compare(
        {
            {"no preset", {x}, "x.service"},
            {"all off", {x, none}, "x.service"},
            {"no line end", {x, {PRESETS "99.preset", "disable *"}}, "x.service"},
            {"a pattern",
             {x, none, {PRESETS "10.preset", "# disable x.service\n ; disable *\n  enable \t x.*  \n"}},
             "x.service"},
            {"no suffix", {x, none, {PRESETS "10.preset", "enable x\n"}}, "x.service"},
            {"more words", {x, none, {PRESETS "10.preset", "enable x.service # always\n"}}, "x.service"},
            {"more words off", {x, {PRESETS "10.preset", "disable x.service # always\n"}}, "x.service"},
            {"another case", {x, none, {PRESETS "10.preset", "Enable x.service\nenable X.service\n"}}, "x.service"},
            {"carriage returns", {x, none, {PRESETS "10.preset", "enable x.service\r\n"}}, "x.service"},
            {"another kind of file", {x, none, {PRESETS "10.conf", "enable x.service\n"}}, "x.service"},
            {"the first line", {x, {PRESETS "1.preset", "enable x.service\ndisable x.service\n"}}, "x.service"},
            {"by name, not by folder",
             {x,
              {PRESETS "50.preset", "disable x.service\n"},
              {"/etc/systemd/system-preset/60.preset", "enable x.service\n"}},
             "x.service"},
            {"the same name in /etc",
             {x,
              {PRESETS "50.preset", "disable x.service\n"},
              {"/etc/systemd/system-preset/50.preset", "enable x.service\n"}},
             "x.service"},
            {"a masked file",
             {x, {PRESETS "50.preset", "disable *\n"}, {"/etc/systemd/system-preset/50.preset", "->/dev/null"}},
             "x.service"},
            {"an emptied file",
             {x, {PRESETS "50.preset", "disable *\n"}, {"/etc/systemd/system-preset/50.preset", ""}},
             "x.service"},
            {"/usr/local",
             {x, none, {"/usr/local/lib/systemd/system-preset/1.preset", "enable x.service\n"}},
             "x.service"},
            {"nothing to install", {{UNITS "x.service", plain}}, "x.service"},
            {"an empty [Install]", {{UNITS "x.service", "[Service]\nExecStart=/bin/true\n[Install]\n"}}, "x.service"},
            {"installed by a drop-in",
             {{UNITS "x.service", plain}, {UNITS "x.service.d/a.conf", "[Install]\nWantedBy=multi-user.target\n"}},
             "x.service"},
            {"required", {{UNITS "x.service", "[Install]\nRequiredBy=a.target b.target\n"}}, "x.service"},
            {"a unit of /etc", {{OURS "x.service", wanted}}, "x.service"},
            {"masked", {x, {OURS "x.service", "->/dev/null"}}, "x.service"},
            {"what is on stays on",
             {x, none, {OURS "multi-user.target.wants/x.service", "->/usr/lib/systemd/system/x.service"}},
             "x.service"},
            {"a name and no more", {{UNITS "x.service", "[Install]\nAlias=z.service\n"}}, "x.service", "disabled"},
            {"for rescue only", {{UNITS "x.service", "[Install]\nWantedBy=rescue.target\n"}}, "x.service", "disabled"},
        },
        true);
}
