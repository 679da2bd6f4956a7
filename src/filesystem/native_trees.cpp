#include "filesystem/native_trees.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "filesystem/btrfs_tree.hpp"
#include "filesystem/cached_disk.hpp"
#include "filesystem/ext_tree.hpp"
#include "filesystem/fat_tree.hpp"
#include "filesystem/inode_tree.hpp"
#include "filesystem/iso9660_tree.hpp"
#include "filesystem/ntfs_tree.hpp"
#include "filesystem/ufs_tree.hpp"
#include "filesystem/xfs_tree.hpp"
#include "volume/lvm2.hpp"
#include "volume/superblock.hpp"

namespace imgport {

NativeTrees::NativeTrees(std::shared_ptr<Disk> disk, ProgressSink &notes) : m_disk(std::move(disk)), m_notes(notes) {}

void NativeTrees::note_failure(const Error &error)
{
    if (error.code == ErrorCode::unsupported &&
        std::find(m_unsupported.begin(), m_unsupported.end(), error.message) == m_unsupported.end())
        m_unsupported.push_back(error.message);
}

Result<std::shared_ptr<Disk>> NativeTrees::disk_of(const VolumeFacts &volume)
{
    if (auto const found = m_disks.find(volume.device); found != m_disks.end())
        return found->second;
    // A partition that ends past the end of the disk is read as far as it goes.
    std::uint64_t const length = std::min(volume.length, m_disk->size() - std::min(volume.offset, m_disk->size()));
    auto const window = slice(m_disk, volume.offset, length);
    if (!window)
        return fail(window.error());
    return m_disks[volume.device] = std::make_shared<CachedDisk>(*window);
}

Result<FoundVolumes> NativeTrees::more_volumes(const std::vector<VolumeFacts> &known)
{
    std::vector<std::shared_ptr<Disk>> members;
    for (auto const &volume : known) {
        if (volume.filesystem.type != "LVM2_member")
            continue;
        auto const disk = disk_of(volume);
        if (!disk)
            return fail(disk.error());
        members.push_back(*disk);
    }
    FoundVolumes result;
    if (members.empty())
        return result;
    auto const found = read_lvm2(members);
    if (!found)
        return fail(found.error());
    for (auto const &problem : found->problems)
        result.problems.push_back(problem.message);
    for (auto const &logical : found->volumes) {
        VolumeFacts volume;
        volume.device = logical.device;
        volume.kind = "lvm";
        volume.length = logical.length;
        if (!logical.disk) {
            note_failure(*logical.error);
            if (logical.error->code == ErrorCode::unreadable)
                volume.length = 0;  // no system would activate it
            volume.filesystem.state = logical.error->message;
        } else {
            auto const cached = std::make_shared<CachedDisk>(logical.disk);
            m_disks[volume.device] = cached;
            if (auto filesystem = describe_filesystem(*cached))
                volume.filesystem = std::move(*filesystem);
            else
                volume.filesystem.state = filesystem.error().message;
        }
        result.volumes.push_back(std::move(volume));
    }
    return result;
}

Result<std::shared_ptr<RawTree>> NativeTrees::read(const VolumeFacts &volume, const std::string &subvolume)
{
    auto const disk = disk_of(volume);
    if (!disk)
        return fail(disk.error());
    std::string const &type = volume.filesystem.type;
    auto const as_tree = [&](Result<std::unique_ptr<InodeReader>> reader) -> Result<std::shared_ptr<RawTree>> {
        if (!reader)
            return fail(reader.error());
        return std::make_shared<InodeTree>(std::move(*reader), volume.device);
    };
    if (!subvolume.empty() && type != "btrfs")
        return fail(ErrorCode::usage, "only btrfs has subvolumes");
    if (type == "ext2" || type == "ext3" || type == "ext4") {
        auto opened = open_ext(*disk);
        if (!opened)
            return fail(opened.error());
        if (!opened->note.empty())
            m_notes.note(fmt::format("{} ({}): {}", volume.device, type, opened->note));
        return as_tree(std::move(opened->reader));
    }
    if (type == "xfs")
        return as_tree(open_xfs(*disk));
    if (type == "btrfs")
        return as_tree(open_btrfs(*disk, subvolume));
    if (type == "vfat")
        return as_tree(open_fat(*disk));
    if (type == "ntfs")
        return as_tree(open_ntfs(*disk));
    if (type == "ufs")
        return as_tree(open_ufs(*disk));
    if (type == "iso9660")
        return open_iso9660(*disk, volume.device);
    if (type.empty())
        return fail(ErrorCode::unreadable, "holds no filesystem that can be read");
    return fail(ErrorCode::unsupported, "this filesystem is not read natively");
}

Result<std::shared_ptr<RawTree>> NativeTrees::open(const VolumeFacts &volume, const std::string &subvolume)
{
    std::string const key = volume.device + '\n' + subvolume;
    if (auto const found = m_trees.find(key); found != m_trees.end())
        return found->second;
    auto tree = read(volume, subvolume);
    if (!tree) {
        Error error = tree.error();
        error.message =
            fmt::format("{} ({}): {}", volume.device,
                        volume.filesystem.type.empty() ? "nothing known" : volume.filesystem.type, error.message);
        note_failure(error);
        return fail(error);
    }
    return m_trees[key] = *tree;
}

Result<std::vector<std::string>> NativeTrees::subvolumes(const VolumeFacts &volume)
{
    if (volume.filesystem.type != "btrfs")
        return std::vector<std::string>();
    auto const disk = disk_of(volume);
    if (!disk)
        return fail(disk.error());
    auto names = btrfs_subvolumes(*disk);
    if (!names)
        note_failure(names.error());
    return names;
}

}  // namespace imgport
