#include "guest/accounts.hpp"

#include <algorithm>
#include <map>

#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t max_accounts = 1000;
constexpr std::size_t max_groups = 1000;
constexpr std::size_t max_line = 8192;  // bytes

// None of a line that no program would take.
std::vector<std::string> fields_of(std::string_view line)
{
    return line.size() <= max_line ? split(line, ':') : std::vector<std::string>();
}

bool can_log_in(std::string_view shell)
{
    return !(shell.ends_with("/nologin") || shell.ends_with("/false") || shell.ends_with("/sync") ||
             shell.ends_with("/shutdown") || shell.ends_with("/halt"));
}

std::string password_state(std::string_view hash)
{
    if (hash.empty())
        return "empty";
    return hash.front() == '!' || hash.front() == '*' ? "locked" : "password";
}

// The groups of root: its own by the number, others by their lists of members.
std::vector<std::string> groups_of_root(GuestFiles &files, const std::optional<std::string> &own)
{
    std::vector<std::string> groups;
    auto const text = files.text("/etc/group", guest_text_limit);
    for (auto const line : lines_of(text ? std::string_view(*text) : std::string_view())) {
        auto const fields = fields_of(line);
        if (fields.size() < 3 || fields[0].empty() || groups.size() == max_groups)
            continue;
        auto const members = fields.size() >= 4 ? split(fields[3], ',') : std::vector<std::string>();
        if (fields[2] == own || std::find(members.begin(), members.end(), "root") != members.end())
            groups.push_back(fields[0]);
    }
    return groups;
}

std::vector<std::string> account_commands(GuestFiles &files)
{
    std::vector<std::string> found;
    for (std::string const name : {"passwd", "chpasswd", "useradd", "pw"}) {
        for (const char *folder : {"/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/"}) {
            if (files.exists(folder + name)) {
                found.push_back(name);
                break;
            }
        }
    }
    return found;
}

}  // namespace

Known<AccountsFacts> read_accounts(FileTree &tree)
{
    GuestFiles files(tree);
    AccountsFacts facts;
    std::map<std::string, std::string> passwords;
    // FreeBSD keeps its hashes in master.passwd, in the same second field.
    for (const char *path : {"/etc/shadow", "/etc/master.passwd"}) {
        auto const text = files.text(path, guest_text_limit);
        for (auto const line : lines_of(text ? std::string_view(*text) : std::string_view())) {
            auto const fields = fields_of(line);
            if (fields.size() >= 2 && !fields[0].empty() && passwords.size() < 100'000)
                passwords.try_emplace(fields[0], password_state(fields[1]));
        }
    }
    std::optional<std::string> group_of_root;
    auto const text = files.text("/etc/passwd", guest_text_limit);
    for (auto const line : lines_of(text ? std::string_view(*text) : std::string_view())) {
        auto const fields = fields_of(line);
        auto const uid = fields.size() >= 7 ? parse_number(fields[2]) : std::nullopt;
        if (!uid || *uid > UINT32_MAX || fields[0].empty() || fields[0].front() == '#')
            continue;
        if ((*uid != 0 && fields[0] != "root" && !can_log_in(fields[6])) || facts.accounts.size() == max_accounts)
            continue;
        if (fields[0] == "root")
            group_of_root = fields[3];
        auto const password = passwords.find(fields[0]);
        facts.accounts.push_back({fields[0], static_cast<std::uint32_t>(*uid), fields[6],
                                  password != passwords.end() ? password->second
                                  : fields[1] == "x"          ? std::string()
                                                              : password_state(fields[1])});
    }
    for (const char *path : {"/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow"}) {
        ProtectedFile file{path};
        if (auto const status = files.stat_flags(path)) {
            file.present = true;
            file.immutable = status->immutable;
            file.append_only = status->append_only;
        }
        facts.files.push_back(std::move(file));
    }
    facts.root_groups = groups_of_root(files, group_of_root);
    facts.commands = account_commands(files);
    return files.answer(std::move(facts));
}

}  // namespace imgport
