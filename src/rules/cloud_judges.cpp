#include "rules/cloud_judges.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "rules/guest_facts.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

Evidence size_of(const ImageFacts &image)
{
    return seen(image.path, fmt::format("{} bytes", image.virtual_size.value_or(0)));
}

// "vhd (fixed)"
std::string format_name(Format format, const std::vector<std::string> &variants)
{
    return variants.empty() ? to_string(format) : fmt::format("{} ({})", to_string(format), join(variants, ", "));
}

}  // namespace

Outcome judge_all(std::initializer_list<std::string_view> ids, const RuleContext &context)
{
    std::vector<Outcome> outcomes;
    for (std::string_view const id : ids)
        outcomes.push_back(judge_as(id, context));
    Outcome all;
    bool usual = false;
    std::vector<std::string> messages;
    for (auto &outcome : outcomes) {
        if (outcome.status != Status::violated)
            continue;
        messages.push_back(outcome.message);
        std::move(outcome.evidence.begin(), outcome.evidence.end(), std::back_inserter(all.evidence));
        usual |= outcome.condition.empty();
        all.condition = all.condition.empty() ? outcome.condition : all.condition;
        all.survives |= outcome.survives;
    }
    if (!messages.empty()) {
        all.status = Status::violated;
        all.message = join(messages, "; ");
        all.condition = usual ? "" : all.condition;
        return all;
    }
    for (Status const status : {Status::unknown, Status::passed}) {
        auto const found = std::find_if(outcomes.begin(), outcomes.end(),
                                        [&](auto const &outcome) { return outcome.status == status; });
        if (found != outcomes.end())
            return std::move(*found);
    }
    return std::move(outcomes.front());
}

Outcome judge_format(const RuleContext &context)
{
    auto const &image = context.container;
    auto const &limits = context.profile.limits;
    std::vector<std::string> names;
    for (Format const format : limits.formats) {
        auto const only = limits.variants.find(format);
        names.push_back(format_name(format, only == limits.variants.end() ? std::vector<std::string>{} : only->second));
    }
    std::string const accepted = join(names, ", ");
    bool const takes_iso = std::find(limits.formats.begin(), limits.formats.end(), Format::iso) != limits.formats.end();
    if (image.format == Format::iso && !takes_iso)
        return not_applicable("an ISO image: see fmt-iso");
    // An OVA is both a format and what the disk is wrapped in.
    auto layers = image.wrapped_in;
    if (image.format == Format::ova)
        layers.emplace_back("ova");
    auto const stranger = std::find_if(layers.begin(), layers.end(),
                                       [&](auto const &layer) { return !contains(limits.wrappers, layer); });
    if (stranger != layers.end())
        return violated(
            fmt::format("the disk is wrapped in {}; the import takes {} as it is", join(layers, ", "), accepted),
            {seen(image.path, join(layers, ", "))});
    if (image.format == Format::ova)
        return passed("the disk is in an OVA");
    if (image.format == Format::unknown)
        return unknown("the format was not recognised");
    std::string const name = to_string(image.format);
    if (std::find(limits.formats.begin(), limits.formats.end(), image.format) == limits.formats.end())
        return violated(fmt::format("the format is {}; the import takes {} only", name, accepted),
                        {seen(image.path, name)});
    auto const only = limits.variants.find(image.format);
    if (only != limits.variants.end() && !contains(only->second, image.variant))
        return violated(fmt::format("the {} is {}; the import takes {} only", name,
                                    image.variant.empty() ? "of another variant" : image.variant, accepted),
                        {seen(image.path, image.variant)});
    return passed(fmt::format(
        "the format is {}",
        format_name(image.format, image.variant.empty() ? std::vector<std::string>{} : std::vector{image.variant})));
}

