#include "guest/customized.hpp"

#include <algorithm>
#include <set>

#include "guest/guest_files.hpp"
#include "guest/guest_text.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::string_view folder_name = "aliyun_custom_image";
constexpr std::uint64_t max_script = 256 * 1024;  // bytes
constexpr std::size_t max_scripts = 1000;

const VolumeFacts *first_partition(const std::vector<VolumeFacts> &volumes)
{
    const VolumeFacts *first = nullptr;
    for (auto const &volume : volumes) {
        if (volume.kind == "partition" && (first == nullptr || volume.partition < first->partition))
            first = &volume;
    }
    return first;
}

std::string kind_of(GuestFiles &files, const std::string &path)
{
    if (files.is_directory(path))
        return "directory";
    return files.stat(path, FollowLinks::no) ? "other" : "";
}

// At the root of that volume, wherever the guest mounts it, or nowhere.
void look_for_folder(TreeMaker &maker, GuestMounts &mounts, const VolumeFacts &volume, CustomizedFacts &facts)
{
    std::string const name = "/" + std::string(folder_name);
    auto const look = [&](FileTree &tree, const std::string &path) {
        GuestFiles files(tree);
        facts.folder = kind_of(files, path);
        facts.problem = files.reason();
    };
    for (auto const &point : mounts.reachable) {
        if (point.device == volume.device && !point.subvolume)
            return look(*mounts.tree, point.target == "/" ? name : point.target + name);
    }
    if (volume.filesystem.type.empty() || volume.filesystem.type == "swap")
        return;
    auto tree = maker.open(volume, "");
    if (!tree) {
        facts.problem = volume.device + ": " + tree.error().message;
        return;
    }
    MountedTree alone(std::move(*tree));
    look(alone, name);
}

// The scripts and units that somebody adds to a system to have something done at boot. Units of the distribution are
// looked at where /etc starts them.
class Parsers {
public:
    Parsers(GuestFiles &files, std::vector<Evidence> &found) : m_files(files), m_found(found) {}

    void look()
    {
        for (const char *folder : {"/etc/init.d", "/etc/rc.d", "/etc/rc.d/init.d", "/etc/local.d", "/etc/init",
                                   "/etc/rc3.d", "/etc/rc.d/rc3.d", "/usr/local/etc/rc.d"})
            folder_of_scripts(folder);
        for (const char *path : {"/etc/rc.local", "/etc/rc.d/rc.local", "/etc/init.d/boot.local", "/etc/inittab"})
            script(path);
        for (auto const &entry : m_files.list("/etc/systemd/system")) {
            std::string const path = "/etc/systemd/system/" + entry.name;
            if (entry.name.ends_with(".service"))
                unit(path);
            else if (entry.name.ends_with(".wants") || entry.name.ends_with(".requires"))
                for (auto const &want : m_files.list(path))
                    unit(path + "/" + want.name);
        }
    }

private:
    void folder_of_scripts(const std::string &folder)
    {
        for (auto const &entry : m_files.list(folder)) {
            if (entry.kind != FileKind::directory)
                script(folder + "/" + entry.name);
        }
    }

    // Each file once; programs and whatever else is no short text are passed over.
    std::optional<std::string> text_of(const std::string &path)
    {
        auto const real = m_files.resolve(path);
        if (!real || m_seen.size() >= max_scripts || !m_seen.insert(*real).second)
            return std::nullopt;
        auto const status = m_files.stat(*real);
        if (!status || status->kind != FileKind::regular || status->size > max_script)
            return std::nullopt;
        auto text = m_files.tree().read_file(*real, max_script);
        if (!text) {
            m_files.fail(*real, text.error().message);
            return std::nullopt;
        }
        return *text;
    }

    bool speaks(const std::string &path, std::string_view text)
    {
        std::uint64_t number = 0;
        for (auto const line : lines_of(text)) {
            ++number;
            if (trim(line).starts_with('#') || !speaks_of_os_conf(line))
                continue;
            m_found.push_back({path, number, {}, std::string(trim(line)).substr(0, 200)});
            return true;
        }
        return false;
    }

    // One script may only call another, so what a line names is looked at too, one step deep.
    void script(const std::string &path)
    {
        auto const text = text_of(path);
        if (text && !speaks(path, *text) && path.ends_with("rc.local"))
            callees(*text);
    }

    void unit(const std::string &path)
    {
        auto const text = text_of(path);
        if (text && !speaks(path, *text))
            callees(*text);
    }

    void callees(std::string_view text)
    {
        for (auto const line : lines_of(text)) {
            if (trim(line).starts_with('#'))
                continue;
            for (auto const &word : split_blanks(line)) {
                auto const slash = word.find('/');
                std::string const callee = slash == std::string::npos ? "" : word.substr(slash);
                if (callee.size() < 2 || callee.starts_with("/dev/"))
                    continue;
                if (auto const called = text_of(callee))
                    speaks(callee, *called);
            }
        }
    }

    GuestFiles &m_files;
    std::vector<Evidence> &m_found;
    std::set<std::string> m_seen = {};
};

}  // namespace

bool speaks_of_os_conf(std::string_view text)
{
    if (text.find(folder_name) != std::string_view::npos)
        return true;
    constexpr std::string_view name = "os.conf";
    for (auto at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
        // Not "chaos.conf", and not "os.config".
        char const before = at == 0 ? ' ' : text[at - 1];
        char const after = at + name.size() < text.size() ? text[at + name.size()] : ' ';
        bool const starts = std::string_view(" \t/'\"=(`{").find(before) != std::string_view::npos;
        bool const ends = std::string_view(" \t'\")`;|&<>}").find(after) != std::string_view::npos;
        if (starts && ends)
            return true;
    }
    return false;
}

Known<CustomizedFacts> read_customized(TreeMaker &maker, GuestMounts &mounts, const std::vector<VolumeFacts> &volumes)
{
    CustomizedFacts facts;
    if (const VolumeFacts *first = first_partition(volumes)) {
        facts.device = first->device;
        look_for_folder(maker, mounts, *first, facts);
    }
    GuestFiles files(*mounts.tree);
    Parsers(files, facts.parsers).look();
    return files.answer(std::move(facts));
}

}  // namespace imgport
