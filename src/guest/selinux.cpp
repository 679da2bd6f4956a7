#include "guest/selinux.hpp"

#include "guest/guest_text.hpp"
#include "support/text.hpp"

namespace imgport {

Known<SelinuxFacts> read_selinux(FileTree &tree, std::string_view cmdline)
{
    GuestFiles files(tree);
    SelinuxFacts facts;
    const std::string path = "/etc/selinux/config";
    auto const text = files.text(path);
    if (text) {
        auto const values = shell_assignments(*text);
        if (auto const mode = values.find("SELINUX"); mode != values.end()) {
            facts.mode.value = to_lower(mode->second.value);
            facts.mode.where = {path, mode->second.line, {}, "SELINUX=" + mode->second.value};
        }
    }
    facts.installed = text.has_value() || files.is_directory("/etc/selinux/targeted/policy") ||
                      files.is_directory("/etc/selinux/default/policy");
    // selinux(8): without the file, or without the line, it stays off.
    if (facts.mode.value.empty())
        facts.mode.value = "disabled";
    for (auto const &argument : split_blanks(cmdline)) {
        if (argument == "selinux=0")
            facts.mode = {"disabled", {"kernel command line", {}, {}, argument}};
        else if (argument == "enforcing=0" && facts.mode.value == "enforcing")
            facts.mode = {"permissive", {"kernel command line", {}, {}, argument}};
        else if (argument == "enforcing=1" && facts.mode.value == "permissive")
            facts.mode = {"enforcing", {"kernel command line", {}, {}, argument}};
    }
    return files.answer(std::move(facts));
}

}  // namespace imgport
