// Drivers that the cloud's virtual hardware needs.
#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "rules/boot_entries.hpp"
#include "rules/guest_facts.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::string_view no_kernel = "no kernel was found: see kernel-present";

struct DriverName {
    std::string_view name;
    std::string_view option;  // of the kernel's configuration
};
constexpr DriverName virtio_blk{"virtio_blk", "CONFIG_VIRTIO_BLK"};
constexpr DriverName virtio_net{"virtio_net", "CONFIG_VIRTIO_NET"};
// What virtio_blk needs to see its device.
constexpr std::array virtio_bus{DriverName{"virtio", "CONFIG_VIRTIO"}, DriverName{"virtio_ring", "CONFIG_VIRTIO"},
                                DriverName{"virtio_pci", "CONFIG_VIRTIO_PCI"}};

Driver find(const KernelFacts &kernel, DriverName driver)
{
    return driver_in(kernel, driver.name, driver.option);
}

// Distributions whose images the cloud mends itself at the import (VIO), from those releases on.
bool is_mended_by_cloud(const OsFacts &os)
{
    struct Release {
        std::string_view id;
        unsigned major;
    };
    constexpr std::array<Release, 5> list{
        {{"centos", 6}, {"ubuntu", 12}, {"debian", 7}, {"sles", 11}, {"opensuse", 11}}};
    unsigned major = 0;
    std::from_chars(os.version.data(), os.version.data() + os.version.size(), major);
    return std::any_of(list.begin(), list.end(), [&](const Release &release) {
        return (os.id == release.id || os.id.starts_with(std::string(release.id) + "-")) && major >= release.major;
    });
}

// What a defect of the drivers means for this distribution, to be said after it.
std::string mending_advice(const OsFacts &os)
{
    return is_mended_by_cloud(os) ? "; the cloud adds missing drivers to this distribution at the import, but its page "
                                    "leaves the initramfs to you"
                                  : "; the cloud does not mend this distribution at the import";
}

Outcome virtio_kernel(const RuleContext &context)
{
    const KernelFacts *kernel = default_kernel(*context.guest);
    if (kernel == nullptr)
        return not_applicable(std::string(no_kernel));
    std::vector<std::string> absent;
    bool open = false;
    for (DriverName const driver : {virtio_blk, virtio_net}) {
        Driver const found = find(*kernel, driver);
        open |= found == Driver::unknown;
        if (found == Driver::absent)
            absent.emplace_back(driver.name);
    }
    if (!absent.empty())
        return violated(fmt::format("kernel {} has no {}: the instance sees no {}{}", kernel->version,
                                    join(absent, " and no "), absent.front() == virtio_blk.name ? "disk" : "network",
                                    mending_advice(context.guest->os)),
                        {seen(kernel->image, "without " + join(absent, ", "))});
    if (open)
        return unknown(unknown_drivers_reason(*kernel));
    return passed(fmt::format("kernel {} has virtio_blk and virtio_net", kernel->version));
}

// The modules that must be in the initramfs for virtio_blk to work; nullopt where the kernel's drivers are not known.
std::optional<std::vector<std::string>> wanted_virtio_modules(const KernelFacts &kernel)
{
    std::vector<std::string> wanted;
    auto const want = [&](DriverName driver) {
        Driver const found = find(kernel, driver);
        if (found == Driver::module)
            wanted.emplace_back(driver.name);
        return found != Driver::unknown;
    };
    if (!want(virtio_blk))
        return std::nullopt;
    for (DriverName const driver : virtio_bus) {
        if (!want(driver))
            return std::nullopt;
    }
    // Split off virtio_pci in Linux 5.13: needed where it exists, unknown to older kernels.
    if (contains(wanted, "virtio_pci") && kernel.installed && contains(*kernel.installed, "virtio_pci_modern_dev"))
        wanted.emplace_back("virtio_pci_modern_dev");
    return wanted;
}

// Knowing the initramfs alone is enough where it has everything.
bool initramfs_has_virtio(const KernelFacts &kernel)
{
    return kernel.modules && contains(*kernel.modules, virtio_blk.name) &&
           std::all_of(virtio_bus.begin(), virtio_bus.end(),
                       [&](DriverName driver) { return contains(*kernel.modules, driver.name); });
}

