// What the cloud leaves to the image: the platforms "Customized Linux" and "Others Linux".
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <imgport/import_parameters.hpp>

#include "rules/guest_facts.hpp"
#include "rules/others_linux.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t gib = std::uint64_t{1} << 30;
constexpr std::uint64_t most_refused = 5 * gib;  // "greater than 5 GiB"

std::string wanted_platform(const RuleContext &context)
{
    auto const *request = context.input.request;
    return request != nullptr ? request->platform.value_or("") : "";
}

bool is_customized(const RuleContext &context)
{
    return wanted_platform(context) == "Customized Linux";
}

Outcome not_customized()
{
    return not_applicable("a rule for --platform 'Customized Linux'");
}

// The volume in the partition with the lowest number; nullptr where there is none.
const VolumeFacts *first_partition(const Inspection &inspection)
{
    const VolumeFacts *first = nullptr;
    for (auto const &volume : inspection.volumes) {
        if (volume.kind == "partition" && (first == nullptr || volume.partition < first->partition))
            first = &volume;
    }
    return first;
}

// Why GuestFacts::customized cannot be judged; nullopt where it can. These rules ask only when their platform is asked
// for: a disk that could not be looked into is nothing to them otherwise.
std::optional<Outcome> no_customized_facts(const RuleContext &context)
{
    if (!is_customized(context))
        return not_customized();
    if (context.guest == nullptr) {
        auto const &gap = context.inspection->gap;
        return gap ? unknown(gap->reason) : not_applicable("no operating system was found on this disk");
    }
    if (!context.guest->customized)
        return unknown(context.guest->customized.reason());
    return std::nullopt;
}

Outcome no_partition(const RuleContext &context)
{
    auto const &gap = context.inspection->gap;
    return gap ? unknown(gap->reason) : not_applicable("the disk has no partitions: see pt-present");
}

Outcome cust_first_part_writable(const RuleContext &context)
{
    if (!is_customized(context))
        return not_customized();
    const VolumeFacts *first = first_partition(*context.inspection);
    if (first == nullptr)
        return no_partition(context);
    auto const &filesystem = first->filesystem;
    // mke2fs's and tune2fs's flag for a filesystem that is never written to.
    if (contains(filesystem.features, "read-only"))
        return violated(fmt::format("{} is marked read-only: the cloud cannot leave os.conf there", first->device),
                        {seen(first->device, "read-only")});
    if (context.guest != nullptr && context.guest->fstab) {
        for (auto const &entry : context.guest->fstab->entries) {
            if (entry.resolved != first->device || !contains(entry.options, "ro") || contains(entry.options, "noauto"))
                continue;
            return violated(fmt::format("{} is mounted read-only: os.conf cannot be deleted after it was read, and is "
                                        "read again at each start",
                                        first->device),
                            {{.file = "/etc/fstab",
                              .line = entry.line,
                              .offset = {},
                              .value = fmt::format("{} {} {}", entry.device, entry.target, join(entry.options, ","))}});
        }
    }
    bool const mounted =
        context.guest != nullptr && std::any_of(context.guest->mountpoints.begin(), context.guest->mountpoints.end(),
                                                [&](auto const &point) { return point.device == first->device; });
    if (filesystem.clean == false && mounted)
        return not_applicable(fmt::format("{} was not unmounted cleanly: see fs-clean", first->device));
    if (filesystem.clean == false)
        return violated(fmt::format("{} was not unmounted cleanly ({}): what the cloud writes there may be lost",
                                    first->device, filesystem.state),
                        {seen(first->device, filesystem.state)});
    return passed(fmt::format("{} can be written to", first->device));
}

Outcome cust_first_part_fs(const RuleContext &context)
{
    if (!is_customized(context))
        return not_customized();
    const VolumeFacts *first = first_partition(*context.inspection);
    if (first == nullptr)
        return no_partition(context);
    std::string const &type = first->filesystem.type;
    constexpr std::array<std::string_view, 5> allowed{"vfat", "ext2", "ext3", "ext4", "ufs"};
    if (std::find(allowed.begin(), allowed.end(), type) != allowed.end())
        return passed(fmt::format("the first partition holds {}", type), {seen(first->device, type)});
    return violated(fmt::format("the first partition holds {}; FAT32, ext2, ext3, ext4 and UFS are taken",
                                type.empty() ? "no filesystem that is known" : type),
                    {seen(first->device, type.empty() ? "not recognised" : type)});
}

Outcome cust_size(const RuleContext &context)
{
    if (!is_customized(context))
        return not_customized();
    auto const &image = context.container;
    if (context.input.role == Role::data)
        return not_applicable("a data disk: see datadisk-size");
    if (!image.virtual_size)
        return unknown("the disk's size could not be read");
    if (*image.virtual_size > most_refused)
        return passed(fmt::format("the disk has {}", human_size(*image.virtual_size)));
    auto const &least = context.profile.limits.system_disk_min;
    if (least && *image.virtual_size < *least)
        return not_applicable("the disk is too small for any platform: see vsize-min");
    return violated(fmt::format("the disk has {}; for 'Customized Linux' it must have more than 5 GiB",
                                human_size(*image.virtual_size)),
                    {seen(image.path, fmt::format("{} bytes", *image.virtual_size))});
}

Outcome cust_dir(const RuleContext &context)
{
    if (auto reason = no_customized_facts(context))
        return *reason;
    auto const &customized = context.guest->customized;
    if (customized->device.empty())
        return not_applicable("the disk has no partitions: see pt-present");
    if (!customized->problem.empty())
        return unknown(customized->problem);
    std::string const place = fmt::format("aliyun_custom_image on {}", customized->device);
    if (customized->folder == "directory")
        return passed(place + " is there");
    if (customized->folder.empty())
        return violated(place + " is missing; the cloud makes it", {seen("/aliyun_custom_image", "missing")}, "absent");
    return violated(place + " is no folder: the cloud cannot leave os.conf there, and nothing is configured",
                    {seen("/aliyun_custom_image", "not a folder")});
}

