#include "guest/private_sources.hpp"

#include <array>

#include <fmt/format.h>

#include "guest/guest_text.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t max_found = 200;

std::optional<std::array<std::uint64_t, 4>> ipv4(std::string_view text)
{
    auto const parts = split(text, '.');
    std::array<std::uint64_t, 4> numbers{};
    if (parts.size() != 4)
        return std::nullopt;
    for (std::size_t i = 0; i < 4; ++i) {
        auto const number = parse_number(parts[i]);
        if (!number || *number > 255)
            return std::nullopt;
        numbers[i] = *number;
    }
    return numbers;
}

class Reader {
public:
    explicit Reader(GuestFiles &files) : m_files(files) {}

    // KEY=URL and KEY "URL"; in any case of KEY.
    void assignments(const std::string &path, std::initializer_list<std::string_view> keys)
    {
        each_line(path, [&](std::string_view line, std::uint64_t number) {
            if (line.starts_with("export "))
                line = trim(line.substr(7));
            auto const end = line.find_first_of("= \t");
            if (end == std::string_view::npos)
                return;
            std::string const key = to_lower(line.substr(0, end));
            for (auto const wanted : keys) {
                if (key == wanted)
                    proxy(line.substr(end + 1), path, number);
            }
        });
    }

    // Acquire::http::Proxy "URL"; alone, or nested in braces.
    void apt_proxy(const std::string &path)
    {
        each_line(path, [&](std::string_view line, std::uint64_t number) {
            std::string const lower = to_lower(line);
            if (line.starts_with("//"))
                return;
            auto const at = lower.find("proxy ");
            bool const setting = at != std::string::npos && (at == 0 || lower[at - 1] == ':' || lower[at - 1] == ' ' ||
                                                             lower[at - 1] == '{' || lower[at - 1] == '\t');
            if (setting)
                proxy(line.substr(at + 6), path, number);
        });
    }

    // "deb [options] URL ...", and "URIs: URL..." of the newer format.
    void apt_sources(const std::string &path)
    {
        each_line(path, [&](std::string_view line, std::uint64_t number) {
            if (!line.starts_with("deb ") && !line.starts_with("deb\t") && !to_lower(line).starts_with("uris:"))
                return;
            for (auto const &word : split_blanks(line))
                source(word, path, number);
        });
    }

    // Sections of yum, dnf and zypper, but for those that are switched off.
    void rpm_sources(const std::string &path)
    {
        auto const text = m_files.text(path);
        for (auto const &section : parse_ini(text ? std::string_view(*text) : std::string_view())) {
            if (means_no(section.value("enabled").value_or("1")))
                continue;
            for (auto const &entry : section.entries) {
                if (entry.key == "proxy")
                    proxy(entry.value, path, entry.line);
                else if (entry.key == "baseurl" || entry.key == "mirrorlist" || entry.key == "metalink")
                    source(entry.value, path, entry.line);
            }
        }
    }

    std::vector<Evidence> take() { return std::move(m_found); }

private:
    template <class Use>
    void each_line(const std::string &path, Use use)
    {
        if (m_files.is_directory(path))
            return;
        auto const text = m_files.text(path);
        std::uint64_t number = 0;
        for (auto line : lines_of(text ? std::string_view(*text) : std::string_view())) {
            ++number;
            line = trim(line);
            if (!line.empty() && line.front() != '#')
                use(line, number);
        }
    }

    void proxy(std::string_view value, const std::string &path, std::uint64_t number)
    {
        std::string text(trim(value));
        std::erase_if(text, [](char c) { return c == '"' || c == '\'' || c == ';'; });
        std::string_view const address = trim(text);
        std::string const lower = to_lower(address);
        if (address.empty() || lower == "direct" || lower == "none" || lower == "_none_" || lower == "false")
            return;
        std::string host = host_of_url(address.find("://") == std::string_view::npos ? "http://" + std::string(address)
                                                                                     : std::string(address));
        add(path, number, "proxy " + printable(host, 256));
    }

