#include "convert/drop.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "convert/swap_space.hpp"
#include "filesystem/cached_disk.hpp"
#include "filesystem/free_ranges.hpp"
#include "filesystem/free_space.hpp"
#include "support/bytes.hpp"
#include "support/json_fields.hpp"
#include "support/text.hpp"
#include "volume/lvm2.hpp"
#include "volume/superblock.hpp"
#include "volume/volumes.hpp"

namespace imgport {
namespace {

// Holes are worth it in whole pages of the target's filesystem only.
constexpr std::uint64_t hole_unit = 4096;

// A volume and where its bytes lie.
struct Place {
    std::string device;
    std::shared_ptr<Disk> disk;
    FilesystemFacts filesystem;
    struct Piece {
        std::uint64_t length = 0;
        std::uint64_t at = 0;  // on the disk
    };
    std::vector<Piece> pieces;  // in order, without gaps
    std::string unclear = {};   // why it is not known where its bytes lie
};

// What the volumes of a disk are, and how the disk describes itself: to be the same afterwards.
struct Survey {
    std::vector<Place> places;
    std::string description;
};

// All of it but whether a system is suspended there: a patch is about to end that.
std::string description_of(FilesystemFacts facts)
{
    if (facts.type == "swap")
        facts.state.clear();
    return to_json(facts).dump() + "\n";
}

bool overlap(const VolumeFacts &a, const VolumeFacts &b)
{
    return a.offset < b.offset + b.length && b.offset < a.offset + a.length;
}

// The volumes that share bytes with another one, by device.
std::vector<std::string> overlapping(std::vector<VolumeFacts> volumes)
{
    std::sort(volumes.begin(), volumes.end(), [](auto const &a, auto const &b) { return a.offset < b.offset; });
    std::vector<std::string> found;
    std::size_t furthest = 0;
    for (std::size_t i = 1; i < volumes.size(); ++i) {
        if (overlap(volumes[furthest], volumes[i])) {
            found.push_back(volumes[furthest].device);
            found.push_back(volumes[i].device);
        }
        if (volumes[i].offset + volumes[i].length > volumes[furthest].offset + volumes[furthest].length)
            furthest = i;
    }
    return found;
}

Result<void> add_logical_volumes(const std::vector<Place> &members, Survey &survey)
{
    std::vector<std::shared_ptr<Disk>> disks;
    for (auto const &member : members)
        disks.push_back(member.disk);
    auto const found = read_lvm2(disks);
    if (!found)
        return fail(found.error());
    for (auto const &logical : found->volumes) {
        Place place{.device = logical.device, .disk = nullptr, .filesystem = {}, .pieces = {}};
        survey.description += fmt::format("{} {}\n", logical.device, logical.length);
        if (!logical.disk) {
            place.unclear = logical.error->message;
        } else {
            place.disk = std::make_shared<CachedDisk>(logical.disk);
            auto filesystem = describe_filesystem(*place.disk);
            if (!filesystem)
                return fail(filesystem.error());
            survey.description += description_of(*filesystem);
            place.filesystem = std::move(*filesystem);
            if (logical.runs.empty())
                place.unclear = "it is striped";
        }
        if (!found->problems.empty())
            place.unclear = found->problems.front().message;
        for (auto const &run : logical.runs) {
            auto const &member = members[run.physical_volume];
            place.pieces.push_back({run.length, member.pieces[0].at + run.offset});
            if (!member.unclear.empty())
                place.unclear = member.unclear;
        }
        survey.places.push_back(std::move(place));
    }
    return {};
}

Result<Survey> survey(const std::shared_ptr<Disk> &disk)
{
    auto const facts = describe_disk(*disk);
    if (!facts)
        return fail(facts.error());
    auto volumes = list_volumes(disk, *facts);
    if (!volumes)
        return fail(volumes.error());
    Survey result;
    result.description = to_json(*facts).dump() + "\n";
    auto const shared = overlapping(*volumes);
    std::vector<Place> members;
    for (auto &volume : *volumes) {
        result.description += fmt::format("{} {} {}\n", volume.device, volume.offset, volume.length);
        result.description += description_of(volume.filesystem);
        if (volume.offset >= disk->size())
            continue;
        std::uint64_t const length = std::min(volume.length, disk->size() - volume.offset);
        auto const window = slice(disk, volume.offset, length);
        if (!window)
            return fail(window.error());
        Place place{volume.device, std::make_shared<CachedDisk>(*window), volume.filesystem, {{length, volume.offset}}};
        if (std::find(shared.begin(), shared.end(), volume.device) != shared.end())
            place.unclear = "it overlaps another partition";
        if (volume.filesystem.type == "LVM2_member")
            members.push_back(std::move(place));
        else
            result.places.push_back(std::move(place));
    }
    if (!members.empty()) {
        if (auto const added = add_logical_volumes(members, result); !added)
            return fail(added.error());
    }
    return result;
}

// The same ranges on the disk, in whole units of it; sorted. `ranges` is sorted and lies inside the volume.
std::vector<ByteRange> on_disk(const std::vector<ByteRange> &ranges, const Place &place)
{
    FreeRanges found;
    std::uint64_t begin = 0;  // of the piece, in the volume
    std::size_t next = 0;
    for (auto const &piece : place.pieces) {
        std::uint64_t const end = begin + piece.length;
        for (; next < ranges.size() && ranges[next].offset < end; ++next) {
            auto const from = std::max(ranges[next].offset, begin);
            auto const to = std::min(ranges[next].offset + ranges[next].length, end);
            if (from < to)
                found.add(piece.at + (from - begin), to - from);
            if (ranges[next].offset + ranges[next].length > end)
                break;  // it goes on in the next piece
        }
        begin = end;
    }
    // Pieces that touch on the disk have been joined: now it can be rounded.
    auto joined = found.take();
    std::vector<ByteRange> whole;
    for (auto const &range : joined) {
        auto const from = (range.offset + hole_unit - 1) / hole_unit * hole_unit;
        auto const to = (range.offset + range.length) / hole_unit * hole_unit;
        if (from < to)
            whole.push_back({from, to - from});
    }
    return whole;
}

// How many bytes of the ranges are data.
Result<std::uint64_t> stored(Disk &disk, const std::vector<ByteRange> &ranges)
{
    std::uint64_t sum = 0;
    for (auto const &range : ranges) {
        auto const extents = disk.extents(range.offset, range.length);
        if (!extents)
            return fail(extents.error());
        for (auto const &extent : *extents)
            sum += extent.kind == ExtentKind::data ? extent.length : 0;
    }
    return sum;
}

class Planner {
public:
    Planner(std::shared_ptr<Disk> disk, const DropOptions &options) : m_disk(std::move(disk)), m_options(options) {}