Outcome cust_parser(const RuleContext &context)
{
    if (auto reason = no_customized_facts(context))
        return *reason;
    auto const &customized = context.guest->customized;
    if (customized->parsers.empty())
        return violated("no script or unit that starts at boot speaks of os.conf: password, host name and network of "
                        "the instance are never set",
                        {seen("/etc/init.d, /etc/rc.local, /etc/systemd/system", "no os.conf")});
    return passed("a script that starts at boot reads os.conf", customized->parsers);
}

// -------------------------------------------------------------------------------------------- Others Linux

// Whether cloud-init brings a password or a key all the same.
bool is_configured_by_cloud_init(const CloudInitFacts &cloud_init)
{
    return cloud_init.installed && cloud_init.enabled &&
           (!cloud_init.datasources || contains(*cloud_init.datasources, "AliYun"));
}

Outcome others_none(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (guest.os.id.empty() || !is_others_linux(context))
        return not_applicable("a rule for the platform 'Others Linux'");
    if (is_coreos(guest.os))
        return not_applicable(std::string(ignition_instead));
    // What is known to let somebody in is enough, whatever else could not be read.
    if (guest.accounts) {
        for (auto const &account : guest.accounts->accounts) {
            if (account.password == "password" || account.password == "empty")
                return passed(fmt::format("'{}' has the password that is in the image", account.name));
        }
    }
    if (auto const *key = find_key(guest))
        return passed("an SSH key in the image lets somebody in", {seen(key->path, "a key of " + key->account)});
    if (guest.cloud_init && is_configured_by_cloud_init(*guest.cloud_init))
        return passed("cloud-init asks the cloud for keys by itself");
    if (!guest.accounts)
        return unknown(guest.accounts.reason());
    if (!guest.credentials)
        return unknown(guest.credentials.reason());
    if (!guest.cloud_init)
        return unknown(guest.cloud_init.reason());
    return violated("as 'Others Linux' the cloud sets neither password nor key, and the image has none that works: "
                    "nobody can log in",
                    {seen("/etc/shadow", "no account with a password")});
}

}  // namespace

bool is_others_linux(const RuleContext &context)
{
    std::string const wanted = wanted_platform(context);
    if (!wanted.empty())
        return wanted == "Others Linux";
    std::string const platform = platform_of(context.guest->os);
    return platform.empty() || !contains(context.profile.platforms, platform);
}

std::vector<Rule> customized_rules()
{
    std::string const group = "families";
    return {
        {{"cust-first-part-writable",
          group,
          "Customized Linux: the first partition can be written to",
          "The cloud leaves the instance's settings in a file there; without it nothing is configured.",
          "fsck the filesystem; take ro out of its line in /etc/fstab; tune2fs -O ^read-only DEVICE",
          cite({"CUST"}),
          {""}},
         Reads::anything,
         Guests::any,
         cust_first_part_writable},
        {{"cust-first-part-fs",
          group,
          "Customized Linux: the first partition holds FAT32, ext2, ext3, ext4 or UFS",
          "The cloud cannot leave the instance's settings there, and the import fails.",
          "Put /boot, or another small filesystem of such a kind, into the first partition",
          cite({"CUST"}),
          {""}},
         Reads::anything,
         Guests::any,
         cust_first_part_fs},
        {{"cust-size",
          group,
          "Customized Linux: the disk has more than 5 GiB",
          "The import is refused.",
          "imgport convert IMAGE OUT.qcow2 --grow 6G (the partitions can stay as they are)",
          cite({"CUST"}),
          {""}},
         Reads::container,
         Guests::any,
         cust_size},
        {{"cust-dir",
          group,
          "Customized Linux: the first partition has the folder aliyun_custom_image",
          "The cloud leaves os.conf in it.",
          "mkdir /aliyun_custom_image at the root of the first partition's filesystem",
          cite({"CUST"}),
          {"", "absent"}},
         Reads::anything,
         Guests::any,
         cust_dir},
        {{"cust-parser",
          group,
          "Customized Linux: a script that starts at boot reads os.conf",
          "Password, host name and network of the instance are never set.",
          "Add a script to /etc/init.d or a unit to /etc/systemd/system that mounts the first partition by its UUID or "
          "label, reads aliyun_custom_image/os.conf, sets what it says and deletes it",
          cite({"CUST"}),
          {""}},
         Reads::anything,
         Guests::any,
         cust_parser},
        {{"cust-osconf",
          group,
          "Customized Linux: the script understands every key of os.conf",
          "What it leaves out is not set in the instance.",
          "see that the script reads hostname, password (Base64), eth0_ip_addr, eth0_mac_addr, eth0_netmask, "
          "eth0_gateway, eth0_route ('DESTINATION GATEWAY' pairs, ';' between them) and dns_nameserver (blanks between "
          "them), and that it deletes os.conf when all was done",
          cite({"CUST"}),
          {""},
          false},
         Reads::nothing,
         Guests::any,
         nullptr},
        {{"others-none",
          group,
          "Others Linux: somebody can log in with what is in the image",
          "The cloud does nothing in such a system: it sets no password, no key and no address.",
          "Set a password (passwd root) or put a key into /root/.ssh/authorized_keys before the import, and use DHCP "
          "(see net-dhcp)",
          cite({"INS"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         others_none},
    };
}

}  // namespace imgport
