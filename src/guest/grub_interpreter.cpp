#include "guest/grub_interpreter.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "guest/loader_config.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr unsigned max_nesting = 32;
constexpr std::size_t max_value = 16 * 1024;  // bytes; the kernel itself takes 4096 at most
constexpr std::size_t max_variables = 500;
constexpr std::size_t max_expanded = 256 * 1024;  // bytes, of one command
constexpr std::size_t max_searches = 32;
constexpr std::size_t max_functions = 100;
constexpr std::size_t max_calls = 1000;  // of functions, in all

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words)
{
    return std::find(words.begin(), words.end(), word) != words.end();
}

bool contains(const std::vector<std::string> &words, std::string_view word)
{
    return std::find(words.begin(), words.end(), word) != words.end();
}

// Whether a variable's name, or one in braces, stands at `at`.
bool names_variable(std::string_view text, std::size_t at)
{
    auto const is_name = [&](std::size_t i) {
        return i < text.size() && (std::isalnum(static_cast<unsigned char>(text[i])) != 0 || text[i] == '_');
    };
    if (at >= text.size() || text[at] != '{')
        return is_name(at);
    std::size_t end = at + 1;
    while (is_name(end))
        ++end;
    return end > at + 1 && end < text.size() && text[end] == '}';
}

// For double quotes, so that only variables are special.
std::string escaped(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        if (c == '"' || c == '\\' || (c == '$' && !names_variable(text, i + 1)))
            out += '\\';
        out += c;
    }
    return out;
}

}  // namespace

GrubInterpreter::GrubInterpreter(GuestFiles &files, const std::string &path, const std::string &bls_folder)
    : m_files(files), m_path(path), m_bls_folder(bls_folder)
{
    for (const char *feature : {"feature_menuentry_id", "feature_platform_search_hint", "feature_timeout_style",
                                "feature_default_font_path", "feature_all_video_module", "feature_ntldr"})
        m_variables[feature] = "y";
    m_variables["grub_platform"] = path.starts_with("/boot/efi/") ? "efi" : "pc";
    m_variables["prefix"] = dir_name(path);
    m_variables["config_directory"] = dir_name(path);
    read_environment(dir_name(path) + "/grubenv");
}

// "The GRUB environment block" of the manual: 1024 bytes, NAME=VALUE lines, '#' to fill.
void GrubInterpreter::read_environment(const std::string &path)
{
    auto const text = m_files.text(path);
    for (auto const line : lines_of(text ? std::string_view(*text) : std::string_view())) {
        auto const equals = line.find('=');
        if (!line.starts_with('#') && equals != std::string_view::npos && line.size() <= max_value &&
            m_environment.size() < max_variables)
            m_environment[std::string(line.substr(0, equals))] = line.substr(equals + 1);
    }
}

void GrubInterpreter::run(const GrubBlock &block, std::vector<GrubMenuNode> *menu, unsigned depth)
{
    if (depth > max_nesting)
        return;
    for (auto const &command : block) {
        if (!command.arms.empty()) {
            if (auto const *arm = taken_arm(command.arms))
                run(arm->body, menu, depth + 1);
            continue;
        }
        auto const words = expand(command.words);
        if (!words.empty())
            run_command(command, words, menu, depth);
    }
}

GrubInterpreter::Started GrubInterpreter::run_entry(const GrubMenuNode &node)
{
    Variables const kept = m_variables;
    std::vector<std::string> const outside = std::exchange(m_searches, {});
    bool const handed_on = std::exchange(m_hands_on, false);
    m_entry = {};
    m_entry.title = node.title;
    if (node.bls)
        start_bls(*node.bls);
    else if (node.body != nullptr)
        run(*node.body, nullptr);
    Started started{std::move(m_entry), variable("root"), m_hands_on};
    started.hands_on = started.hands_on && started.entry.kernel.empty();
    m_hands_on = m_hands_on || handed_on;
    // An entry that looks for nothing itself relies on what was found before the menu.
    started.entry.searches = m_searches.empty() ? outside : m_searches;
    m_searches = outside;
    m_variables = kept;
    return started;
}

std::string GrubInterpreter::variable(std::string_view name) const
{
    auto const found = m_variables.find(name);
    return found == m_variables.end() ? std::string() : found->second;
}

const GrubArm *GrubInterpreter::taken_arm(const std::vector<GrubArm> &arms)
{
    for (auto const &arm : arms) {
        if (arm.condition.empty())
            return &arm;
        // The last command of the condition decides.
        auto words = expand(arm.condition.back().words);
        if (!words.empty() && status_of(std::move(words)))
            return &arm;
    }
    return nullptr;
}

bool GrubInterpreter::status_of(Words words) const
{
    if (words[0] == "true")
        return true;
    if (words[0] == "[" && words.back() == "]")
        words.pop_back();
    else if (words[0] != "test")
        return false;  // keys that are pressed, fonts that load: a machine that starts alone has none
    words.erase(words.begin());
    return test(words);
}

