#include "guest/freebsd.hpp"

#include <array>
#include <cstring>

#include <fmt/format.h>

#include "guest/guest_text.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t chunk_size = 1024 * 1024;            // bytes
constexpr std::size_t max_kernel_size = 256 * chunk_size;  // bytes

constexpr std::size_t max_settings = 10'000;

struct Driver {
    const char *name;
    // What a kernel holds that has the driver built in: DRIVER_MODULE(9) leaves the string "BUS/NAME". The transport is
    // virtio_pci until 12, virtio_pci_legacy and virtio_pci_modern from 13 on.
    std::string_view trace;
    std::string_view module;  // the file's name without ".ko", and NAME_load in loader.conf(5)
};
constexpr std::array<Driver, 3> drivers{{
    {"virtio_pci", "pci/virtio_pci", "virtio_pci"},
    {"virtio_blk", "virtio_pci/virtio_blk", "virtio_blk"},
    {"vtnet", "virtio_pci/vtnet", "if_vtnet"},
}};

// In the loader's order, the last assignment counts (/boot/defaults/loader.conf, "loader_conf_files").
struct LoaderSetting {
    std::string value;
    Evidence where;
};
std::map<std::string, LoaderSetting, std::less<>> read_loader_conf(GuestFiles &files)
{
    std::vector<std::string> paths{"/boot/loader.conf"};
    for (auto const &path : files.files_in("/boot/loader.conf.d", ".conf"))
        paths.push_back(path);
    paths.emplace_back("/boot/loader.conf.local");
    std::map<std::string, LoaderSetting, std::less<>> settings;
    for (auto const &path : paths) {
        auto const text = files.text(path);
        std::uint64_t number = 0;
        for (auto line : lines_of(text ? std::string_view(*text) : std::string_view())) {
            ++number;
            line = trim(line.substr(0, line.find('#')));
            auto const equals = line.find('=');
            if (equals == std::string_view::npos || settings.size() == max_settings)
                continue;
            // Names have dots in them, as shell variables have not: vfs.root.mountfrom.
            std::string_view value = trim(line.substr(equals + 1));
            if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
                value = value.substr(1, value.size() - 2);
            settings[std::string(trim(line.substr(0, equals)))] = {
                std::string(value), {path, number, {}, std::string(line).substr(0, 200)}};
        }
    }
    return settings;
}

// Which of the drivers' traces a kernel holds. Whatever reads it sees a bounded stretch of it at a time.
std::array<bool, drivers.size()> find_traces(GuestFiles &files, const std::string &kernel)
{
    std::array<bool, drivers.size()> found{};
    auto stream = files.tree().open(kernel);
    if (!stream) {
        files.fail(kernel, stream.error().message);
        return found;
    }
    constexpr std::size_t overlap = 64;  // bytes, longer than any trace
    std::string window;
    std::string chunk(chunk_size, '\0');
    for (std::size_t total = 0; total < max_kernel_size;) {
        auto const count = (*stream)->read(std::as_writable_bytes(std::span(chunk)));
        if (!count) {
            files.fail(kernel, count.error().message);
            return found;
        }
        if (*count == 0)
            break;
        total += *count;
        if (window.size() > overlap)
            window.erase(0, window.size() - overlap);
        window.append(chunk, 0, *count);
        for (std::size_t i = 0; i < drivers.size(); ++i)
            found[i] = found[i] || window.find(drivers[i].trace) != std::string::npos;
    }
    return found;
}

void read_drivers(GuestFiles &files, FreeBsdFacts &facts,
                  const std::map<std::string, LoaderSetting, std::less<>> &settings)
{
    auto const builtin = find_traces(files, facts.kernel);
    for (std::size_t i = 0; i < drivers.size(); ++i) {
        std::string const module(drivers[i].module);
        std::string const file = module + ".ko";
        bool const there = files.exists(dir_name(facts.kernel) + "/" + file) || files.exists("/boot/modules/" + file);
        auto const load = settings.find(module + "_load");
        bool const loaded = load != settings.end() && means_yes(load->second.value);
        facts.drivers[drivers[i].name] = builtin[i] ? "kernel" : !there ? "absent" : loaded ? "loader" : "module";
    }
}

}  // namespace

Known<FreeBsdFacts> read_freebsd(FileTree &tree)
{
    GuestFiles files(tree);
    FreeBsdFacts facts;
    auto const settings = read_loader_conf(files);
    auto const named = settings.find("kernel");
    std::string const name = named == settings.end() || named->second.value.empty() ? "kernel" : named->second.value;
    std::string const kernel = normal_path("/boot/" + name + "/kernel");
    if (files.exists(kernel)) {
        facts.kernel = kernel;
        read_drivers(files, facts, settings);
    } else if (files.exists(kernel + ".gz")) {
        facts.kernel = kernel + ".gz";
        files.fail(facts.kernel, "compressed, so its drivers are not known");
    }
    if (auto const root = settings.find("vfs.root.mountfrom"); root != settings.end()) {
        facts.root = root->second.value;
        facts.root_where = root->second.where;
    }
    return files.answer(std::move(facts));
}

}  // namespace imgport
