#include "guest/multipath.hpp"

#include <algorithm>

#include "guest/guest_text.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t max_entries = 100;
constexpr std::size_t max_depth = 8;

// multipath.conf(5): "section {", "key value", "}", to any depth; a value may be quoted, '#' and '!' begin comments.
class ConfigReader {
public:
    ConfigReader(std::string path, MultipathFacts &facts) : m_path(std::move(path)), m_facts(facts) {}

    void read(std::string_view text)
    {
        for (auto const line : lines_of(text)) {
            ++m_line;
            read_line(trim(line));
            end_statement();
        }
    }

private:
    void read_line(std::string_view line)
    {
        if (line.starts_with('!'))
            return;
        while (!line.empty()) {
            char const c = line.front();
            if (c == '#')
                return;
            if (c == '{' || c == '}') {
                c == '{' ? open() : close();
                line.remove_prefix(1);
            } else if (c == ' ' || c == '\t') {
                line.remove_prefix(1);
            } else {
                m_words.push_back(take_word(line));
            }
        }
    }

    static std::string take_word(std::string_view &line)
    {
        if (line.front() == '"') {
            auto const end = line.find('"', 1);
            std::string word(line.substr(1, end == std::string_view::npos ? end : end - 1));
            line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
            return word;
        }
        auto const end = std::min(line.find_first_of(" \t{}\"#"), line.size());
        std::string word(line.substr(0, end));
        line.remove_prefix(end);
        return word;
    }

    void open()
    {
        if (m_sections.size() < max_depth)
            m_sections.push_back(m_words.empty() ? "" : m_words.front());
        else
            ++m_too_deep;
        m_words.clear();
    }

    void close()
    {
        end_statement();
        if (m_too_deep > 0)
            --m_too_deep;
        else if (!m_sections.empty())
            m_sections.pop_back();
    }

    void end_statement()
    {
        if (m_words.size() > 1 && m_sections.size() == 1 && m_too_deep == 0) {
            std::string const &section = m_sections.front();
            std::string const text = join(m_words, " ");
            Evidence where{.file = m_path, .line = m_line, .offset = {}, .value = text};
            if (section == "defaults" && m_words[0] == "find_multipaths")
                m_facts.find_multipaths = {to_lower(m_words[1]), std::move(where)};
            else if ((section == "blacklist" || section == "devnode_blacklist") &&
                     m_facts.blacklist.size() < max_entries)
                m_facts.blacklist.push_back(std::move(where));
            else if (section == "blacklist_exceptions" && m_facts.exceptions.size() < max_entries)
                m_facts.exceptions.push_back(std::move(where));
        }
        m_words.clear();
    }

    std::string m_path;
    MultipathFacts &m_facts;
    std::uint64_t m_line = 0;
    std::vector<std::string> m_words;
    std::vector<std::string> m_sections;
    std::size_t m_too_deep = 0;
};

// Red Hat's unit is enabled wherever it is installed, and starts only once somebody has written a configuration.
bool waits_for_configuration(GuestFiles &files)
{
    for (const char *folder : {"/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}) {
        auto const unit = files.text(std::string(folder) + "/multipathd.service");
        if (!unit)
            continue;
        for (auto const line : lines_of(*unit)) {
            if (trim(line) == "ConditionPathExists=/etc/multipath.conf")
                return true;
        }
        return false;
    }
    return false;
}

}  // namespace

Known<MultipathFacts> read_multipath(FileTree &tree, const Services &services)
{
    GuestFiles files(tree);
    MultipathFacts facts;
    auto const state = services.state(files, {"multipathd.service", "multipath-tools.service"});
    facts.enabled = state.enabled;
    facts.where = state.enabled_by;
    if (facts.enabled && !files.exists("/etc/multipath.conf") && waits_for_configuration(files))
        facts.enabled = false;
    std::vector<std::string> paths{"/etc/multipath.conf"};
    for (auto const &path : files.files_in("/etc/multipath/conf.d", ".conf"))
        paths.push_back(path);
    for (auto const &path : paths) {
        if (auto const text = files.text(path))
            ConfigReader(path, facts).read(*text);
    }
    return files.answer(std::move(facts));
}

}  // namespace imgport