Outcome judge_disk_size(const RuleContext &context)
{
    auto const &image = context.container;
    auto const &limits = context.profile.limits;
    if (!image.virtual_size)
        return unknown("the disk's size could not be read");
    std::uint64_t const size = *image.virtual_size;
    bool const system = context.input.role == Role::system;
    auto const &least = system ? limits.system_disk_min : limits.data_disk_min;
    auto const &most = system ? limits.system_disk_max : limits.data_disk_max;
    if (least && size < *least)
        return violated(fmt::format("the disk has {}; {} are the least", human_size(size), human_size(*least)),
                        {size_of(image)});
    if (most && size > *most)
        return violated(fmt::format("the disk has {}; {} are the most", human_size(size), human_size(*most)),
                        {size_of(image)});
    if (limits.other_max && image.format != Format::raw && size > *limits.other_max)
        return violated(fmt::format("the disk has {}; above {} only raw is taken, and this is {}", human_size(size),
                                    human_size(*limits.other_max), to_string(image.format)),
                        {size_of(image)});
    if (limits.file_max && image.file_size > *limits.file_max)
        return violated(
            fmt::format("the file has {}; {} are the most", human_size(image.file_size), human_size(*limits.file_max)),
            {seen(image.path, fmt::format("file of {} bytes", image.file_size))});
    if (limits.size_multiple && size % *limits.size_multiple != 0)
        return violated(fmt::format("the disk has {} bytes, which is no multiple of {}: it must have {} bytes", size,
                                    human_size(*limits.size_multiple),
                                    (size / *limits.size_multiple + 1) * *limits.size_multiple),
                        {size_of(image)});
    return passed(fmt::format("the disk has {}", human_size(size)));
}

Outcome judge_root_filesystem(const RuleContext &context)
{
    const VolumeFacts *root = root_volume(*context.inspection, *context.guest);
    if (root == nullptr || root->filesystem.type.empty())
        return unknown("the volume that holds the root filesystem is not known");
    bool const windows = context.guest->os.id == "windows";
    auto const accepted = windows ? std::vector<std::string>{"ntfs"} : context.profile.limits.root_filesystems;
    if (contains(accepted, root->filesystem.type))
        return passed(fmt::format("the root filesystem is {}", root->filesystem.type));
    return violated(
        fmt::format("the root filesystem is {}; the import knows {} only", root->filesystem.type, join(accepted, ", ")),
        {seen(root->device, root->filesystem.type)});
}

Outcome judge_names(const RuleContext &context)
{
    auto const *request = context.input.request;
    auto const &limits = context.profile.limits;
    if (request == nullptr || (!request->image_name && !request->description))
        return not_applicable("no name is asked for");
    auto const too_long = [](const std::optional<std::string> &text, const std::optional<std::uint64_t> &most) {
        if (!text || !most)
            return false;
        auto const points = code_points(*text);
        return (points ? points->size() : text->size()) > *most;
    };
    if (too_long(request->image_name, limits.name_max))
        return violated(fmt::format("the image's name is longer than {} characters", *limits.name_max),
                        {seen("--image-name", *request->image_name)});
    if (too_long(request->description, limits.description_max))
        return violated(fmt::format("the description is longer than {} characters", *limits.description_max),
                        {seen("--description", *request->description)});
    return passed("the name is short enough");
}

Outcome judge_encryption(const RuleContext &context)
{
    std::vector<Evidence> evidence;
    for (auto const &volume : context.inspection->volumes) {
        if (volume.filesystem.type == "crypto_LUKS" || volume.filesystem.type == "BitLocker")
            evidence.push_back(seen(volume.device, volume.filesystem.type));
    }
    if (!evidence.empty())
        return violated(fmt::format("{} is encrypted ({}): the import cannot read it", evidence.front().file,
                                    evidence.front().value),
                        evidence);
    if (!context.inspection->disk || context.inspection->gap)
        return unknown(context.inspection->gap ? context.inspection->gap->reason : "the disk's volumes were not read");
    return passed("nothing on the disk is encrypted");
}

Outcome judge_boot_disk(const RuleContext &context)
{
    auto const &fstab = context.guest->fstab;
    if (root_volume(*context.inspection, *context.guest) == nullptr)
        return unknown("the volume that holds the root filesystem is not known");
    if (!fstab)
        return unknown(fstab.reason());
    for (auto const &entry : fstab->entries) {
        if ((entry.target == "/boot" || entry.target == "/boot/efi" || entry.target == "/usr") &&
            entry.resolved.empty() && entry.type != "none" && !contains(entry.options, "bind"))
            return violated(fmt::format("{} is {}, which is not on this disk: one disk must hold all of the system",
                                        entry.target, entry.device),
                            {{.file = "/etc/fstab",
                              .line = entry.line,
                              .offset = {},
                              .value = fmt::format("{} {}", entry.device, entry.target)}});
    }
    return passed("root and boot are on this disk");
}

