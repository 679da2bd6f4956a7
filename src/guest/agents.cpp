#include "guest/agents.hpp"

#include <algorithm>

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
