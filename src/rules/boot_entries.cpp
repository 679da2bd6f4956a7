#include "rules/boot_entries.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "rules/device_names.hpp"
#include "rules/guest_facts.hpp"

namespace imgport {

Evidence on_command_line(const BootEntry &entry, std::string value)
{
    Evidence evidence = entry.where;
    evidence.value = std::move(value);
    return evidence;
}

std::optional<Outcome> no_boot_entries(const GuestFacts &guest)
{
    if (!guest.boot_loader)
        return unknown(guest.boot_loader.reason());
    if (guest.boot_loader->kind.empty())
        return unknown("no boot loader configuration was found, so the kernel's command line is not known");
    if (guest.boot_loader->entries.empty())
        return not_applicable(fmt::format("{} has no entry that starts a kernel", guest.boot_loader->config));
    return std::nullopt;
}

const FstabEntry *boot_on_another_disk(const Inspection &inspection, const GuestFacts &guest)
{
    if (!guest.fstab)
        return nullptr;
    auto const &entries = guest.fstab->entries;
    auto const boot = std::find_if(entries.begin(), entries.end(), [](auto &entry) { return entry.target == "/boot"; });
    if (boot == entries.end() || !boot->resolved.empty())
        return nullptr;
    DeviceName const name = parse_device_name(boot->device);
    bool const travels = name.naming == DeviceNaming::tag || name.naming == DeviceNaming::mapper;
    if (!travels || find_volume(inspection, name) != nullptr)
        return nullptr;
    bool const has_kernel = std::any_of(guest.kernels.begin(), guest.kernels.end(),
                                        [](auto const &kernel) { return !kernel.image.empty(); });
    return has_kernel ? nullptr : &*boot;
}

}  // namespace imgport
