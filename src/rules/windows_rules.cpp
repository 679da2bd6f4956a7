// What a Windows system is, how it lies on its disk, and in what state it was left.
#include <algorithm>

#include <fmt/format.h>

#include <imgport/import_parameters.hpp>

#include "rules/guest_facts.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "rules/windows.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

const char *const software_hive = "Windows/System32/config/SOFTWARE";

Outcome win_version(const RuleContext &context)
{
    if (auto reason = windows_not_read(context))
        return *reason;
    auto const &windows = *context.guest->windows;
    if (!windows.version)
        return unknown(windows.version.reason());
    auto const &version = *windows.version;
    std::string const title = windows_title(version);
    Evidence const evidence = seen(software_hive, title);
    auto const server = is_windows_server(windows);
    if (!server)
        return unknown("the registry does not say which edition of Windows this is");
    if (!*server)
        return violated(fmt::format("{} is a client edition: the import takes Windows Server only", title), {evidence});
    if (version.version == "5.2" && version.service_pack.empty())
        return violated(fmt::format("{} has no service pack: the import takes it from Service Pack 1 on", title),
                        {evidence});
    std::string const platform = platform_of(*context.guest);
    if (platform.empty() || !contains(context.profile.platforms, platform)) {
        std::vector<std::string> taken;
        std::copy_if(context.profile.platforms.begin(), context.profile.platforms.end(), std::back_inserter(taken),
                     [](auto const &name) { return name.starts_with("Windows"); });
        return violated(
            fmt::format("{} is not one of the releases that the import takes: {}", title, join(taken, ", ")),
            {evidence});
    }
    return passed(fmt::format("{} is imported as '{}'", title, platform), {evidence});
}

Outcome win_disk(const RuleContext &context)
{
    if (!context.inspection->disk)
        return unknown("the partition table was not read");
    auto const &disk = *context.inspection->disk;
    const VolumeFacts *root = root_volume(*context.inspection, *context.guest);
    if (root == nullptr || root->filesystem.type.empty())
        return unknown("the volume that holds Windows is not known");
    if (root->filesystem.type != "ntfs")
        return violated(fmt::format("Windows is on {}, not on NTFS", root->filesystem.type),
                        {seen(root->device, root->filesystem.type)});
    if (disk.table != "mbr" && disk.table != "gpt")
        return not_applicable("there is no partition table: see pt-present");
    return passed(fmt::format("Windows is on NTFS, on a disk with {}", to_upper(disk.table)));
}

// ---------------------------------------------------------------------------------------------------------------- boot

bool ends_with_program(const WindowsBootEntry &entry, std::string_view program)
{
    return to_lower(entry.loader).ends_with(program);
}

// The entries that can start: of a store with a default the default one, else all of it.
std::vector<const WindowsBootEntry *> starting_entries(const WindowsBoot &boot)
{
    std::vector<const WindowsBootEntry *> entries;
    for (auto const &entry : boot.entries) {
        bool const has_default = std::any_of(boot.entries.begin(), boot.entries.end(), [&](auto const &other) {
            return other.store == entry.store && other.is_default;
        });
        if (entry.is_default || !has_default)
            entries.push_back(&entry);
    }
    return entries;
}

Outcome win_uefi(const RuleContext &context)
{
    if (auto reason = windows_not_read(context))
        return *reason;
    if (!context.inspection->disk)
        return unknown("the partition table was not read");
    std::string const &table = context.inspection->disk->table;
    if (table != "mbr" && table != "gpt")
        return not_applicable("there is no partition table");
    auto const &boot = context.guest->windows->boot;
    if (!boot)
        return unknown(boot.reason());
    bool const uefi = table == "gpt";
    std::vector<Evidence> evidence;
    for (auto const *entry : starting_entries(*boot)) {
        evidence.push_back(seen(entry->store, entry->loader));
        if (entry->on_esp == uefi && ends_with_program(*entry, uefi ? "winload.efi" : "winload.exe"))
            return passed(
                fmt::format("the disk is {}, and Windows starts by {}", to_upper(table), uefi ? "UEFI" : "BIOS"),
                {seen(entry->store, entry->loader)});
    }
    if (!uefi && boot->ntldr)
        return passed("the disk is MBR, and Windows starts by BIOS", {seen("/ntldr", "the boot loader before Vista")});
    if (boot->stores.empty())
        return violated("no boot configuration (BCD) was found on any volume: Windows does not start",
                        {seen(uefi ? "/EFI/Microsoft/Boot/BCD" : "/Boot/BCD", "missing")});
    return violated(uefi ? "the disk is GPT, which Windows boots by UEFI only, but no boot configuration on the EFI "
                           "system partition starts winload.efi"
                         : "the disk is MBR, which Windows boots by BIOS only, but no boot configuration starts "
                           "winload.exe",
                    std::move(evidence));
}

