#include "filesystem/ufs_inode.hpp"

#include <fmt/format.h>

#include "filesystem/file_kind.hpp"

namespace imgport {
namespace {

// Where the two versions keep the same things.
struct Layout {
    std::size_t uid, gid, size, flags, area, area_size;
};
constexpr Layout version_1{112, 116, 8, 100, 40, 60};
constexpr Layout version_2{4, 8, 16, 88, 112, 120};

// chflags(2): FreeBSD's sys/sys/stat.h. UF_ are the owner's, SF_ the superuser's.
constexpr std::uint32_t immutable_flags = 0x00000002 | 0x00020000;
constexpr std::uint32_t append_flags = 0x00000004 | 0x00040000;
constexpr std::uint32_t snapshot_flag = 0x00200000;

}  // namespace

Result<UfsInode> read_ufs_inode(const UfsVolume &volume, std::uint64_t number)
{
    auto const at = volume.inode_place(number);
    if (!at)
        return fail(at.error());
    auto const raw = volume.read(*at, volume.geometry().inode_size());
    if (!raw)
        return fail(raw.error());
    auto const mode = load_le<std::uint16_t>(*raw, 0);
    // A freed inode has mode 0.
    if (mode == 0)
        return fail(ErrorCode::malformed, fmt::format("inode {} is not in use", number));
    auto const kind = kind_of_mode(mode);
    if (!kind)
        return fail(ErrorCode::malformed, fmt::format("di_mode of inode {} is 0{:o}", number, mode));
    Layout const &layout = volume.geometry().version_2 ? version_2 : version_1;
    UfsInode inode;
    inode.number = number;
    inode.kind = *kind;
    inode.mode = mode & 07777;
    inode.uid = load_le<std::uint32_t>(*raw, layout.uid);
    inode.gid = load_le<std::uint32_t>(*raw, layout.gid);
    inode.size = load_le<std::uint64_t>(*raw, layout.size);
    auto const flags = load_le<std::uint32_t>(*raw, layout.flags);
    inode.immutable = (flags & immutable_flags) != 0;
    inode.append_only = (flags & append_flags) != 0;
    inode.snapshot = (flags & snapshot_flag) != 0;
    auto const area = Bytes(*raw).subspan(layout.area, layout.area_size);
    inode.area.assign(area.begin(), area.end());
    return inode;
}

}  // namespace imgport
