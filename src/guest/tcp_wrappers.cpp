#include "guest/tcp_wrappers.hpp"

#include <algorithm>
#include <array>

#include "guest/guest_text.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t max_program = 16 * 1024 * 1024;  // bytes
constexpr std::size_t max_lines = 1000;

// One "daemons : clients [: option]..." line.
struct AccessLine {
    std::vector<std::string> daemons = {};
    std::vector<std::string> clients = {};
    std::vector<std::string> options = {};
    Evidence where = {};
};

std::vector<std::string> words_of(std::string text)
{
    std::replace(text.begin(), text.end(), ',', ' ');
    return split_blanks(text);
}

// At colons, those of an IPv6 address in brackets left out.
std::vector<std::string> fields_of(std::string_view line)
{
    std::vector<std::string> fields(1);
    bool bracket = false;
    for (char const c : line) {
        if (c == '[' || c == ']')
            bracket = c == '[';
        if (c == ':' && !bracket)
            fields.emplace_back();
        else
            fields.back() += c;
    }
    return fields;
}

std::vector<AccessLine> read_lines(GuestFiles &files, const std::string &path)
{
    std::vector<AccessLine> found;
    auto const text = files.text(path);
    std::string joined;
    std::uint64_t number = 0;
    for (auto const line : lines_of(text ? std::string_view(*text) : std::string_view())) {
        ++number;
        joined += line;
        if (joined.ends_with('\\')) {
            joined.pop_back();
            continue;
        }
        std::string const whole(trim(joined));
        joined.clear();
        if (whole.empty() || whole.front() == '#' || found.size() == max_lines)
            continue;
        auto const fields = fields_of(whole);
        if (fields.size() < 2)
            continue;
        AccessLine access{words_of(fields[0]), words_of(fields[1]), {}, {path, number, {}, printable(whole, 256)}};
        for (std::size_t i = 2; i < fields.size(); ++i)
            access.options.push_back(to_lower(trim(fields[i])));
        found.push_back(std::move(access));
    }
    return found;
}

bool has_word(const std::vector<std::string> &words, std::string_view word)
{
    return std::any_of(words.begin(), words.end(), [&](auto &other) { return to_upper(other) == to_upper(word); });
}

// "ALL EXCEPT a": the words before EXCEPT, and whether something is excepted.
std::vector<std::string> before_except(const std::vector<std::string> &words)
{
    auto const except = std::find_if(words.begin(), words.end(), [](auto &word) { return to_upper(word) == "EXCEPT"; });
    return {words.begin(), except};
}

bool concerns_sshd(const AccessLine &line)
{
    auto const listed = before_except(line.daemons);
    std::vector<std::string> const excepted(line.daemons.begin() + static_cast<std::ptrdiff_t>(listed.size()),
                                            line.daemons.end());
    auto const names_sshd = [](const std::vector<std::string> &words) {
        return std::any_of(words.begin(), words.end(),
                           [](auto &word) { return to_lower(word.substr(0, word.find('@'))) == "sshd"; });
    };
    return (has_word(listed, "ALL") || names_sshd(listed)) && !names_sshd(excepted);
}

bool is_everybody(const AccessLine &line)
{
    auto const listed = before_except(line.clients);
    return has_word(listed, "ALL") || has_word(listed, "0.0.0.0/0") || has_word(listed, "0.0.0.0/0.0.0.0");
}

// Whether somebody else than the guest itself is among the clients.
bool is_somebody(const std::vector<std::string> &clients)
{
    return std::any_of(clients.begin(), clients.end(), [](const std::string &client) {
        std::string const name = to_lower(client);
        return name != "local" && name != "localhost" && !name.starts_with("127.") && name != "[::1]" &&
               name != "unknown" && name != "paranoid";
    });
}

// The words after EXCEPT.
std::vector<std::string> excepted_clients(const AccessLine &line)
{
    auto const listed = before_except(line.clients);
    if (listed.size() >= line.clients.size())
        return {};
    return {line.clients.begin() + static_cast<std::ptrdiff_t>(listed.size()) + 1, line.clients.end()};
}

bool holds(GuestFiles &files, const std::string &path, std::string_view needle)
{
    auto const status = files.stat(path);
    if (!status || status->kind != FileKind::regular)
        return false;
    auto stream = files.tree().open(path);
    if (!stream) {
        files.fail(path, stream.error().message);
        return false;
    }
    // The end of each piece is looked at again together with the next.
    std::array<std::byte, 65536> piece;
    std::string window;
    for (std::size_t total = 0; total < max_program;) {
        auto const n = (*stream)->read(piece);
        if (!n) {
            files.fail(path, n.error().message);
            return false;
        }
        if (*n == 0)
            break;
        total += *n;
        window.append(reinterpret_cast<const char *>(piece.data()), *n);
        if (window.find(needle) != std::string::npos)
            return true;
        window.erase(0, window.size() - std::min(window.size(), needle.size() - 1));
    }
    return false;
}

// Debian's sshd still asks, Red Hat's does not since 8, upstream's not since OpenSSH 6.7: the library tells. Since
// OpenSSH 9.8 another program takes the connection.
bool asks_wrappers(GuestFiles &files)
{
    for (const char *path :
         {"/usr/sbin/sshd", "/usr/bin/sshd", "/usr/lib/openssh/sshd-session", "/usr/libexec/openssh/sshd-session",
          "/usr/lib/ssh/sshd-session", "/usr/libexec/sshd-session"}) {
        if (holds(files, path, "libwrap.so"))
            return true;
    }
    return false;
}

}  // namespace

void read_hosts_access(GuestFiles &files, SshdFacts &facts)
{
    std::vector<Evidence> allowed;
    bool all_allowed = false;
    std::vector<Evidence> denied;
    // The first line that matches decides: those of hosts.allow, then those of hosts.deny; both may say the opposite.
    for (const char *path : {"/etc/hosts.allow", "/etc/hosts.deny"}) {
        bool const by_default = std::string_view(path) == "/etc/hosts.allow";
        for (auto const &line : read_lines(files, path)) {
            if (!concerns_sshd(line) || all_allowed || !denied.empty())
                continue;
            bool const allows = has_word(line.options, "allow") || (by_default && !has_word(line.options, "deny"));
            bool const exceptions = is_somebody(excepted_clients(line));
            if (allows && is_everybody(line))
                all_allowed = true;
            else if (allows && is_somebody(before_except(line.clients)))
                allowed.push_back(line.where);
            else if (!allows && is_everybody(line)) {
                denied.push_back(line.where);
                if (exceptions)
                    allowed.push_back(line.where);
            }
        }
    }
    if (denied.empty() || !asks_wrappers(files))
        return;
    facts.hosts_denied = std::move(denied);
    facts.hosts_allowed = std::move(allowed);
}

}  // namespace imgport
