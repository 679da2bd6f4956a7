#include "guest/hostname.hpp"

#include <algorithm>

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
    // Longer than a host name can be: what is cut off is said.
    if (name.size() > 255)
        name.replace(252, std::string::npos, "...");
    return files.answer(std::move(name));
}

namespace {

bool is_loopback(std::string_view address)
{
    return address.starts_with("127.") || address == "::1" || address == "0.0.0.0" || address == "::";
}

std::string first_label(std::string_view name)
{
    return to_lower(name.substr(0, name.find('.')));
}

}  // namespace

Known<std::vector<Evidence>> read_own_addresses(FileTree &tree, const std::string &hostname)
{
    GuestFiles files(tree);
    std::vector<Evidence> lines;
    std::string const own = first_label(hostname);
    // "localhost" is everybody's.
    auto const text = own.empty() || own == "localhost" ? std::nullopt : files.text("/etc/hosts");
    std::uint64_t number = 0;
    for (auto line : lines_of(text ? std::string_view(*text) : std::string_view())) {
        ++number;
        line = line.substr(0, line.find('#'));
        auto const words = split_blanks(line);
        if (words.size() < 2 || is_loopback(words[0]) || lines.size() == 100)
            continue;
        if (std::any_of(words.begin() + 1, words.end(), [&](auto const &name) { return first_label(name) == own; }))
            lines.push_back({"/etc/hosts", number, {}, std::string(trim(line)).substr(0, 200)});
    }
    return files.answer(std::move(lines));
}

}  // namespace imgport
