#include "guest/credentials.hpp"

#include <set>

#include "guest/guest_text.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t max_homes = 200;
constexpr std::size_t max_found = 1000;
constexpr std::size_t max_files = 500;  // looked at for their flags
constexpr std::size_t max_keys = 500;   // looked into

struct Home {
    std::string account;
    std::string path;
};

// Root's, and those of the accounts that people have.
std::vector<Home> homes(GuestFiles &files)
{
    std::vector<Home> found;
    std::set<std::string> seen;
    auto const text = files.text("/etc/passwd", guest_text_limit);
    for (auto const line : lines_of(text ? std::string_view(*text) : std::string_view())) {
        if (line.size() > 8192 || found.size() == max_homes)
            continue;
        auto const fields = split(line, ':');
        auto const uid = fields.size() >= 7 ? parse_number(fields[2]) : std::nullopt;
        bool const person = uid && (*uid == 0 || *uid >= 500);
        if (person && fields[5].starts_with('/') && fields[5].size() > 1 && seen.insert(fields[5]).second)
            found.push_back({fields[0], fields[5]});
    }
    return found;
}

bool is_file_with_content(GuestFiles &files, const std::string &path)
{
    auto const status = files.stat(path);
    return status && status->kind == FileKind::regular && status->size > 0;
}

bool is_private_key(GuestFiles &files, const std::string &path)
{
    auto const status = files.stat(path);
    if (!status || status->kind != FileKind::regular || status->size > 65536)
        return false;
    auto const text = files.tree().read_file(path, 65536);
    return text && *text && (*text)->find("PRIVATE KEY-----") != std::string::npos;
}

}  // namespace

Known<std::vector<CredentialFile>> read_credentials(FileTree &tree)
{
    GuestFiles files(tree);
    std::vector<CredentialFile> found;
    std::size_t keys = 0;
    auto const add = [&](const char *kind, const Home &home, const std::string &path) {
        if (found.size() < max_found)
            found.push_back({kind, home.account, path});
    };
    for (auto const &home : homes(files)) {
        std::string const ssh = home.path + "/.ssh";
        for (const char *name : {"/authorized_keys", "/authorized_keys2"}) {
            auto const text = is_file_with_content(files, ssh + name) ? files.text(ssh + name) : std::nullopt;
            if (text && has_active_line(*text))
                add("authorized-keys", home, ssh + name);
        }
        for (auto const &path : files.files_in(ssh, "")) {
            std::string const name = base_name(path);
            if (!name.starts_with("authorized_keys") && !name.starts_with("known_hosts") && !name.ends_with(".pub") &&
                ++keys <= max_keys && is_private_key(files, path))
                add("private-key", home, path);
        }
        for (const char *name : {"/.bash_history", "/.zsh_history", "/.ash_history", "/.sh_history", "/.history",
                                 "/.mysql_history", "/.psql_history", "/.python_history", "/.viminfo"}) {
            if (is_file_with_content(files, home.path + name))
                add("history", home, home.path + name);
        }
    }
    return files.answer(std::move(found));
}

Known<std::vector<ProtectedFile>> read_protected_files(FileTree &tree)
{
    GuestFiles files(tree);
    std::vector<std::string> paths{"/etc/passwd", "/etc/group", "/etc/gshadow", "/etc/hostname", "/etc/resolv.conf",
                                   "/etc/fstab",  "/etc/ssh",   "/root/.ssh",   "/boot"};
    for (const char *folder : {"/etc/ssh", "/root/.ssh", "/boot"}) {
        for (auto const &path : files.files_in(folder, "")) {
            if (paths.size() < max_files)
                paths.push_back(path);
        }
    }
    std::vector<ProtectedFile> found;
    for (auto &path : paths) {
        if (auto const status = files.stat_flags(path))
            found.push_back({std::move(path), true, status->immutable, status->append_only});
    }
    return files.answer(std::move(found));
}

}  // namespace imgport
