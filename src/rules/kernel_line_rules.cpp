// What the kernel is told besides its root.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "rules/boot_entries.hpp"
#include "rules/device_names.hpp"
#include "rules/guest_facts.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

bool is_console(std::string_view value, std::string_view device)
{
    return value == device || (value.starts_with(device) && value[device.size()] == ',');
}

Outcome kernel_console(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (auto reason = no_boot_entries(guest))
        return *reason;
    bool const arm = guest.architecture == "aarch64";
    std::vector<Evidence> silent;
    for (const BootEntry *entry : judged_entries(guest)) {
        auto const consoles = kernel_parameters(entry->cmdline, "console");
        bool const serial = std::any_of(consoles.begin(), consoles.end(), [&](auto const &value) {
            return is_console(value, "ttyS0") || (arm && is_console(value, "ttyAMA0"));
        });
        // On arm64 the firmware names the console (ACPI's SPCR table) where the command line does not.
        if (!serial && !(arm && consoles.empty()))
            silent.push_back(
                on_command_line(*entry, consoles.empty() ? "no console=" : "console=" + join(consoles, " console=")));
    }
    if (silent.empty())
        return passed("the kernel writes to the serial console");
    return violated("the kernel is not told console=ttyS0: the instance's serial log and console stay empty, and a "
                    "boot that hangs cannot be looked at",
                    std::move(silent));
}

bool has_raid(const Inspection &inspection)
{
    return std::any_of(inspection.volumes.begin(), inspection.volumes.end(),
                       [](auto const &volume) { return volume.filesystem.type == "linux_raid_member"; });
}

// vga= takes "normal", "extended", "ask" or a number (Linux, Documentation/admin-guide/svga.rst); "ask" waits.
bool is_odd_vga(std::string_view value)
{
    return value != "normal" && value != "extended" &&
           value.find_first_not_of("0123456789abcdefxABCDEFX") != value.npos;
}

// Arguments that only meant something to another hypervisor's hardware. Which names a network interface gets, and
// where the system resumes from, other rules judge.
bool is_of_other_hardware(std::string_view word, const Inspection &inspection)
{
    for (std::string_view const whole :
         {"noapic", "nolapic", "acpi=off", "pci=noacpi", "earlyprintk=xen", "console=hvc0", "console=xvc0"}) {
        if (word == whole)
            return true;
    }
    for (std::string_view const prefix : {"xen_emul_unplug=", "console=hvc0,", "console=xvc0,", "divider="}) {
        if (word.starts_with(prefix))
            return true;
    }
    bool const ide = word.size() > 4 && (word.starts_with("ide") || word.starts_with("hd")) &&
                     word.find("=noprobe") != std::string_view::npos;
    bool const vga = word.starts_with("vga=") && is_odd_vga(word.substr(4));
    bool const raid = word.starts_with("rd.md.uuid=") && !has_raid(inspection);
    return ide || vga || raid;
}

Outcome kernel_no_hw_args(const RuleContext &context)
{
    if (auto reason = no_boot_entries(*context.guest))
        return *reason;
    std::vector<Evidence> found;
    for (const BootEntry *entry : judged_entries(*context.guest)) {
        for (auto const &word : split_blanks(entry->cmdline)) {
            if (is_of_other_hardware(word, *context.inspection))
                found.push_back(on_command_line(*entry, word));
        }
    }
    if (found.empty())
        return passed("no argument of the old machine's hardware");
    std::string message =
        fmt::format("{}: made for the old machine's hardware, of no use or harmful in the cloud", found.front().value);
    return violated(std::move(message), std::move(found));
}

// root= and resume= of a setting of /etc/default/grub that name a disk as the old machine did.
void look_for_device_names(const Setting &setting, std::vector<Evidence> &found)
{
    for (const char *name : {"root", "resume"}) {
        for (auto const &value : kernel_parameters(setting.value, name)) {
            if (parse_device_name(value).naming != DeviceNaming::unstable)
                continue;
            Evidence evidence = setting.where;
            evidence.value = fmt::format("{}={}", name, value);
            found.push_back(std::move(evidence));
        }
    }
}