Outcome judge_drivers(const RuleContext &context, const std::vector<WantedDriver> &wanted, std::string_view otherwise)
{
    const KernelFacts *kernel = default_kernel(*context.guest);
    if (kernel == nullptr) {
        if (auto const gap = context.guest->gaps.find("kernels"); gap != context.guest->gaps.end())
            return unknown(gap->second);
        return not_applicable("no kernel was found: see kernel-present");
    }
    std::vector<std::string> absent;
    std::vector<std::string> late;
    std::vector<std::string> names;
    bool open = false;
    bool initramfs_open = false;
    for (auto const &driver : wanted) {
        names.emplace_back(driver.name);
        bool const loaded_early =
            !kernel->initramfs.empty() && kernel->modules && contains(*kernel->modules, driver.name);
        switch (driver_in(*kernel, driver.name, driver.option)) {
        case Driver::builtin: break;
        case Driver::absent: absent.emplace_back(driver.name); break;
        case Driver::unknown: open |= !loaded_early; break;
        case Driver::module:
            if (!driver.early || loaded_early)
                break;
            if (!kernel->initramfs.empty() && !kernel->modules)
                initramfs_open = true;
            else
                late.emplace_back(driver.name);
            break;
        }
    }
    std::vector<std::string> wrong;
    std::vector<Evidence> evidence;
    if (!absent.empty()) {
        wrong.push_back(fmt::format("kernel {} has no {}", kernel->version, join(absent, ", ")));
        evidence.push_back(seen(kernel->image, "without " + join(absent, ", ")));
    }
    if (!late.empty()) {
        std::string const where =
            kernel->initramfs.empty() ? "there is no initramfs to load" : kernel->initramfs + " lacks";
        wrong.push_back(fmt::format("{} {}{}", where, join(late, ", "), kernel->initramfs.empty() ? " from" : ""));
        evidence.push_back(
            seen(kernel->initramfs.empty() ? kernel->image : kernel->initramfs, "without " + join(late, ", ")));
    }
    if (!wrong.empty())
        return violated(fmt::format("{}: {}", join(wrong, "; "), otherwise), std::move(evidence));
    if (open)
        return unknown(unknown_drivers_reason(*kernel));
    if (initramfs_open)
        return unknown(fmt::format("{}: {}", kernel->initramfs, kernel->modules.reason()));
    return passed(fmt::format("kernel {} has {}", kernel->version, join(names, ", ")));
}

Outcome judge_command_line(const RuleContext &context, const std::vector<std::string_view> &wanted,
                           const std::vector<std::string_view> &unwanted, std::string_view otherwise)
{
    auto const &loader = context.guest->boot_loader;
    if (!loader)
        return unknown(loader.reason());
    auto const entries = judged_entries(*context.guest);
    if (entries.empty())
        return not_applicable("no boot entry that starts a kernel was found");
    const BootEntry &entry = *entries.front();
    auto const words = split_blanks(entry.cmdline);
    auto const has = [&](std::string_view wish) {
        return std::any_of(words.begin(), words.end(), [&](const std::string &word) {
            return word == wish ||
                   (wish.find('=') != std::string_view::npos && word.starts_with(wish) && word[wish.size()] == ',');
        });
    };
    std::vector<std::string> missing;
    std::vector<std::string> extra;
    for (auto const wish : wanted) {
        if (!has(wish))
            missing.emplace_back(wish);
    }
    for (auto const word : unwanted) {
        if (has(word))
            extra.emplace_back(word);
    }
    if (missing.empty() && extra.empty())
        return passed("the kernel's command line is as the cloud wants it");
    std::vector<std::string> says;
    if (!missing.empty())
        says.push_back("lacks " + join(missing, " "));
    if (!extra.empty())
        says.push_back("has " + join(extra, " "));
    Evidence evidence = entry.where;
    evidence.value = entry.cmdline;
    return violated(fmt::format("the kernel's command line {}: {}", join(says, " and "), otherwise),
                    {std::move(evidence)});
}

