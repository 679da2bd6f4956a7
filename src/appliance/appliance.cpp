#include "appliance/appliance.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>

#include <fmt/format.h>

#include "appliance/appliance_tree.hpp"
#include "appliance/device_disk.hpp"
#include "appliance/guestfs_handle.hpp"
#include "support/kvm.hpp"
#include "support/text.hpp"
#include "volume/superblock.hpp"

namespace imgport {
namespace {

constexpr std::size_t most_logical_volumes = 256;
constexpr std::size_t most_subvolumes = 4096;

// How to mount a filesystem that blkid calls by that name: the driver, and the options to try in turn. All are
// read-only; the first lets the driver replay a journal (into the appliance's overlay), the last goes without.
struct Mounting {
    const char *type;
    const char *driver;
    std::vector<const char *> options;
};

const std::vector<Mounting> &mountings()
{
    static const std::vector<Mounting> table{
        {"ext2", "ext2", {"ro"}},
        {"ext3", "ext3", {"ro", "ro,noload"}},
        {"ext4", "ext4", {"ro", "ro,noload"}},
        {"xfs", "xfs", {"ro,nouuid", "ro,nouuid,norecovery"}},
        {"btrfs", "btrfs", {"ro", "ro,rescue=nologreplay"}},
        {"vfat", "vfat", {"ro,utf8", "ro"}},
        {"exfat", "exfat", {"ro"}},
        {"ntfs", "ntfs-3g", {"ro", "ro,norecover"}},
        {"ntfs", "ntfs3", {"ro"}},
        {"iso9660", "iso9660", {"ro"}},
        {"udf", "udf", {"ro"}},
        {"squashfs", "squashfs", {"ro"}},
        {"erofs", "erofs", {"ro"}},
        {"f2fs", "f2fs", {"ro", "ro,norecovery"}},
        {"jfs", "jfs", {"ro"}},
        {"reiserfs", "reiserfs", {"ro"}},
        {"nilfs2", "nilfs2", {"ro", "ro,norecovery"}},
        {"hfsplus", "hfsplus", {"ro"}},
        {"ufs", "ufs", {"ro,ufstype=ufs2", "ro,ufstype=44bsd"}},
    };
    return table;
}

// Tried once in a process: where it does not work that takes seconds.
const KvmState &kvm()
{
    static const KvmState state = kvm_state();
    return state;
}

bool user_forbids_kvm()
{
    const char *const settings = std::getenv("LIBGUESTFS_BACKEND_SETTINGS");
    return settings && std::string_view(settings).find("force_tcg") != std::string_view::npos;
}

}  // namespace

Appliance::Appliance(std::shared_ptr<GuestfsHandle> handle) : m_handle(std::move(handle)) {}
Appliance::~Appliance() = default;

std::optional<Error> Appliance::failure() const
{
    return m_handle->failure();
}

Result<std::unique_ptr<Appliance>> Appliance::start(const ApplianceDisk &disk, ProgressSink &progress)
{
    static std::atomic<bool> kvm_failed{false};
    static std::atomic<bool> said{false};
    if (!user_forbids_kvm()) {
        std::string why = kvm().detail;
        if (kvm().works && !kvm_failed) {
            auto handle = GuestfsHandle::launch(disk, Acceleration::kvm);
            if (handle)
                return std::unique_ptr<Appliance>(new Appliance(std::move(*handle)));
            if (handle.error().code == ErrorCode::interrupted)
                return tl::unexpected(handle.error());
            kvm_failed = true;
            why = handle.error().message;
        }
        if (!said.exchange(true))
            progress.note(fmt::format("the appliance does not start with KVM here ({}); going on without it (slower)",
                                      printable(why, 200)));
    }
    auto handle = GuestfsHandle::launch(disk, Acceleration::none);
    if (!handle)
        return tl::unexpected(handle.error());
    return std::unique_ptr<Appliance>(new Appliance(std::move(*handle)));
}

Result<FoundVolumes> Appliance::more_volumes(const std::vector<VolumeFacts> &known)
{
    FoundVolumes found;
    auto &volumes = found.volumes;
    bool const lvm = std::any_of(known.begin(), known.end(),
                                 [](auto const &volume) { return volume.filesystem.type == "LVM2_member"; });
    if (!lvm)
        return found;
    GuestfsStrings const names(m_handle->run([](guestfs_h *g) { return guestfs_lvs(g); }));
    if (!names)
        return fail(m_handle->error("the logical volumes"));
    for (char **name = names.get(); *name && volumes.size() < most_logical_volumes; ++name) {
        VolumeFacts volume;
        volume.device = *name;
        volume.kind = "lvm";
        auto const disk = DeviceDisk::open(m_handle, volume.device);
        if (disk) {
            volume.length = (*disk)->size();
            if (auto filesystem = describe_filesystem(**disk))
                volume.filesystem = std::move(*filesystem);
            else
                volume.filesystem.state = filesystem.error().message;
        } else if (disk.error().code != ErrorCode::unreadable) {
            return tl::unexpected(disk.error());
        } else {
            volume.filesystem.state = disk.error().message;  // not active: a part of its group is elsewhere
        }
        volumes.push_back(std::move(volume));
    }
    return found;
}

Result<std::string> Appliance::mounted(const VolumeFacts &volume, const std::string &subvolume)
{
    std::string const key = volume.device + '\n' + subvolume;
    if (auto const found = m_mounted.find(key); found != m_mounted.end())
        return found->second;

    std::string const &type = volume.filesystem.type;
    std::string const subject = fmt::format("{} ({})", volume.device, type.empty() ? "nothing known" : type);
    // A comma would begin another mount option.
    if (subvolume.find(',') != std::string::npos)
        return fail(ErrorCode::refused, fmt::format("{}: the subvolume's name has a comma", subject));
    if (!subvolume.empty() && type != "btrfs")
        return fail(ErrorCode::usage, fmt::format("{}: only btrfs has subvolumes", subject));
    std::string const point = fmt::format("/volume{}", m_mounted.size());
    if (m_handle->run([&](guestfs_h *g) { return guestfs_mkmountpoint(g, point.c_str()); }) != 0)
        return fail(m_handle->error(subject));
    std::optional<Error> first_error;
    for (auto const &mounting : mountings()) {
        if (type != mounting.type)
            continue;
        for (std::string options : mounting.options) {
            if (!subvolume.empty())
                options += ",subvol=" + subvolume;
            int const status = m_handle->run([&](guestfs_h *g) {
                return guestfs_mount_vfs(g, options.c_str(), mounting.driver, volume.device.c_str(), point.c_str());
            });
            if (status == 0)
                return m_mounted[key] = point;
            if (!first_error)
                first_error = m_handle->error(subject);
        }
    }
    m_handle->run([&](guestfs_h *g) { return guestfs_rmmountpoint(g, point.c_str()); });
    if (!first_error)
        return fail(ErrorCode::unreadable, fmt::format("{}: holds no filesystem that can be read", subject));
    return fail(*first_error);
}

Result<std::shared_ptr<RawTree>> Appliance::open(const VolumeFacts &volume, const std::string &subvolume)
{
    auto point = mounted(volume, subvolume);
    if (!point)
        return tl::unexpected(point.error());
    return std::make_shared<ApplianceTree>(m_handle, volume.device, std::move(*point),
                                           ApplianceTree::knows_flags(volume.filesystem.type));
}

Result<std::vector<std::string>> Appliance::subvolumes(const VolumeFacts &volume)
{
    std::vector<std::string> paths;
    if (volume.filesystem.type != "btrfs")
        return paths;
    auto const point = mounted(volume, "");
    if (!point)
        return tl::unexpected(point.error());
    GuestfsOwned<guestfs_btrfssubvolume_list> const list(
        m_handle->run([&](guestfs_h *g) { return guestfs_btrfs_subvolume_list(g, point->c_str()); }));
    if (!list)
        return fail(m_handle->error(volume.device));
    for (std::uint32_t i = 0; i < list->len && i < most_subvolumes; ++i)
        paths.emplace_back(list->val[i].btrfssubvolume_path);
    std::sort(paths.begin(), paths.end());
    return paths;
}

}  // namespace imgport

void imgport_start_appliance(const imgport::ApplianceDisk &disk, imgport::ProgressSink &progress,
                             imgport::Result<std::unique_ptr<imgport::TreeMaker>> &result)
{
    result = imgport::Appliance::start(disk, progress);
}
