#include "volume/lvm2.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "support/bytes.hpp"
#include "support/text.hpp"
#include "volume/lvm2_group.hpp"
#include "volume/lvm2_label.hpp"
#include "volume/lvm2_volume.hpp"

namespace imgport {
namespace {

constexpr std::size_t most_volumes = 256;
constexpr std::uint64_t most_text = 64ULL * 1024 * 1024;  // bytes of metadata that are parsed, of all copies together

// What a kind of segment makes of its volume.
std::string kind_in_words(std::string_view type)
{
    struct Kind {
        std::string_view type;
        const char *words;
    };
    static constexpr Kind kinds[] = {
        {"thin", "a thin volume"},
        {"snapshot", "a snapshot"},
        {"mirror", "a mirror"},
        {"cache", "a cached volume"},
        {"writecache", "a volume with a write cache"},
        {"vdo", "a VDO volume"},
        {"vdo-pool", "a VDO pool"},
        {"integrity", "a volume with integrity data"},
        {"raid0", "a RAID 0 volume"},
        {"raid0_meta", "a RAID 0 volume"},
        {"raid1", "a RAID 1 volume"},
    };
    for (auto const &kind : kinds) {
        if (kind.type == type)
            return kind.words;
    }
    // raid5_ls, raid6_zr, raid10_near, ...
    for (std::string_view const level : {"10", "4", "5", "6"}) {
        if (type.starts_with("raid" + std::string(level)))
            return fmt::format("a RAID {} volume", level);
    }
    return fmt::format("a volume of the type \"{}\"", printable(type, 100));
}

class Assembly {
public:
    Result<LogicalVolumes> assemble(std::span<const std::shared_ptr<Disk>> physical_volumes)
    {
        m_given = physical_volumes;
        for (auto const &disk : physical_volumes) {
            if (auto const added = add(disk); !added)
                return fail(added.error());
        }
        std::set<std::string> described;  // UUIDs of physical volumes
        std::set<std::string> names;
        for (auto const &[uuid, group] : m_groups) {
            for (auto const &device : group.devices)
                described.insert(device.uuid);
            if (!names.insert(group.name).second)
                m_out.problems.push_back(
                    {ErrorCode::unsupported, fmt::format("two volume groups are named {}", group.name)});
            else if (!group.exported)
                list(group);
        }
        for (auto &[uuid, problem] : m_damaged) {
            if (described.count(uuid) == 0)
                m_out.problems.push_back(std::move(problem));
        }
        std::sort(m_out.volumes.begin(), m_out.volumes.end(),
                  [](const LogicalVolume &a, const LogicalVolume &b) { return a.device < b.device; });
        if (m_out.volumes.size() > most_volumes)
            m_out.volumes.resize(most_volumes);
        return std::move(m_out);
    }

private:
    Result<void> add(const std::shared_ptr<Disk> &disk)
    {
        auto volume = read_lvm2_label(*disk);
        if (!volume && volume.error().code == ErrorCode::malformed) {
            m_out.problems.push_back(std::move(volume.error()));
            return {};
        }
        if (!volume)
            return fail(volume.error());
        if (!m_disks.emplace(volume->uuid, disk).second) {
            // Which of the two is the right one cannot be told. LVM2 refuses both, too.
            m_disks[volume->uuid] = nullptr;
            m_out.problems.push_back({ErrorCode::malformed, fmt::format("two physical volumes have the UUID {}",
                                                                        lvm2_uuid_text(volume->uuid))});
            return {};
        }
        for (auto &problem : volume->problems)
            m_damaged.emplace_back(volume->uuid, std::move(problem));
        for (auto const &text : volume->texts)
            add_text(volume->uuid, text);
        return {};
    }