// What was written into grub.cfg alone and is worth keeping. Entries elsewhere are made from other files.
void look_for_passing_edits(const GuestFacts &guest, const GrubDefaults &defaults, std::vector<Evidence> &found)
{
    for (const BootEntry *entry : judged_entries(guest)) {
        if (!entry->where.file.ends_with("/grub.cfg"))
            continue;
        for (auto const &word : split_blanks(entry->cmdline)) {
            bool const kept = word == "console=ttyS0" || word.starts_with("console=ttyS0,") ||
                              word.starts_with("nvme_core.io_timeout=") || word.starts_with("nvme.io_timeout=");
            if (kept && !contains(split_blanks(defaults.cmdline.value), word) &&
                !contains(split_blanks(defaults.cmdline_default.value), word))
                found.push_back(on_command_line(*entry, word));
        }
    }
}

Outcome grub_default_persist(const RuleContext &context)
{
    auto const &guest = *context.guest;
    auto const &defaults = guest.grub_defaults;
    if (!defaults)
        return unknown(defaults.reason());
    if (!guest.boot_loader)
        return unknown(guest.boot_loader.reason());
    if (guest.boot_loader->kind != "grub2" || !defaults->present)
        return not_applicable("GRUB's configuration is not made from /etc/default/grub");
    std::vector<Evidence> found;
    // grub-mkconfig's 10_linux compares with "true"; a logical volume keeps its name anyway.
    const VolumeFacts *root = root_volume(*context.inspection, guest);
    if (defaults->disable_uuid.value == "true" && (root == nullptr || root->kind != "lvm")) {
        Evidence evidence = defaults->disable_uuid.where;
        evidence.value = "GRUB_DISABLE_LINUX_UUID=true";
        found.push_back(std::move(evidence));
    }
    look_for_device_names(defaults->cmdline, found);
    look_for_device_names(defaults->cmdline_default, found);
    if (!found.empty()) {
        std::string message =
            fmt::format("{}: the next update of GRUB's configuration, as after a new kernel, names disks "
                        "by the machine's names",
                        found.front().value);
        return violated(std::move(message), std::move(found));
    }
    look_for_passing_edits(guest, *defaults, found);
    if (!found.empty()) {
        std::string message =
            fmt::format("{} stands in GRUB's configuration but not in /etc/default/grub: the next update "
                        "drops it",
                        found.front().value);
        return violated(std::move(message), std::move(found));
    }
    return passed("/etc/default/grub keeps what GRUB's configuration says");
}

}  // namespace

std::vector<Rule> kernel_line_rules()
{
    std::string const group = "boot";
    std::string const update_grub = "then update-grub (RHEL, CentOS, SUSE: grub2-mkconfig -o /boot/grub2/grub.cfg)";
    return {
        {{"grub-default-persist",
          group,
          "/etc/default/grub says the same as GRUB's configuration",
          "The next kernel update writes the configuration anew, and what was put right by hand is lost.",
          "Edit GRUB_CMDLINE_LINUX in /etc/default/grub, take GRUB_DISABLE_LINUX_UUID=true out, " + update_grub,
          cite({"PRACTICE"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         grub_default_persist},
        {{"kernel-console",
          group,
          "The kernel writes to the serial console",
          "The cloud's serial log and console show nothing.",
          "Add console=tty0 console=ttyS0,115200n8 to GRUB_CMDLINE_LINUX in /etc/default/grub, " + update_grub +
              "; with grubby: grubby --update-kernel=ALL --args='console=tty0 console=ttyS0,115200n8'",
          cite({"CLOUDS", "PRACTICE"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         kernel_console},
        {{"kernel-no-hw-args",
          group,
          "The kernel is told nothing that was meant for another hypervisor's hardware",
          "Such arguments switch off what the cloud's hardware needs, or wait for what it has not.",
          "Take them out of GRUB_CMDLINE_LINUX in /etc/default/grub, " + update_grub,
          cite({"PRACTICE"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         kernel_no_hw_args},
    };
}

}  // namespace imgport