    void source(std::string_view url, const std::string &path, std::uint64_t number)
    {
        if (url.starts_with("cdrom:") || url.starts_with("file:"))
            return;
        std::string const host = host_of_url(url);
        if (!host.empty() && is_private_host(host))
            add(path, number, "package source " + printable(host, 256));
    }

    void add(const std::string &path, std::uint64_t number, std::string value)
    {
        if (m_found.size() < max_found)
            m_found.push_back({path, number, {}, std::move(value)});
    }

    GuestFiles &m_files;
    std::vector<Evidence> m_found;
};

}  // namespace

std::string host_of_url(std::string_view url)
{
    auto const scheme = url.find("://");
    if (scheme == std::string_view::npos)
        return {};
    url.remove_prefix(scheme + 3);
    url = url.substr(0, url.find_first_of("/?# \t"));
    if (auto const at = url.rfind('@'); at != std::string_view::npos)
        url.remove_prefix(at + 1);
    if (url.starts_with('[') && url.find(']') != std::string_view::npos)
        return to_lower(url.substr(1, url.find(']') - 1));
    return to_lower(url.substr(0, url.find(':')));
}

bool is_private_host(std::string_view host)
{
    if (auto const numbers = ipv4(host)) {
        auto const [a, b, c, d] = *numbers;
        (void)c;
        (void)d;
        return a == 10 || a == 127 || (a == 172 && b >= 16 && b <= 31) || (a == 192 && b == 168);
    }
    if (host.find_first_of("$%(") != std::string_view::npos)
        return false;  // a variable that the package manager fills in
    if (host.find(':') != std::string_view::npos)
        return host == "::1" || host.starts_with("fc") || host.starts_with("fd");
    for (std::string_view suffix : {".local", ".internal", ".lan", ".localdomain", ".corp", ".intra", ".intranet",
                                    ".private", ".home.arpa", ".home"}) {
        if (host.ends_with(suffix))
            return true;
    }
    return host.find('.') == std::string_view::npos;
}

Known<std::vector<Evidence>> read_private_sources(FileTree &tree)
{
    GuestFiles files(tree);
    Reader reader(files);
    auto const environment = {std::string_view("http_proxy"), std::string_view("https_proxy"),
                              std::string_view("ftp_proxy"), std::string_view("all_proxy")};
    reader.assignments("/etc/environment", environment);
    reader.assignments("/etc/profile", environment);
    for (auto const &path : files.files_in("/etc/profile.d", ".sh"))
        reader.assignments(path, environment);
    for (auto const &path : files.files_in("/etc/environment.d", ".conf"))
        reader.assignments(path, environment);
    // SUSE's file has a switch of its own.
    if (auto const text = files.text("/etc/sysconfig/proxy");
        text && means_yes(value_of(shell_assignments(*text), "PROXY_ENABLED")))
        reader.assignments("/etc/sysconfig/proxy", environment);
    reader.apt_proxy("/etc/apt/apt.conf");
    for (auto const &path : files.files_in("/etc/apt/apt.conf.d", ""))
        reader.apt_proxy(path);
    reader.apt_sources("/etc/apt/sources.list");
    for (const char *suffix : {".list", ".sources"}) {
        for (auto const &path : files.files_in("/etc/apt/sources.list.d", suffix))
            reader.apt_sources(path);
    }
    for (const char *path : {"/etc/yum.conf", "/etc/dnf/dnf.conf"}) {
        if (!files.link(path))  // one is often the other
            reader.rpm_sources(path);
    }
    for (const char *folder : {"/etc/yum.repos.d", "/etc/zypp/repos.d"}) {
        for (auto const &path : files.files_in(folder, ".repo"))
            reader.rpm_sources(path);
    }
    return files.answer(reader.take());
}

}  // namespace imgport
