#include "guest/hostname.hpp"

#include "guest/guest_text.hpp"
#include "support/text.hpp"

namespace imgport {

Known<std::string> read_hostname(FileTree &tree)
{
    GuestFiles files(tree);
    std::string name;
    // SUSE's and Gentoo's old places hold the bare name or an assignment.
    for (const char *path : {"/etc/hostname", "/etc/HOSTNAME"}) {
        auto const text = files.text(path);
        if (!text || !name.empty())
            continue;
        for (auto line : lines_of(*text)) {
            line = trim(line);
            if (name.empty() && !line.empty() && line.front() != '#')
                name = line;
        }
    }
    const std::pair<const char *, const char *> settings[] = {{"/etc/sysconfig/network", "HOSTNAME"},
                                                              {"/etc/rc.conf", "hostname"}};
    for (auto const &[path, key] : settings) {
        if (!name.empty() || files.is_directory(path))
            continue;
        if (auto const text = files.text(path))
            name = value_of(shell_assignments(*text), key);
    }
    return files.answer(name.substr(0, 255));
}

}  // namespace imgport