// test(1) as GRUB has it: -o binds loosest, then -a, then '!'.
bool GrubInterpreter::test(const Words &words) const
{
    bool any = false;
    bool all = true;
    Words part;
    for (auto const &word : words) {
        if (part.empty() || !is_one_of(word, {"-a", "-o"})) {
            part.push_back(word);
            continue;
        }
        all = test_simple(std::exchange(part, {})) && all;
        if (word == "-o") {
            any = any || all;
            all = true;
        }
    }
    return any || (test_simple(part) && all);
}

bool GrubInterpreter::test_simple(const Words &all) const
{
    std::size_t negations = 0;
    while (negations + 1 < all.size() && all[negations] == "!")
        ++negations;
    Words const words(all.begin() + static_cast<std::ptrdiff_t>(negations), all.end());
    bool result = false;
    if (words.size() == 1) {
        result = !words[0].empty();
    } else if (words.size() == 2 && words[0] == "-z") {
        result = words[1].empty();
    } else if (words.size() == 2 && words[0] == "-n") {
        result = !words[1].empty();
    } else if (words.size() == 2) {
        // Of the files a configuration asks for, only the environment block matters here.
        result = base_name(words[1]) == "grubenv" && !m_environment.empty();
    } else if (words.size() == 3) {
        auto const left = parse_number(words[0]);
        auto const right = parse_number(words[2]);
        std::string const &how = words[1];
        if (is_one_of(how, {"=", "==", "!="}))
            result = (words[0] == words[2]) == (how != "!=");
        else if (left && right)
            result = (how == "-eq" && *left == *right) || (how == "-ne" && *left != *right) ||
                     (how == "-lt" && *left < *right) || (how == "-le" && *left <= *right) ||
                     (how == "-gt" && *left > *right) || (how == "-ge" && *left >= *right);
    }
    return result != (negations % 2 == 1);
}

GrubInterpreter::Words GrubInterpreter::expand(const std::vector<GrubWord> &words) const
{
    Words out;
    std::size_t expanded = 0;
    for (auto const &word : words) {
        std::string text;
        bool present = false;
        for (auto const &piece : word) {
            if (!piece.variable) {
                text += piece.text;
                present = true;
                continue;
            }
            // Variables made of variables grow fast.
            std::string const value = expanded < max_expanded ? variable(piece.text) : std::string();
            expanded += value.size();
            if (piece.quoted) {
                text += value;
                present = true;
                continue;
            }
            // A variable without quotes falls apart at its blanks.
            auto const parts = split_blanks(value);
            for (std::size_t i = 0; i < parts.size(); ++i) {
                text += parts[i];
                present = true;
                if (i + 1 < parts.size())
                    out.push_back(std::exchange(text, {}));
            }
        }
        if (present)
            out.push_back(std::move(text));
    }
    return out;
}

// Text out of a BLS file: $name and ${name} are replaced, nothing else is special.
std::string GrubInterpreter::expand_text(std::string_view text) const
{
    auto const block = parse_grub_script("echo \"" + escaped(text) + "\"");
    if (!block || block->empty())
        return std::string(text);
    auto const words = expand(block->front().words);
    return words.size() == 2 ? words[1] : std::string(text);
}

void GrubInterpreter::run_command(const GrubCommand &command, const Words &words, std::vector<GrubMenuNode> *menu,
                                  unsigned depth)
{
    std::string const &name = words[0];
    if (name == "function" && words.size() == 2) {
        if (m_functions.size() < max_functions)
            m_functions[words[1]] = &command.body;
        return;
    }
    if (call(words, menu, depth))
        return;
    if (name == "set" && words.size() >= 2)
        set(words[1]);
    else if (words.size() == 1 && name.find('=') != std::string::npos)
        set(name);
    else if (name == "unset" && words.size() >= 2)
        m_variables.erase(words[1]);
    else if (name == "load_env")
        load_environment(words);
    else if (name == "gptprio.next")
        next_usr(words);
    else if (is_one_of(name, {"search", "search.fs_uuid", "search.fs_label"}))
        search(words);
    else if (is_one_of(name, {"configfile", "source", "normal"}))
        m_hands_on = true;
    else if (name == "blscfg" && menu != nullptr)
        add_bls(*menu);
    else if (is_one_of(name, {"menuentry", "submenu"}) && menu != nullptr)
        add_node(command, words, *menu, depth);
    else if (is_one_of(name, {"linux", "linux16", "linuxefi"}))
        take_kernel(words, command.line);
    else if (is_one_of(name, {"initrd", "initrd16", "initrdefi"}) && words.size() >= 2)
        m_entry.initramfs = words.back();
}

// A function that the script defines; its arguments are $1, $2 and so on.
bool GrubInterpreter::call(const Words &words, std::vector<GrubMenuNode> *menu, unsigned depth)
{
    auto const function = m_functions.find(words[0]);
    if (function == m_functions.end())
        return false;
    if (depth >= max_nesting || ++m_calls > max_calls)
        return true;
    for (std::size_t i = 1; i < words.size() && i < 10; ++i)
        set(std::to_string(i) + "=" + words[i]);
    run(*function->second, menu, depth + 1);
    return true;
}

