#include "guest/sshd.hpp"

#include <fmt/format.h>

#include "guest/guest_text.hpp"
#include "guest/ssh_host_keys.hpp"
#include "guest/tcp_wrappers.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// servconf.c: SERVCONF_MAX_DEPTH
constexpr unsigned max_include_depth = 16;
constexpr unsigned max_files = 256;
constexpr std::size_t max_list = 1000;

// One line taken apart as sshd does: blanks or one '=' after the keyword, double quotes around arguments.
std::vector<std::string> split_line(std::string_view line)
{
    std::vector<std::string> words;
    bool in_word = false;
    char quote = 0;
    for (char const c : line) {
        if (quote != 0) {
            if (c == quote)
                quote = 0;
            else
                words.back() += c;
        } else if (c == '"' || c == '\'') {
            if (!in_word)
                words.emplace_back();
            in_word = true;
            quote = c;
        } else if (c == ' ' || c == '\t' || (c == '=' && (words.size() == 1))) {
            in_word = false;
        } else if (c == '#' && !in_word && !words.empty()) {
            break;
        } else {
            if (!in_word)
                words.emplace_back();
            in_word = true;
            words.back() += c;
        }
    }
    return words;
}

// sshd_config(5): "for each keyword, the first obtained value will be used".
class ConfigReader {
public:
    explicit ConfigReader(GuestFiles &files, SshdFacts &facts) : m_files(files), m_facts(facts) {}

    void read(const std::string &path, bool active, unsigned depth)
    {
        if (depth > max_include_depth || ++m_read > max_files) {
            m_files.fail(path, "too many Include directives");
            return;
        }
        auto const text = m_files.text(path);
        std::uint64_t number = 0;
        for (auto const raw : lines_of(text ? std::string_view(*text) : std::string_view())) {
            ++number;
            auto const line = trim(raw);
            if (line.empty() || line.front() == '#')
                continue;
            auto const words = split_line(line);
            if (words.size() < 2)
                continue;
            std::string const keyword = to_lower(words[0]);
            if (keyword == "match") {
                // A block lasts until the next Match or the end of its file. "all" is the only one without a condition.
                active = words.size() == 2 && to_lower(words[1]) == "all";
            } else if (keyword == "include") {
                for (std::size_t i = 1; active && i < words.size(); ++i)
                    include(words[i], depth);
            } else if (active) {
                take(keyword, words, {path, number, {}, printable(line, 256)});
            }
        }
    }

    // Where no line says anything of them, sshd has names of its own.
    const std::vector<std::string> &host_keys() const { return m_host_keys; }

private:
    // Of each option the first value counts, but for lists, to which each line adds.
    void take(const std::string &keyword, const std::vector<std::string> &words, const Evidence &where)
    {
        if (keyword == "permitrootlogin") {
            set(m_facts.permit_root_login, words[1], where);
        } else if (keyword == "passwordauthentication") {
            set(m_facts.password_authentication, words[1], where);
        } else if (keyword == "kbdinteractiveauthentication" || keyword == "challengeresponseauthentication" ||
                   keyword == "skeyauthentication") {  // its older names
            set(m_facts.kbd_interactive, words[1], where);
        } else if (keyword == "usepam") {
            set(m_facts.use_pam, words[1], where);
        } else if (keyword == "hostkey") {
            if (m_host_keys.size() < max_list)
                m_host_keys.push_back(words[1]);
        } else if (keyword == "listenaddress") {
            add(m_facts.listen_addresses, {words[0], words[1]}, where);
        } else if (keyword == "allowusers") {
            add(m_facts.allow_users, words, where);
        } else if (keyword == "denyusers") {
            add(m_facts.deny_users, words, where);
        } else if (keyword == "allowgroups") {
            add(m_facts.allow_groups, words, where);
        } else if (keyword == "denygroups") {
            add(m_facts.deny_groups, words, where);
        }
    }

    void include(const std::string &pattern, unsigned depth)
    {
        std::string const full = pattern.starts_with('/') ? pattern : "/etc/ssh/" + pattern;
        for (auto const &path : expand_glob(m_files, full)) {
            if (!m_files.is_directory(path))
                read(path, true, depth + 1);
        }
    }

    static void add(std::vector<Setting> &list, const std::vector<std::string> &words, const Evidence &where)
    {
        for (std::size_t i = 1; i < words.size() && list.size() < max_list; ++i)
            list.push_back({words[i], where});
    }

    static void set(Setting &setting, std::string_view value, const Evidence &where)
    {
        if (!setting.value.empty())
            return;
        setting.value = to_lower(value);
        if (setting.value == "without-password")  // the name it had before OpenSSH 7.0
            setting.value = "prohibit-password";
        setting.where = where;
    }

    GuestFiles &m_files;
    SshdFacts &m_facts;
    std::vector<std::string> m_host_keys;
    unsigned m_read = 0;
};

}  // namespace

Known<SshdFacts> read_sshd(FileTree &tree, const Services &services)
{
    GuestFiles files(tree);
    SshdFacts facts;
    for (const char *path : {"/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd"})
        facts.installed = facts.installed || files.exists(path);

    auto const state = services.state(files, {"ssh.service", "sshd.service", "ssh.socket", "sshd.socket"});
    facts.enabled = state.enabled && facts.installed;
    facts.enabled_by = state.enabled_by;
    facts.masked_by = state.masked_by;
    auto const rc_conf = read_rc_conf(files);
    bool const freebsd = files.exists("/etc/rc.d/sshd") && files.exists("/etc/rc.subr");
    if (freebsd && rc_conf.on("sshd_enable")) {
        facts.enabled = facts.installed;
        facts.enabled_by = rc_conf.find("sshd_enable")->file;
    }

    ConfigReader reader(files, facts);
    // openSUSE keeps the vendor's file in /usr/etc and reads it where there is none in /etc.
    for (const char *path : {"/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config"}) {
        if (files.exists(path)) {
            reader.read(path, true, 0);
            break;
        }
    }
    if (facts.permit_root_login.value.empty())
        facts.permit_root_login.value = freebsd ? "no" : "prohibit-password";
    if (facts.password_authentication.value.empty())
        facts.password_authentication.value = "yes";
    if (facts.kbd_interactive.value.empty())
        facts.kbd_interactive.value = "yes";
    if (facts.use_pam.value.empty())
        facts.use_pam.value = freebsd ? "yes" : "no";
    read_host_keys(files, services, reader.host_keys(), facts);
    read_hosts_access(files, facts);
    return files.answer(std::move(facts));
}

}  // namespace imgport