// ----------------------------------------------------------------------------------------------- in what state it is

Outcome win_clean(const RuleContext &context)
{
    std::vector<Evidence> found;
    for (auto const &volume : context.inspection->volumes) {
        auto const &filesystem = volume.filesystem;
        if (filesystem.type == "BitLocker")
            found.push_back(seen(volume.device, "is encrypted by BitLocker"));
        else if (context.guest != nullptr && filesystem.type == "ntfs" && filesystem.clean && !*filesystem.clean)
            found.push_back(seen(volume.device, "NTFS: " + (filesystem.state.empty() ? "dirty" : filesystem.state)));
    }
    if (context.guest == nullptr) {
        if (!found.empty())
            return violated(
                fmt::format("{} {}: nobody can open it on the instance", found.front().file, found.front().value),
                found);
        if (context.inspection->gap)
            return unknown(context.inspection->gap->reason);
        return not_applicable("no Windows was found on this disk");
    }
    if (auto reason = windows_not_read(context))
        return *reason;
    auto const &windows = *context.guest->windows;
    if (windows.hibernation && windows.hibernation->hibernated)
        found.push_back(seen(windows.hibernation->file,
                             fmt::format("signature '{}': Windows is hibernated{}", windows.hibernation->signature,
                                         windows.hibernation->fast_startup ? " (fast startup is on)" : "")));
    if (!found.empty())
        return violated(fmt::format("{}: {}; Windows was not shut down for good before its disk was copied",
                                    found.front().file, found.front().value),
                        found);
    if (!windows.hibernation)
        return unknown(windows.hibernation.reason());
    const VolumeFacts *root = root_volume(*context.inspection, *context.guest);
    if (root == nullptr || !root->filesystem.clean)
        return unknown("it cannot be said whether the volume with Windows was unmounted cleanly");
    if (windows.dirty_hives.empty())
        return passed("Windows was shut down, its volumes are clean and not encrypted");
    return passed(fmt::format("Windows was shut down; but {} has changes in its log that were not looked at",
                              join(windows.dirty_hives, ", ")));
}

Outcome win_sysprep(const RuleContext &context)
{
    if (auto reason = windows_not_read(context))
        return *reason;
    auto const &state = context.guest->windows->image_state;
    if (!state)
        return unknown(state.reason());
    if (state->empty())
        return not_applicable("this Windows does not say whether it was generalized");
    Evidence const evidence = seen(software_hive, "ImageState " + *state);
    if (*state == "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE")
        return passed("Windows was generalized", {evidence});
    if (*state == "IMAGE_STATE_COMPLETE")
        return violated("Windows was not generalized (sysprep): each instance made of the image has the same "
                        "identifiers (SID)",
                        {evidence});
    return violated(fmt::format("the setup of Windows is not finished ({}): it goes on at the first start, or asks",
                                printable(*state, 100)),
                    {evidence});
}

Outcome win_pagefile_space(const RuleContext &context)
{
    constexpr std::uint64_t wanted = std::uint64_t{6} << 30;
    const VolumeFacts *root = root_volume(*context.inspection, *context.guest);
    if (root == nullptr)
        return unknown("the volume that holds Windows is not known");
    if (!root->filesystem.free)
        return unknown(fmt::format("the free space of {} could not be read", root->device));
    std::vector<Evidence> evidence{seen(root->device, fmt::format("{} bytes free", *root->filesystem.free))};
    auto const &windows = context.guest->windows;
    if (windows && windows->paging_files) {
        for (auto const &file : *windows->paging_files)
            evidence.push_back(seen("PagingFiles", file));
    }
    std::string const has = fmt::format("the volume with Windows has {} free", human_size(*root->filesystem.free));
    if (*root->filesystem.free < wanted)
        return violated(has + ", less than 6 GiB: little for drivers, updates and the page file", std::move(evidence));
    return passed(has);
}