// gptprio.next -d VARIABLE -u VARIABLE, of Container Linux's GRUB: the partition with /usr whose turn it is.
void GrubInterpreter::next_usr(const Words &words)
{
    for (std::size_t i = 1; i + 1 < words.size(); ++i) {
        if (words[i] == "-u")
            set(words[i + 1] + "=" + m_next_usr);
    }
}

void GrubInterpreter::set(std::string_view assignment)
{
    auto const equals = assignment.find('=');
    if (equals != std::string_view::npos && equals > 0 && assignment.size() <= max_value &&
        m_variables.size() < max_variables)
        m_variables[std::string(assignment.substr(0, equals))] = assignment.substr(equals + 1);
}

void GrubInterpreter::load_environment(const Words &words)
{
    Words wanted;
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (words[i] == "-f" || words[i] == "--file")
            ++i;
        else if (!words[i].starts_with('-'))
            wanted.push_back(words[i]);
    }
    for (auto const &[name, value] : m_environment) {
        if (wanted.empty() || contains(wanted, name))
            m_variables[name] = value;
    }
}

// search --fs-uuid|--label|--file [--set[=VARIABLE]] NAME, and the older search.fs_uuid NAME [VARIABLE].
void GrubInterpreter::search(const Words &words)
{
    bool const old_form = words[0] != "search";
    std::string kind = words[0] == "search.fs_uuid" ? "UUID=" : words[0] == "search.fs_label" ? "LABEL=" : "";
    std::string target = "root";
    std::string name;
    for (std::size_t i = 1; i < words.size(); ++i) {
        std::string const &word = words[i];
        if (is_one_of(word, {"--fs-uuid", "-u"}))
            kind = "UUID=";
        else if (is_one_of(word, {"--label", "-l", "--fs-label"}))
            kind = "LABEL=";
        else if (word.starts_with("--set="))
            target = word.substr(6);
        else if (is_one_of(word, {"--set", "-s"}) && i + 2 < words.size() && !words[i + 1].starts_with('-'))
            target = words[++i];
        else if (word == "--hint")
            ++i;
        else if (!word.starts_with('-') && name.empty())
            name = word;
        else if (old_form && i == 2)
            target = word;
    }
    if (kind.empty() || name.empty())
        return;
    std::string const found = kind + name;
    m_variables[target] = found;
    if (!contains(m_searches, found) && m_searches.size() < max_searches)
        m_searches.push_back(found);
}

bool GrubInterpreter::full()
{
    if (m_nodes++ < max_boot_entries)
        return false;
    m_files.fail(m_path, fmt::format("more than {} menu entries", max_boot_entries));
    return true;
}

void GrubInterpreter::add_node(const GrubCommand &command, const Words &words, std::vector<GrubMenuNode> &menu,
                               unsigned depth)
{
    if (full())
        return;
    GrubMenuNode node;
    node.is_submenu = words[0] == "submenu";
    for (std::size_t i = 1; i < words.size(); ++i) {
        std::string const &word = words[i];
        if (is_one_of(word, {"--class", "--users", "--hotkey", "--id", "--source"}) && i + 1 < words.size()) {
            if (word == "--id")
                node.id = words[i + 1];
            ++i;
        } else if (word.starts_with("--id=")) {
            node.id = word.substr(5);
        } else if (!word.starts_with("--") && node.title.empty()) {
            node.title = word;
        }
    }
    if (node.is_submenu)
        run(command.body, &node.children, depth + 1);
    else
        node.body = &command.body;
    menu.push_back(std::move(node));
}

void GrubInterpreter::add_bls(std::vector<GrubMenuNode> &menu)
{
    auto entries = read_bls_entries(m_files, m_bls_folder);
    sort_as_grub(entries);
    for (auto &entry : entries) {
        if (full())
            return;
        GrubMenuNode node;
        node.title = entry.title;
        node.id = entry.id;
        node.bls = std::move(entry);
        menu.push_back(std::move(node));
    }
}

void GrubInterpreter::take_kernel(const Words &words, std::uint64_t line)
{
    if (words.size() < 2)
        return;
    m_entry.kernel = words[1];
    m_entry.cmdline = join({words.begin() + 2, words.end()}, " ");
    m_entry.where = {m_path, line, {}, printable(words[1], 256)};
}

void GrubInterpreter::start_bls(const BlsEntry &bls)
{
    m_entry.kernel = expand_text(bls.kernel);
    m_entry.cmdline = join(split_blanks(expand_text(bls.options)), " ");
    m_entry.where = {bls.file, bls.line, {}, printable(bls.kernel, 256)};
    for (auto const &initrd : bls.initrds) {
        // "initrd /initramfs.img $tuned_initrd": the second is usually empty.
        for (auto const &word : split_blanks(expand_text(initrd)))
            m_entry.initramfs = word;
    }
}

}  // namespace imgport
