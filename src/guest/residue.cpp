#include "guest/residue.hpp"

#include <algorithm>

#include "guest/guest_text.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t max_found = 200;

std::string state_of_id(GuestFiles &files, const std::string &path)
{
    if (!files.exists(path))
        return "missing";
    auto const text = files.text(path);
    std::string_view const id = trim(text ? std::string_view(*text) : std::string_view());
    return id.empty() ? "empty" : id == "uninitialized" ? "uninitialized" : "set";
}

void add(std::vector<std::string> &found, const std::string &path)
{
    if (found.size() < max_found && std::find(found.begin(), found.end(), path) == found.end())
        found.push_back(path);
}

// Folders that packages ship empty say nothing; what lies in them does.
void read_cloud_state(GuestFiles &files, ResidueFacts &facts)
{
    const std::string base = "/var/lib/cloud/";
    if (files.stat(base + "instance", FollowLinks::no))
        add(facts.cloud_state, base + "instance");
    for (const char *folder : {"instances", "data", "sem", "seed"}) {
        for (auto const &entry : files.list(base + folder)) {
            std::string const path = base + folder + "/" + entry.name;
            bool const empty = files.is_directory(path) && files.list(path).empty();
            if (!empty)
                add(facts.cloud_state, path);
        }
    }
}

void read_leases(GuestFiles &files, ResidueFacts &facts)
{
    auto const has_content = [&](const std::string &path) {
        auto const status = files.stat(path);
        return status && status->kind == FileKind::regular && status->size > 0;
    };
    for (const char *folder : {"/var/lib/dhcp", "/var/lib/dhcp3", "/var/lib/dhclient", "/var/lib/dhcpcd",
                               "/var/lib/NetworkManager", "/var/lib/wicked", "/var/db", "/var/lib/dhcpcd5"}) {
        for (auto const &path : files.files_in(folder, "")) {
            std::string const name = base_name(path);
            if ((name.find("lease") != std::string::npos) && has_content(path))
                add(facts.leases, path);
        }
    }
    for (const char *path : {"/var/lib/systemd/random-seed", "/var/lib/urandom/random-seed", "/var/lib/random-seed",
                             "/var/lib/misc/random-seed", "/var/lib/NetworkManager/secret_key", "/dev/.udev/db"}) {
        if (has_content(path))
            add(facts.leases, path);
    }
}

}  // namespace

Known<ResidueFacts> read_residue(FileTree &tree)
{
    GuestFiles files(tree);
    ResidueFacts facts;
    facts.machine_id = state_of_id(files, "/etc/machine-id");
    const std::string dbus = "/var/lib/dbus/machine-id";
    facts.dbus_machine_id = files.link(dbus) ? "link" : state_of_id(files, dbus);
    read_cloud_state(files, facts);
    read_leases(files, facts);
    return files.answer(std::move(facts));
}

}  // namespace imgport