Outcome win_license(const RuleContext &context)
{
    if (auto reason = windows_not_read(context))
        return *reason;
    auto const *request = context.input.request;
    std::string const license = request != nullptr ? request->license_type.value_or("") : "";
    if (license == "BYOL")
        return not_applicable("license type BYOL: activate Windows with a key of your own");
    auto const &services = context.guest->windows->services;
    if (!services)
        return unknown(services.reason());
    for (const char *name : {"cloudbase-init", "aliyunservice", "aliyun assist"}) {
        const WindowsService *service = find_service(*services, name);
        if (service != nullptr && effective_start(*service) <= 3)
            return passed(fmt::format("{} sets Windows up at its first start", service->name),
                          {seen(service->name, service->image_path)});
    }
    return violated(fmt::format("nothing in the image sets up the cloud's activation and updates (license type {}): it "
                                "has neither cloudbase-init nor the cloud's own service",
                                license.empty() ? "Auto" : license),
                    {seen("Services", "no cloudbase-init, no AliyunService")});
}

}  // namespace

std::vector<Rule> windows_rules()
{
    std::string const group = "windows";
    return {
        {{"win-version",
          group,
          "Windows is a server release that the import takes",
          "The import is refused: client editions (XP, 7, 8, 10, 11) and releases that are not listed are not taken.",
          "Install a Windows Server release that the message names; Windows Server 2003 needs Service Pack 1",
          cite({"INS", "API"}),
          {""}},
         Reads::guest,
         Guests::windows_only,
         win_version},
        {{"win-disk",
          group,
          "Windows is on NTFS, on a disk with MBR or GPT",
          "The import does not find the system.",
          "Install Windows onto a partitioned disk; a bare volume cannot be turned into one in place",
          cite({"INS"}),
          {""}},
         Reads::guest,
         Guests::windows_only,
         win_disk},
        {{"win-uefi",
          group,
          "Windows starts the way its partition table asks for: GPT by UEFI, MBR by BIOS",
          "The firmware finds nothing that it could start.",
          "On a copy, from the installation medium's command prompt: bcdboot C:\\Windows /s S: /f UEFI (GPT; S: is the "
          "EFI system partition) or /f BIOS (MBR; S: is the active partition); import with the boot mode that fits",
          cite({"BOOT"}),
          {""}},
         Reads::guest,
         Guests::windows_only,
         win_uefi},
        {{"win-clean",
          group,
          "Windows was shut down for good: NTFS clean, not hibernated, no BitLocker",
          "The drivers that the import adds are lost or the volume cannot be opened; a hibernated system resumes on "
          "hardware that is not there.",
          "In Windows: manage-bde -off C: and wait until it is decrypted; powercfg /h off; chkdsk C: /f; then shutdown "
          "/s /t 0, and export again",
          cite({"INS", "PRACTICE"}),
          {""}},
         Reads::anything,
         Guests::windows_only,
         win_clean},
        {{"win-license",
          group,
          "The image can be activated with the license type of the import",
          "Windows is not activated and gets no updates from the cloud's servers until someone sets them by hand.",
          "Install cloudbase-init (or the cloud's own service) before the export; or on the instance slmgr /skms "
          "kms.cloud.aliyuncs.com:1688 and slmgr /ato; with a license of your own give --license-type BYOL",
          cite({"FAQ", "API"}),
          {""}},
         Reads::guest,
         Guests::windows_only,
         win_license},
        {{"win-sysprep",
          group,
          "Windows was generalized",
          "Instances made of one image share identifiers, which a domain or an update server minds.",
          "C:\\Windows\\System32\\Sysprep\\sysprep.exe /generalize /oobe /shutdown as the last step before the export; "
          "a single machine that only moves can stay as it is",
          cite({"PRACTICE"}),
          {""}},
         Reads::guest,
         Guests::windows_only,
         win_sysprep},
        {{"win-pagefile-space",
          group,
          "The volume with Windows has 6 GiB free",
          "Drivers and updates find no room, and the page file cannot grow.",
          "cleanmgr /sageset:1 and /sagerun:1, dism /online /cleanup-image /startcomponentcleanup, a smaller page "
          "file, or a larger disk before the export",
          cite({"CHK", "CLOUDS"}),
          {""}},
         Reads::guest,
         Guests::windows_only,
         win_pagefile_space},
        {{"win-checks-list",
          group,
          "The cloud's own image check passes",
          "It looks at GUESTOS.Virtio, .Update, .Hotfix and .Server of a Windows image, and repairs them.",
          "after the import see the result of the cloud's image check (GUESTOS.Virtio, .Update, .Hotfix, .Server); "
          "install pending updates before the export",
          cite({"API"}),
          {""},
          false},
         Reads::nothing,
         Guests::windows_only,
         nullptr},
    };
}

}  // namespace imgport