// Whether the initramfs that the kernel would start with is missing or empty, which is kernel-present's business.
bool initramfs_is_gone(const GuestFacts &guest, const KernelFacts &kernel)
{
    if (!kernel.initramfs.empty())
        return kernel.initramfs_size == 0;
    auto const entries = judged_entries(guest);
    return kernel.is_default && entries.size() == 1 && !entries.front()->initramfs.empty();
}
constexpr std::string_view no_initramfs = "the initramfs is missing or empty: see kernel-present";

Outcome virtio_initramfs(const RuleContext &context)
{
    auto const &guest = *context.guest;
    const KernelFacts *kernel = default_kernel(guest);
    if (kernel == nullptr)
        return not_applicable(std::string(no_kernel));
    if (has_foreign_initramfs(*kernel))
        return not_applicable("the initramfs is another kernel's: see autofs-initramfs-mismatch");
    auto const wanted = wanted_virtio_modules(*kernel);
    if (!wanted && initramfs_has_virtio(*kernel))
        return passed(fmt::format("{} holds virtio_blk and what it needs", kernel->initramfs));
    if (!wanted)
        return unknown(unknown_drivers_reason(*kernel));
    if (find(*kernel, virtio_blk) == Driver::absent)
        return not_applicable("the kernel has no virtio_blk: see virtio-kernel");
    if (wanted->empty())
        return passed(fmt::format("virtio_blk is built into kernel {}", kernel->version));
    if (initramfs_is_gone(guest, *kernel))
        return not_applicable(std::string(no_initramfs));
    if (kernel->initramfs.empty() && boot_on_another_disk(*context.inspection, guest) != nullptr)
        return not_applicable("/boot is not in this image: see boot-same-disk");
    std::string const advice = context.profile.limits.mends_drivers ? mending_advice(guest.os) : "";
    if (kernel->initramfs.empty())
        return violated(fmt::format("kernel {} has {} as a module and no initramfs to load it from: it finds no root "
                                    "disk",
                                    kernel->version, wanted->front()) +
                            advice,
                        {seen(kernel->image, "no initramfs")});
    if (!kernel->modules)
        return unknown(fmt::format("{}: {}", kernel->initramfs, kernel->modules.reason()));
    std::vector<std::string> missing;
    std::copy_if(wanted->begin(), wanted->end(), std::back_inserter(missing),
                 [&](auto const &module) { return !contains(*kernel->modules, module); });
    if (missing.empty())
        return passed(fmt::format("{} holds {}", kernel->initramfs, join(*wanted, ", ")));
    return violated(fmt::format("{} lacks {}: the kernel finds no root disk", kernel->initramfs, join(missing, ", ")) +
                        advice,
                    {seen(kernel->initramfs, "without " + join(missing, ", "))});
}

Outcome virtio_autofix_list(const RuleContext &context)
{
    auto const &os = context.guest->os;
    std::string const name = printable(os.name.empty() ? os.id : os.name, 100);
    if (is_mended_by_cloud(os))
        return passed(fmt::format("{} is a distribution to which the cloud adds missing virtio drivers at the import; "
                                  "the initramfs stays yours (see virtio-initramfs)",
                                  name));
    if (default_kernel(*context.guest) == nullptr)
        return not_applicable(std::string(no_kernel));
    Outcome const kernel = virtio_kernel(context);
    Outcome const initramfs = virtio_initramfs(context);
    if (kernel.status == Status::unknown || initramfs.status == Status::unknown)
        return unknown(kernel.status == Status::unknown ? kernel.message : initramfs.message);
    if (kernel.status == Status::passed && initramfs.status == Status::passed)
        return passed(fmt::format("{} is no distribution that the cloud mends at the import, and needs no mending: it "
                                  "has the virtio drivers itself",
                                  name));
    return violated(fmt::format("{} is no distribution that the cloud mends at the import: its virtio drivers are "
                                "missing and stay so unless you add them",
                                name),
                    {seen(os.source, fmt::format("{} {}", os.id, os.version))});
}

