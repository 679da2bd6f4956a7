#include "filesystem/xfs_inode.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "filesystem/file_kind.hpp"

namespace imgport {
namespace {

constexpr std::uint16_t magic = 0x494e;  // "IN"
constexpr std::size_t core_size = 100;   // versions 1 and 2
constexpr std::size_t core_size_3 = 176;
// di_flags
constexpr std::uint16_t flag_realtime = 0x1;
constexpr std::uint16_t flag_immutable = 0x8;
constexpr std::uint16_t flag_append = 0x10;
// di_flags2
constexpr std::uint64_t flag_large_extent_counts = 0x10;

// What keeps the bytes from being that inode; empty where nothing does.
std::string_view problem_of(Bytes core, const XfsGeometry &geometry, std::uint64_t number)
{
    if (load_be<std::uint16_t>(core, 0) != magic)
        return "there is no inode";
    auto const version = load_be<std::uint8_t>(core, 4);
    if (geometry.version_5 ? version != 3 : version != 1 && version != 2)
        return "its version is not that of the filesystem";
    if (geometry.version_5) {
        if (!xfs_checksum_right(core, 100))
            return "the checksum is wrong";
        if (load_be<std::uint64_t>(core, 152) != number)
            return "it is another inode";
        if (!std::ranges::equal(core.subspan(160, geometry.uuid.size()), geometry.uuid))
            return "it belongs to another filesystem";
    }
    return load_be<std::uint16_t>(core, 2) == 0 ? "it is not in use" : "";
}

}  // namespace

Result<XfsInode> read_xfs_inode(const XfsVolume &volume, std::uint64_t number)
{
    auto const &geometry = volume.geometry();
    auto const at = volume.inode_place(number);
    if (!at)
        return fail(at.error());
    auto const core = volume.read(*at, geometry.inode_size);
    if (!core)
        return fail(core.error());
    auto const broken = [&](std::string_view problem) {
        return fail(ErrorCode::malformed, fmt::format("inode {} at byte {}: {}", number, *at, problem));
    };
    if (auto const problem = problem_of(*core, geometry, number); !problem.empty())
        return broken(problem);

    XfsInode inode;
    inode.number = number;
    inode.at = *at;
    auto const mode = load_be<std::uint16_t>(*core, 2);
    auto const kind = kind_of_mode(mode);
    if (!kind)
        return broken(fmt::format("di_mode is {:#o}", mode));
    inode.kind = *kind;
    inode.mode = mode & 07777;
    inode.uid = load_be<std::uint32_t>(*core, 8);
    inode.gid = load_be<std::uint32_t>(*core, 12);
    inode.size = load_be<std::uint64_t>(*core, 56);
    if (inode.size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return broken(fmt::format("di_size is {:#x}", inode.size));
    auto const flags = load_be<std::uint16_t>(*core, 90);
    inode.realtime = (flags & flag_realtime) != 0;
    inode.immutable = (flags & flag_immutable) != 0;
    inode.append_only = (flags & flag_append) != 0;

    auto const format = load_be<std::uint8_t>(*core, 5);
    if (format > static_cast<std::uint8_t>(XfsFork::btree))
        return broken(fmt::format("di_format is {}", format));
    inode.format = static_cast<XfsFork>(format);
    inode.extent_count = load_be<std::uint32_t>(*core, 76);
    if (geometry.version_5 && (load_be<std::uint64_t>(*core, 120) & flag_large_extent_counts) != 0) {
        if (!geometry.large_extent_counts)
            return broken("it has large extent counters, the filesystem has not");
        inode.extent_count = load_be<std::uint64_t>(*core, 24);
    }
    Bytes fork = Bytes(*core).subspan(geometry.version_5 ? core_size_3 : core_size);
    std::size_t const fork_size = std::size_t{load_be<std::uint8_t>(*core, 82)} * 8;
    if (fork_size > fork.size())
        return broken(fmt::format("di_forkoff is {}", fork_size / 8));
    if (fork_size != 0)
        fork = fork.first(fork_size);
    inode.fork.assign(fork.begin(), fork.end());
    return inode;
}

}  // namespace imgport