Outcome judge_stock_kernel(const RuleContext &context)
{
    const KernelFacts *kernel = default_kernel(*context.guest);
    if (kernel == nullptr) {
        if (auto const gap = context.guest->gaps.find("kernels"); gap != context.guest->gaps.end())
            return unknown(gap->second);
        return not_applicable("no kernel was found: see kernel-present");
    }
    std::string const &version = kernel->version;
    Evidence const evidence = seen(kernel->image, version);
    // As distributions name them: "6.1.0-18-cloud-amd64", "5.15.0-1051-azure", "6.4.0-150600.8-azure".
    for (std::string_view const flavour : {"-cloud", "-aws", "-azure", "-gcp", "-gke", "-oracle", "-kvm", "-ibm"}) {
        if (version.find(flavour) != std::string::npos)
            return violated(fmt::format("kernel {} is a flavour for clouds ({}), not the distribution's usual one",
                                        version, flavour.substr(1)),
                            {evidence});
    }
    struct Series {
        std::string_view ids;  // with a blank around each
        std::array<std::string_view, 5> marks;
    };
    constexpr std::array series{
        Series{" debian ", {"-amd64", "-686", "-arm64", "-486", "-k7"}},
        Series{" ubuntu ", {"-generic", "-lowlatency", "-server", "-virtual", "-hwe"}},
        Series{" rhel centos rocky almalinux ol fedora ", {".el", ".fc", "uek", ".el", ".el"}},
        Series{" sles sled opensuse opensuse-leap opensuse-tumbleweed ",
               {"-default", "-pae", "-xen", "-preempt", "-default"}},
    };
    for (auto const &known : series) {
        if (known.ids.find(fmt::format(" {} ", context.guest->os.id)) == std::string_view::npos)
            continue;
        if (std::any_of(known.marks.begin(), known.marks.end(),
                        [&](auto mark) { return version.find(mark) != std::string::npos; }))
            return passed(fmt::format("kernel {} is one of the distribution's own", version));
        return violated(fmt::format("kernel {} is not one of the distribution's own", version), {evidence});
    }
    return not_applicable("how this distribution names its kernels is not known");
}

Outcome judge_datasource(const RuleContext &context, const std::vector<std::string_view> &names)
{
    auto const &cloud_init = context.guest->cloud_init;
    if (!cloud_init)
        return unknown(cloud_init.reason());
    if (!cloud_init->installed || !cloud_init->enabled)
        return violated(cloud_init->installed ? "cloud-init is switched off: it never asks for the instance's metadata"
                                              : "cloud-init is not installed: nothing asks for the instance's metadata",
                        {seen(cloud_init->program.empty() ? "/usr/bin/cloud-init" : cloud_init->program,
                              cloud_init->installed ? "does not start at boot" : "missing")});
    if (!cloud_init->datasources)
        return passed("no datasource list is set; cloud-init's own has all clouds");
    std::string const list = "[" + join(*cloud_init->datasources, ", ") + "]";
    Evidence evidence = cloud_init->datasources_where;
    evidence.value = "datasource_list: " + list;
    for (auto const name : names) {
        if (contains(*cloud_init->datasources, name))
            return passed(fmt::format("the datasource list has {}", name), {std::move(evidence)});
    }
    return violated(
        fmt::format("the datasource list {} lacks {}: the instance's metadata are never read", list, names.front()),
        {std::move(evidence)});
}

std::vector<Evidence> other_systems(const RuleContext &context)
{
    std::vector<Evidence> evidence;
    if (context.guest == nullptr || !context.guest->boot_loader)
        return evidence;
    bool const windows = context.guest->os.id == "windows";
    for (auto const &file : context.guest->boot_loader->efi_files) {
        std::string const path = to_lower(file);
        bool const of_windows = path.ends_with("/microsoft/boot/bootmgfw.efi");
        bool const of_linux = path.ends_with("/grubx64.efi") || path.ends_with("/shimx64.efi");
        if (windows ? of_linux : of_windows)
            evidence.push_back(seen(file, "starts another system"));
    }
    for (auto const &entry : context.guest->boot_loader->entries) {
        if (!windows && to_lower(entry.title).find("windows") != std::string::npos)
            evidence.push_back(entry.where);
    }
    return evidence;
}

}  // namespace imgport
