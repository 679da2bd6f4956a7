#include "guest/login_limits.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "guest/guest_text.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr unsigned max_files = 64;
constexpr std::size_t max_found = 100;

// The line of a PAM service that has `module` in its `type` stack, what it includes looked through as well.
std::optional<Evidence> find_module(GuestFiles &files, const std::string &service, std::string_view type,
                                    std::string_view module, std::set<std::string> &seen)
{
    std::string const path = "/etc/pam.d/" + service;
    if (service.find('/') != std::string::npos || seen.size() >= max_files || !seen.insert(service).second)
        return std::nullopt;
    auto const text = files.text(path);
    std::uint64_t number = 0;
    for (auto const raw : lines_of(text ? std::string_view(*text) : std::string_view())) {
        ++number;
        auto const words = split_blanks(trim(raw));
        if (words.size() < 2 || words[0].front() == '#')
            continue;
        bool const whole = words[0] == "@include";
        std::string_view own = words[0];
        own.remove_prefix(own.starts_with('-') ? 1 : 0);
        if (!whole && own != type)
            continue;
        if (whole || (words.size() >= 3 && (words[1] == "include" || words[1] == "substack"))) {
            if (auto found = find_module(files, whole ? words[1] : words[2], type, module, seen))
                return found;
            continue;
        }
        // An optional module decides nothing.
        if (words[1] != "required" && words[1] != "requisite" && !words[1].starts_with('['))
            continue;
        for (std::size_t i = 2; i < words.size(); ++i) {
            if (words[i] == module || words[i].ends_with("/" + std::string(module)))
                return Evidence{path, number, {}, std::string(trim(raw))};
        }
    }
    return std::nullopt;
}

std::optional<Evidence> find_module(GuestFiles &files, const std::string &service, std::string_view type,
                                    std::string_view module)
{
    std::set<std::string> seen;
    return find_module(files, service, type, module, seen);
}

// pam_securetty(8): root may log in on the listed terminals only; without the list, on all.
void read_securetty(GuestFiles &files, std::vector<Evidence> &found)
{
    if (auto line = find_module(files, "sshd", "auth", "pam_securetty.so")) {
        line->value = "pam_securetty keeps root from logging in over SSH";
        found.push_back(*line);
    }
    auto const line = find_module(files, "login", "auth", "pam_securetty.so");
    auto const list = line ? files.text("/etc/securetty") : std::nullopt;
    if (!list)
        return;
    for (auto raw : lines_of(*list)) {
        if (trim(raw) == "tty1")
            return;
    }
    found.push_back({"/etc/securetty", {}, {}, "lacks tty1: root cannot log in on the cloud's console"});
}

// access.conf(5): "- : ALL EXCEPT ... : ALL". Read where PAM asks it only.
void read_access(GuestFiles &files, std::vector<Evidence> &found)
{
    if (!find_module(files, "sshd", "account", "pam_access.so") &&
        !find_module(files, "login", "account", "pam_access.so"))
        return;
    const std::string path = "/etc/security/access.conf";
    auto const text = files.text(path);
    std::uint64_t number = 0;
    for (auto const raw : lines_of(text ? std::string_view(*text) : std::string_view())) {
        ++number;
        auto const fields = split(trim(raw), ':');
        if (fields.size() < 3 || fields[0].empty() || fields[0].front() == '#')
            continue;
        auto const users = split_blanks(fields[1]);
        bool const everybody = !users.empty() && users[0] == "ALL";
        bool const excepted = std::find(users.begin(), users.end(), "EXCEPT") != users.end();
        bool const root = std::find(users.begin(), users.end(), "root") != users.end();
        bool const matches = (everybody && !excepted) || (root && !excepted) || (everybody && excepted && !root);
        auto const origins = split_blanks(fields[2]);
        bool const from_all = origins.size() == 1 && origins[0] == "ALL";
        // The first line that matches decides.
        if (matches && from_all) {
            if (trim(fields[0]) == "-")
                found.push_back({path, number, {}, "turns root away"});
            return;
        }
    }
}

// limits.conf(5): no login or no process at all for root or everybody.
void read_limits(GuestFiles &files, std::vector<Evidence> &found)
{
    std::vector<std::string> paths{"/etc/security/limits.conf"};
    for (auto const &path : files.files_in("/etc/security/limits.d", ".conf"))
        paths.push_back(path);
    for (auto const &path : paths) {
        auto const text = files.text(path);
        std::uint64_t number = 0;
        for (auto const raw : lines_of(text ? std::string_view(*text) : std::string_view())) {
            ++number;
            auto const words = split_blanks(trim(raw));
            if (words.size() < 4 || words[0].front() == '#' || found.size() >= max_found)
                continue;
            bool const item = words[2] == "maxlogins" || words[2] == "nproc" || words[2] == "maxsyslogins";
            bool const hard = words[1] == "hard" || words[1] == "-";
            // '*' does not mean root.
            if (item && hard && words[3] == "0" && words[0] == "root")
                found.push_back({path, number, {}, fmt::format("{} 0: root cannot log in", words[2])});
        }
    }
}

}  // namespace

Known<std::vector<Evidence>> read_login_limits(FileTree &tree)
{
    GuestFiles files(tree);
    std::vector<Evidence> found;
    read_securetty(files, found);
    read_access(files, found);
    read_limits(files, found);
    if (files.exists("/etc/nologin"))
        found.push_back({"/etc/nologin", {}, {}, "lets nobody but root log in"});
    return files.answer(std::move(found));
}

}  // namespace imgport