    Result<DropPlan> plan()
    {
        auto const before = survey(m_disk);
        if (!before)
            return fail(before.error());
        for (auto const &place : before->places) {
            auto const done = place.filesystem.type == "swap" ? add_swap(place) : add_free_space(place);
            if (!done)
                return fail(done.error());
        }
        m_plan.changes.holes = m_holes.take();
        auto &patches = m_plan.changes.patches;
        std::sort(patches.begin(), patches.end(), [](auto const &a, auto const &b) { return a.offset < b.offset; });
        // Whatever was called free, by a disk that was made to deceive: the tables and superblocks are not.
        auto const after = survey(changed(m_disk, std::make_shared<const DiskChanges>(m_plan.changes)));
        if (!after)
            return fail(after.error());
        if (after->description != before->description)
            return fail({ErrorCode::malformed,
                         "a filesystem on this disk calls parts of the disk free that hold partition tables or other "
                         "filesystems",
                         {},
                         {},
                         {},
                         "convert it without --drop"});
        return std::move(m_plan);
    }

private:
    // Whether that can be lived with: the volume is kept as it is.
    static bool is_reason(const Error &error)
    {
        return error.code == ErrorCode::unsupported || error.code == ErrorCode::malformed;
    }

    Result<void> add(const Place &place, const std::string &what, const std::vector<ByteRange> &ranges)
    {
        auto const holes = on_disk(ranges, place);
        auto const bytes = stored(*m_disk, holes);
        if (!bytes)
            return fail(bytes.error());
        for (auto const &hole : holes)
            m_holes.add(hole.offset, hole.length);
        m_plan.dropped.push_back({place.device, what, *bytes});
        return {};
    }

    void skip(const Place &place, const std::string &what, const std::string &reason)
    {
        m_plan.dropped.push_back({place.device, what, 0, reason});
    }

    Result<void> add_free_space(const Place &place)
    {
        if (!m_options.free_space)
            return {};
        if (!place.unclear.empty()) {
            skip(place, "free-space", place.unclear);
            return {};
        }
        if (place.filesystem.type.empty())
            return {};  // nothing that could be meant
        auto const ranges = free_space(place.disk);
        if (ranges)
            return add(place, "free-space", *ranges);
        if (!is_reason(ranges.error()))
            return fail(ranges.error());
        skip(place, "free-space", ranges.error().message);
        return {};
    }

    Result<void> add_swap(const Place &place)
    {
        if (!m_options.swap)
            return {};
        if (!place.unclear.empty()) {
            skip(place, "swap", place.unclear);
            return {};
        }
        auto const space = read_swap_space(*place.disk);
        if (!space && !is_reason(space.error()))
            return fail(space.error());
        if (!space) {
            skip(place, "swap", space.error().message);
            return {};
        }
        if (!space->signature)
            return add(place, "swap", {space->pages});
        // The header may lie in two pieces only where they are smaller than a page.
        auto patch = *space->signature;
        if (place.pieces[0].length < patch.offset + patch.bytes.size()) {
            skip(place, "swap", "its header is in pieces");
            return {};
        }
        patch.offset += place.pieces[0].at;
        m_plan.changes.patches.push_back(std::move(patch));
        if (auto const added = add(place, "swap", {space->pages}); !added)
            return added;
        m_plan.dropped.back().note = "a hibernated system was stored in it: it will start afresh";
        return {};
    }

    std::shared_ptr<Disk> m_disk;
    DropOptions m_options;
    DropPlan m_plan;
    FreeRanges m_holes;
};

}  // namespace

std::string describe(const Dropped &dropped)
{
    if (!dropped.skipped.empty())
        return fmt::format("{}: {} stays: {}", dropped.device, dropped.what, dropped.skipped);
    return fmt::format("{}: {} of {} left out{}{}", dropped.device, human_size(dropped.bytes), dropped.what,
                       dropped.note.empty() ? "" : ": ", dropped.note);
}

Result<DropPlan> plan_drop(std::shared_ptr<Disk> disk, const DropOptions &options)
{
    return Planner(std::move(disk), options).plan();
}

}  // namespace imgport