    // Each physical volume keeps the metadata of its group; the one that was written last counts.
    void add_text(const std::string &uuid, const std::string &text)
    {
        if (text == m_last_text)
            return;
        m_text_seen += text.size();
        if (m_text_seen > most_text) {
            m_damaged.emplace_back(
                uuid, Error{ErrorCode::unsupported,
                            fmt::format("more than {} of LVM2 metadata is not read", human_size(most_text))});
            return;
        }
        auto group = read_lvm2_group(text);
        m_last_text = text;
        if (!group) {
            m_damaged.emplace_back(uuid, std::move(group.error()));
            return;
        }
        auto const known = m_groups.find(group->uuid);
        if (known == m_groups.end())
            m_groups.emplace(group->uuid, std::move(*group));
        else if (known->second.seqno < group->seqno)
            known->second = std::move(*group);
    }

    void list(const Lvm2Group &group)
    {
        for (auto const &volume : group.volumes) {
            if (!volume.listed)
                continue;
            LogicalVolume out{fmt::format("/dev/{}/{}", group.name, volume.name), volume.extents * group.extent_size,
                              nullptr};
            if (auto opened = open(group, volume, out); !opened) {
                out.error = std::move(opened.error());
                out.error->message = fmt::format("{}: {}", out.device, out.error->message);
            }
            m_out.volumes.push_back(std::move(out));
        }
    }

    Result<void> open(const Lvm2Group &group, const Lvm2Volume &volume, LogicalVolume &out) const
    {
        auto const unsupported = [](const std::string &what) {
            return fail(ErrorCode::unsupported, fmt::format("{} is not read natively", what));
        };
        if (!volume.special.empty())
            return unsupported(volume.special);
        std::vector<StripedRun> runs;
        for (auto const &segment : volume.segments) {
            if (segment.type != "striped")
                return unsupported(kind_in_words(segment.type));
            if (!segment.on_volume.empty())
                return unsupported(
                    fmt::format("a volume that lies on the volume {}", printable(segment.on_volume, 200)));
            StripedRun run{segment.start * group.extent_size, segment.count * group.extent_size, segment.stripe_size};
            for (auto const &stripe : segment.stripes) {
                auto const &device = group.devices[stripe.device];
                auto const found = m_disks.find(device.uuid);
                if (device.missing || found == m_disks.end() || !found->second)
                    return fail(ErrorCode::unreadable,
                                fmt::format("its physical volume {} is missing", lvm2_uuid_text(device.uuid)));
                std::uint64_t const at = device.pe_start + stripe.extent * group.extent_size;
                if (!range_inside(at, run.length / segment.stripes.size(), found->second->size()))
                    return fail(ErrorCode::unreadable,
                                fmt::format("it leaves its physical volume {}, which was cut short",
                                            lvm2_uuid_text(device.uuid)));
                run.stripes.push_back({found->second, at});
            }
            runs.push_back(std::move(run));
        }
        out.runs = plain_runs(runs);
        out.disk = make_striped_disk(std::move(runs));
        return {};
    }

    // Empty where one of them is striped.
    std::vector<LogicalVolume::Run> plain_runs(const std::vector<StripedRun> &runs) const
    {
        std::vector<LogicalVolume::Run> plain;
        for (auto const &run : runs) {
            if (run.stripes.size() != 1)
                return {};
            auto const place = std::find(m_given.begin(), m_given.end(), run.stripes[0].disk) - m_given.begin();
            plain.push_back({run.length, static_cast<std::size_t>(place), run.stripes[0].offset});
        }
        return plain;
    }

    std::span<const std::shared_ptr<Disk>> m_given;
    std::map<std::string, std::shared_ptr<Disk>> m_disks;  // by UUID; nullptr: there are two
    std::map<std::string, Lvm2Group> m_groups;             // by UUID
    std::vector<std::pair<std::string, Error>> m_damaged;  // with the UUID of the physical volume
    std::string m_last_text;
    std::uint64_t m_text_seen = 0;
    LogicalVolumes m_out;
};

}  // namespace

Result<LogicalVolumes> read_lvm2(std::span<const std::shared_ptr<Disk>> physical_volumes)
{
    return Assembly().assemble(physical_volumes);
}

}  // namespace imgport
