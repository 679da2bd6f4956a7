#include "rules/guest_facts.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {
namespace {

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Takes the first run of digits, or of anything else, off `text`.
std::string_view take_run(std::string_view &text)
{
    auto const end = std::find_if(text.begin(), text.end(), [&](char c) { return is_digit(c) != is_digit(text[0]); });
    auto const run = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(run.size());
    return run;
}

int compare_numbers(std::string_view a, std::string_view b)
{
    a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
    b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
    if (a.size() != b.size())
        return a.size() < b.size() ? -1 : 1;
    return a.compare(b);
}

}  // namespace

bool is_older_version(std::string_view a, std::string_view b)
{
    while (!a.empty() && !b.empty()) {
        auto const left = take_run(a);
        auto const right = take_run(b);
        bool const numbers = is_digit(left[0]) && is_digit(right[0]);
        int const order = numbers ? compare_numbers(left, right) : left.compare(right);
        if (order != 0)
            return order < 0;
    }
    return a.empty() && !b.empty();
}

const KernelFacts *default_kernel(const GuestFacts &guest)
{
    const KernelFacts *newest = nullptr;
    for (auto const &kernel : guest.kernels) {
        if (kernel.is_default)
            return &kernel;
        if (newest == nullptr || is_older_version(newest->version, kernel.version))
            newest = &kernel;
    }
    return newest;
}

std::vector<const BootEntry *> judged_entries(const GuestFacts &guest)
{
    std::vector<const BootEntry *> entries;
    if (!guest.boot_loader)
        return entries;
    auto const &loader = *guest.boot_loader;
    if (loader.default_entry && *loader.default_entry < loader.entries.size())
        return {&loader.entries[*loader.default_entry]};
    for (auto const &entry : loader.entries)
        entries.push_back(&entry);
    return entries;
}

std::vector<std::string> kernel_parameters(std::string_view command_line, std::string_view name)
{
    std::vector<std::string> values;
    for (auto const &word : split_blanks(command_line)) {
        // The kernel takes quotes around the value and around the whole word (Linux, lib/cmdline.c, next_arg).
        std::string_view text = word;
        if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
            text = text.substr(1, text.size() - 2);
        if (!text.starts_with(name) || text.size() <= name.size() || text[name.size()] != '=')
            continue;
        text.remove_prefix(name.size() + 1);
        if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
            text = text.substr(1, text.size() - 2);
        values.emplace_back(text);
    }
    return values;
}

const VolumeFacts *root_volume(const Inspection &inspection, const GuestFacts &guest)
{
    for (auto const &volume : inspection.volumes) {
        if (!guest.root_device.empty() && volume.device == guest.root_device)
            return &volume;
    }
    return nullptr;
}

const CredentialFile *find_key(const GuestFacts &guest)
{
    if (!guest.credentials)
        return nullptr;
    for (auto const &file : *guest.credentials) {
        if (file.kind == "authorized-keys")
            return &file;
    }
    return nullptr;
}

bool contains(const std::vector<std::string> &words, std::string_view word)
{
    return std::find(words.begin(), words.end(), word) != words.end();
}

bool cloud_init_configures_network(const CloudInitFacts &cloud_init)
{
    return cloud_init.installed && cloud_init.enabled && !cloud_init.network_disabled;
}

bool leaves_network_to_nobody(const GuestFacts &guest)
{
    if (!guest.cloud_init || !guest.network)
        return false;
    auto const &cloud_init = *guest.cloud_init;
    // NetworkManager makes a connection of its own for a card that nothing describes.
    return cloud_init.installed && cloud_init.enabled && cloud_init.network_disabled &&
           guest.network->interfaces.empty() && !contains(guest.network->enabled_services, "NetworkManager");
}

bool is_coreos(const OsFacts &os)
{
    return os.id == "coreos" || os.id == "flatcar" || os.id == "fcos" || os.id == "fedora-coreos" || os.id == "rhcos" ||
           os.id == "scos" || os.variant == "coreos" || os.name.find("CoreOS") != std::string::npos;
}

Driver driver_in(const KernelFacts &kernel, std::string_view name, std::string_view option)
{
    if (kernel.builtin && contains(*kernel.builtin, name))
        return Driver::builtin;
    if (kernel.installed && contains(*kernel.installed, name))
        return Driver::module;
    if (kernel.builtin && kernel.installed)
        return Driver::absent;
    if (kernel.config) {
        auto const found = kernel.config->find(std::string(option));
        if (found == kernel.config->end() || found->second == "n")
            return Driver::absent;
        return found->second == "y" ? Driver::builtin : Driver::module;
    }
    return Driver::unknown;
}

std::string unknown_drivers_reason(const KernelFacts &kernel)
{
    std::vector<std::string> reasons;
    if (!kernel.builtin)
        reasons.push_back("built-in drivers: " + kernel.builtin.reason());
    if (!kernel.installed)
        reasons.push_back("modules: " + kernel.installed.reason());
    return fmt::format("the drivers of kernel {} are not known ({})", kernel.version, join(reasons, "; "));
}

bool has_version_number(const KernelFacts &kernel)
{
    return !kernel.version.empty() && is_digit(kernel.version.front());
}

bool has_foreign_initramfs(const KernelFacts &kernel)
{
    return has_version_number(kernel) && !kernel.initramfs_versions.empty() &&
           !contains(kernel.initramfs_versions, kernel.version);
}

}  // namespace imgport
