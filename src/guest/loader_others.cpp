// The boot loaders whose configuration is a list of keywords: GRUB legacy, SYSLINUX, systemd-boot.
#include <algorithm>

#include <fmt/format.h>

#include "guest/bls.hpp"
#include "guest/device_spec.hpp"
#include "guest/guest_text.hpp"
#include "guest/loader_config.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr unsigned max_includes = 32;

// GRUB legacy counts partitions from 0: "(hd0,0)" is the first.
const VolumeFacts *legacy_volume(std::string_view device, const std::vector<VolumeFacts> &volumes)
{
    if (!device.starts_with("(hd0,") || !device.ends_with(')'))
        return nullptr;
    device = device.substr(5, device.size() - 6);
    auto const number = parse_number(device.substr(0, device.find(',')));
    return number && *number < 1024 ? volume_of_partition(static_cast<std::uint32_t>(*number) + 1, volumes) : nullptr;
}

// "(hd0,0)/vmlinuz" -> "/vmlinuz" with the volume set.
std::string legacy_path(std::string_view path, LoaderEntry &entry, const std::vector<VolumeFacts> &volumes)
{
    auto const end = path.find(')');
    if (!path.starts_with('(') || end == std::string_view::npos)
        return std::string(path);
    if (auto const *volume = legacy_volume(path.substr(0, end + 1), volumes))
        entry.volume = volume->device;
    return std::string(path.substr(end + 1));
}

// One word off the front of a line, and what is left.
std::string take_word(std::string_view &line)
{
    line = trim(line);
    auto const end = std::min(line.find_first_of(" \t"), line.size());
    std::string word(line.substr(0, end));
    line = trim(line.substr(end));
    return word;
}

// "initrd=NAME" of a command line: EXTLINUX takes it from there as well.
std::string initrd_argument(std::string_view cmdline)
{
    for (auto const &word : split_blanks(cmdline)) {
        if (word.starts_with("initrd="))
            return word.substr(7, word.find(',') == std::string::npos ? std::string::npos : word.find(',') - 7);
    }
    return {};
}

struct ExtlinuxLabel {
    std::string name;
    LoaderEntry entry = {};
    bool is_default = false;
};

class ExtlinuxReader {
public:
    explicit ExtlinuxReader(GuestFiles &files, std::string folder) : m_files(files), m_folder(std::move(folder)) {}

    void read(const std::string &path)
    {
        if (++m_read > max_includes) {
            m_files.fail(path, "too many INCLUDE lines");
            return;
        }
        auto const text = m_files.text(path);
        std::uint64_t number = 0;
        for (auto line : lines_of(text ? std::string_view(*text) : std::string_view())) {
            ++number;
            std::string const keyword = to_lower(take_word(line));
            if (keyword.empty() || keyword.front() == '#')
                continue;
            if (keyword == "include")
                read(absolute(std::string(line)));
            else if (keyword == "default")
                m_default = line;
            else if (keyword == "label")
                open_label(path, line);
            else if (keyword == "append" && m_labels.empty())
                m_append = line;
            else if (!m_labels.empty())
                take(m_labels.back(), keyword, line, path, number);
        }
    }

    LoaderConfig finish(const std::string &path)
    {
        LoaderConfig config{"extlinux", path, {}, {}};
        for (auto &label : m_labels) {
            BootEntry &entry = label.entry.entry;
            if (entry.kernel.empty())
                continue;
            if (entry.cmdline.empty())
                entry.cmdline = m_append;
            if (entry.initramfs.empty())
                entry.initramfs = initrd_argument(entry.cmdline);
            if (!entry.initramfs.empty())
                entry.initramfs = absolute(entry.initramfs);
            if (label.name == m_default || (label.is_default && !config.default_entry))
                config.default_entry = config.entries.size();
            config.entries.push_back(std::move(label.entry));
        }
        if (!config.default_entry && !config.entries.empty())
            config.default_entry = 0;
        return config;
    }

private:
    void open_label(const std::string &path, std::string_view name)
    {
        if (m_labels.size() == max_boot_entries) {
            m_files.fail(path, fmt::format("more than {} labels", max_boot_entries));
            return;
        }
        m_labels.push_back({std::string(name)});
        m_labels.back().entry.entry.title = name;
    }

    void take(ExtlinuxLabel &label, const std::string &keyword, std::string_view rest, const std::string &path,
              std::uint64_t number)
    {
        BootEntry &entry = label.entry.entry;
        if (keyword == "kernel" || keyword == "linux") {
            // Modules of the menu are no kernels.
            if (rest.ends_with(".c32") || rest.ends_with(".com"))
                return;
            entry.kernel = absolute(std::string(rest));
            entry.where = {path, number, {}, printable(rest, 256)};
        } else if (keyword == "append") {
            entry.cmdline = rest == "-" ? "" : rest;
        } else if (keyword == "initrd") {
            entry.initramfs = rest.substr(std::min(rest.rfind(',') + 1, rest.size()));
        } else if (keyword == "menu") {
            std::string const what = to_lower(take_word(rest));
            if (what == "label")
                entry.title = rest;
            else if (what == "default")
                label.is_default = true;
        }
    }