Outcome nvme_kernel(const RuleContext &context)
{
    const KernelFacts *kernel = default_kernel(*context.guest);
    if (kernel == nullptr)
        return not_applicable(std::string(no_kernel));
    Driver const driver = driver_in(*kernel, "nvme", "CONFIG_BLK_DEV_NVME");
    if (driver == Driver::unknown)
        return unknown(unknown_drivers_reason(*kernel));
    if (driver == Driver::absent)
        return violated(
            fmt::format("kernel {} has no nvme: instance types with NVMe disks cannot be used", kernel->version),
            {seen(kernel->image, "without nvme")});
    if (driver == Driver::builtin)
        return passed(fmt::format("nvme is built into kernel {}", kernel->version));
    if (initramfs_is_gone(*context.guest, *kernel))
        return not_applicable(std::string(no_initramfs));
    if (kernel->initramfs.empty())
        return violated("nvme is a module and there is no initramfs to load it from: the system disk of instance types "
                        "with NVMe disks is not found",
                        {seen(kernel->image, "no initramfs")}, "initramfs");
    if (has_foreign_initramfs(*kernel))
        return not_applicable("the initramfs is another kernel's: see autofs-initramfs-mismatch");
    if (!kernel->modules)
        return unknown(fmt::format("{}: {}", kernel->initramfs, kernel->modules.reason()));
    if (!contains(*kernel->modules, "nvme"))
        return violated(fmt::format("{} lacks nvme: the system disk of instance types with NVMe disks is not found",
                                    kernel->initramfs),
                        {seen(kernel->initramfs, "without nvme")}, "initramfs");
    return passed(fmt::format("{} holds nvme", kernel->initramfs));
}

Outcome qemu_ga(const RuleContext &context)
{
    auto const &agent = context.guest->qemu_guest_agent;
    if (!agent)
        return unknown(agent.reason());
    if (agent->empty())
        return passed("the QEMU guest agent is not installed");
    std::vector<Evidence> evidence;
    for (auto const &path : *agent)
        evidence.push_back(seen(path, "QEMU guest agent"));
    return violated("the QEMU guest agent is installed: some services of the cloud do not work beside it",
                    std::move(evidence));
}

}  // namespace

std::vector<Rule> driver_rules()
{
    std::string const group = "drivers";
    std::string const rebuild =
        "Debian, Ubuntu: put virtio_blk, virtio_pci, virtio_net and nvme, a line each, into "
        "/etc/initramfs-tools/modules, then update-initramfs -u -k all; RHEL, CentOS, SUSE: echo "
        "'add_drivers+=\" virtio_blk virtio_pci virtio_net nvme \"' > /etc/dracut.conf.d/cloud.conf, then dracut -f "
        "--regenerate-all";
    return {
        {{"virtio-kernel",
          group,
          "The kernel that starts has the drivers of virtio disks and networks",
          "The instance sees no disk and does not boot, or has no network.",
          "Install the distribution's own kernel (Debian: linux-image-amd64; Ubuntu: linux-image-generic; RHEL, "
          "CentOS: "
          "kernel; SUSE: kernel-default) and make it the default; a kernel of your own needs CONFIG_VIRTIO_BLK, "
          "CONFIG_VIRTIO_NET and CONFIG_VIRTIO_PCI",
          cite({"VIO"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         virtio_kernel},
        {{"virtio-initramfs",
          group,
          "The initramfs of the kernel that starts can reach a virtio disk",
          "The kernel finds no root filesystem: the commonest reason why an imported machine does not boot.",
          rebuild,
          cite({"VIO"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         virtio_initramfs},
        {{"virtio-autofix-list",
          group,
          "The cloud adds missing virtio drivers at the import, or none are missing",
          "For other distributions nobody adds them: the instance does not boot.",
          rebuild,
          cite({"VIO"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         virtio_autofix_list},
        {{"nvme-kernel",
          group,
          "The kernel that starts can reach an NVMe disk",
          "Newer instance types have NVMe disks; the image cannot be chosen for them, or does not boot there.",
          rebuild,
          cite({"CHK2", "SPEC", "NVME"}),
          {"", "initramfs"}},
         Reads::guest,
         Guests::linux_only,
         nvme_kernel},
        {{"nvme-flag",
          group,
          "The image's attribute Features.NvmeSupport is set as nvme-kernel finds",
          "Marked supported without the driver, instance types with NVMe disks do not boot it; marked unsupported, "
          "they cannot be chosen.",
          "imgport prepare sets Features.NvmeSupport by what nvme-kernel finds; of an image that is already imported "
          "look at Features.NvmeSupport in DescribeImages, and set it with ModifyImageAttribute",
          cite({"API"}),
          {""},
          false},
         Reads::nothing,
         Guests::any,
         nullptr},
        {{"qemu-ga",
          group,
          "The QEMU guest agent is not installed",
          "Some services of the cloud stop working.",
          "Debian, Ubuntu: apt purge qemu-guest-agent; RHEL, CentOS: dnf remove qemu-guest-agent; SUSE: zypper remove "
          "qemu-guest-agent",
          cite({"INS", "CHK"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         qemu_ga},
    };
}

}  // namespace imgport
