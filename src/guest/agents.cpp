#include "guest/agents.hpp"

#include <algorithm>
#include <array>

namespace imgport {

Known<std::vector<std::string>> read_qemu_guest_agent(FileTree &tree)
{
    GuestFiles files(tree);
    std::vector<std::string> traces;
    for (const char *path :
         {"/usr/bin/qemu-ga", "/usr/sbin/qemu-ga", "/usr/local/bin/qemu-ga",
          "/usr/lib/systemd/system/qemu-guest-agent.service", "/lib/systemd/system/qemu-guest-agent.service",
          "/etc/init.d/qemu-guest-agent", "/etc/init.d/qemu-ga", "/var/lib/dpkg/info/qemu-guest-agent.md5sums",
          "/usr/local/etc/rc.d/qemu-guest-agent"}) {
        // On a merged /usr two of these names are one file.
        auto const real = files.exists(path) ? files.resolve(path) : std::nullopt;
        if (real && std::find(traces.begin(), traces.end(), *real) == traces.end())
            traces.push_back(*real);
    }
    return files.answer(std::move(traces));
}

Known<std::vector<Evidence>> read_cloud_agents(FileTree &tree)
{
    struct Agent {
        const char *path;
        const char *name;
    };
    constexpr std::array agents{
        Agent{"/usr/sbin/waagent", "waagent"},
        Agent{"/usr/bin/waagent", "waagent"},
        Agent{"/usr/local/sbin/waagent", "waagent"},
        Agent{"/usr/bin/google_guest_agent", "google-guest-agent"},
        Agent{"/usr/bin/google_guest_agent_manager", "google-guest-agent"},
        Agent{"/usr/bin/google_accounts_daemon", "google-guest-agent"},  // its predecessor
    };
    GuestFiles files(tree);
    std::vector<Evidence> found;
    for (auto const &agent : agents) {
        bool const known =
            std::any_of(found.begin(), found.end(), [&](auto const &item) { return item.value == agent.name; });
        if (!known && files.exists(agent.path))
            found.push_back({.file = agent.path, .line = {}, .offset = {}, .value = agent.name});
    }
    return files.answer(std::move(found));
}

Known<std::string> read_growpart(FileTree &tree)
{
    GuestFiles files(tree);
    for (const char *path : {"/usr/bin/growpart", "/usr/sbin/growpart", "/sbin/growpart", "/usr/local/bin/growpart"}) {
        if (files.exists(path))
            return std::string(path);
    }
    return files.answer(std::string());
}

Known<std::vector<SystemDirectory>> read_system_directories(FileTree &tree)
{
    GuestFiles files(tree);
    std::vector<SystemDirectory> directories;
    for (const char *path : {"/bin", "/sbin", "/lib", "/lib64"}) {
        SystemDirectory directory{path, {}, {}};
        if (auto const status = files.stat(path, FollowLinks::no)) {
            directory.kind = status->kind == FileKind::directory ? "directory"
                             : status->kind == FileKind::symlink ? "symlink"
                                                                 : "other";
            directory.target = files.link(path).value_or("");
        }
        directories.push_back(std::move(directory));
    }
    return files.answer(std::move(directories));
}

}  // namespace imgport