    std::string absolute(const std::string &name) const
    {
        return normal_path(name.starts_with('/') ? name : m_folder + "/" + name);
    }

    GuestFiles &m_files;
    std::string m_folder;
    std::string m_default;
    std::string m_append;
    std::vector<ExtlinuxLabel> m_labels;
    unsigned m_read = 0;
};

}  // namespace

LoaderConfig read_grub_legacy(GuestFiles &files, const std::string &path, const std::vector<VolumeFacts> &volumes)
{
    LoaderConfig config{"grub-legacy", path, {}, {}};
    auto const text = files.text(path);
    std::string wanted = "0";
    std::vector<LoaderEntry> all;
    std::uint64_t number = 0;
    for (auto line : lines_of(text ? std::string_view(*text) : std::string_view())) {
        ++number;
        line = trim(line);
        // "default=0" and "default 0" mean the same.
        auto const end = std::min(line.find_first_of(" \t="), line.size());
        std::string const keyword(line.substr(0, end));
        std::string_view rest = line.substr(std::min(line.find_first_not_of(" \t=", end), line.size()));
        if (keyword == "default") {
            wanted = rest;
        } else if (keyword == "title") {
            if (all.size() == max_boot_entries) {
                files.fail(path, fmt::format("more than {} entries", max_boot_entries));
                break;
            }
            all.emplace_back().entry.title = rest;
        } else if (all.empty()) {
            continue;
        } else if (keyword == "root" || keyword == "rootnoverify") {
            auto const *volume = legacy_volume(take_word(rest), volumes);
            all.back().volume = volume != nullptr ? volume->device : "";
        } else if (keyword == "uuid") {
            std::string const target = "UUID=" + take_word(rest);
            auto const *volume = resolve_device(target, volumes);
            all.back().entry.searches.push_back(target);
            all.back().volume = volume != nullptr ? volume->device : "";
        } else if (keyword == "kernel") {
            std::string word = take_word(rest);
            while (word.starts_with("--"))
                word = take_word(rest);
            all.back().entry.kernel = legacy_path(word, all.back(), volumes);
            all.back().entry.cmdline = join(split_blanks(rest), " ");
            all.back().entry.where = {path, number, {}, printable(word, 256)};
        } else if (keyword == "initrd") {
            all.back().entry.initramfs = legacy_path(take_word(rest), all.back(), volumes);
        }
    }
    // "default saved" takes what grub-set-default wrote; it is a number on a line of its own.
    if (wanted == "saved") {
        auto const saved = files.text(dir_name(path) + "/default");
        wanted = saved ? std::string(trim(saved->substr(0, saved->find('\n')))) : "0";
    }
    std::uint64_t const index = parse_number(wanted).value_or(0);
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].entry.kernel.empty())
            continue;
        if (i == index)
            config.default_entry = config.entries.size();
        config.entries.push_back(std::move(all[i]));
    }
    return config;
}

LoaderConfig read_extlinux(GuestFiles &files, const std::string &path)
{
    ExtlinuxReader reader(files, dir_name(path));
    reader.read(path);
    return reader.finish(path);
}

LoaderConfig read_systemd_boot(GuestFiles &files, const std::string &folder)
{
    LoaderConfig config{"systemd-boot", folder + "/loader/loader.conf", {}, {}};
    auto entries = read_bls_entries(files, folder + "/loader/entries");
    sort_as_systemd(entries);
    std::string pattern;
    auto const text = files.text(config.config);
    for (auto line : lines_of(text ? std::string_view(*text) : std::string_view())) {
        if (take_word(line) == "default")
            pattern = line;
    }
    for (auto const &bls : entries) {
        if (bls.kernel.empty())
            continue;
        // loader.conf(5): "default" is a glob of the file's name, with its suffix.
        if (!config.default_entry && !pattern.empty() &&
            (glob_match(pattern, bls.id + ".conf") || glob_match(pattern, bls.id)))
            config.default_entry = config.entries.size();
        LoaderEntry entry;
        entry.entry.title = bls.title;
        entry.entry.kernel = bls.kernel;
        entry.entry.initramfs = bls.initrds.empty() ? "" : bls.initrds.back();
        entry.entry.cmdline = join(split_blanks(bls.options), " ");
        entry.entry.where = {bls.file, bls.line, {}, printable(bls.kernel, 256)};
        config.entries.push_back(std::move(entry));
    }
    if (!config.default_entry && !config.entries.empty())
        config.default_entry = 0;
    return config;
}

}  // namespace imgport
