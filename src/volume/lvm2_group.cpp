#include "volume/lvm2_group.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "support/bytes.hpp"
#include "support/text.hpp"
#include "volume/lvm2_metadata.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t sector = 512;
constexpr std::size_t longest_name = 127;

tl::unexpected<Error> broken(const std::string &where, std::string_view message)
{
    return fail(ErrorCode::malformed, fmt::format("LVM2 metadata, {}: {}", printable(where, 400), message));
}

// lvm(8): what a group or a volume may be called. Such a name is safe in a path.
bool is_name(std::string_view name)
{
    return !name.empty() && name.size() <= longest_name && name[0] != '-' && name != "." && name != ".." &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
                      c == '_' || c == '+' || c == '-';
           });
}

std::string plain_uuid(const std::string *text)
{
    std::string uuid = text ? *text : "";
    uuid.erase(std::remove(uuid.begin(), uuid.end(), '-'), uuid.end());
    return uuid;
}

// Sectors in the metadata, bytes here.
std::optional<std::uint64_t> bytes_in(const Lvm2Section &section, std::string_view name)
{
    auto const sectors = section.number(name);
    return sectors ? checked_mul(*sectors, sector) : std::nullopt;
}

bool is_visible(const Lvm2Section &volume)
{
    return volume.flag("status", "VISIBLE");
}

// Activated on demand only.
bool is_skipped(const Lvm2Section &volume)
{
    return volume.flag("flags", "ACTIVATION_SKIP") || volume.flag("status", "ACTIVATION_SKIP");
}

bool is_one_of_type(const Lvm2Volume &volume, std::string_view type)
{
    return volume.segments.size() == 1 && volume.segments[0].type == type;
}

// Which extents of a device are taken.
struct Taken {
    std::size_t device;
    std::uint64_t first;
    std::uint64_t count;
};

class GroupReader {
public:
    explicit GroupReader(Lvm2Group &group) : m_group(group) {}

    Result<void> read(const Lvm2Section &section)
    {
        auto const seqno = section.number("seqno");
        auto const extent_size = bytes_in(section, "extent_size");
        m_group.uuid = plain_uuid(section.text("id"));
        if (!seqno || !extent_size || *extent_size == 0 || m_group.uuid.size() != 32)
            return broken(m_group.name, "its id, seqno or extent_size is none");
        m_group.seqno = *seqno;
        m_group.extent_size = *extent_size;
        m_group.exported = section.flag("status", "EXPORTED");
        if (auto const *const devices = section.section("physical_volumes")) {
            for (auto const &[name, value] : devices->values) {
                if (auto const done = device(*devices, name); !done)
                    return done;
            }
        }
        auto const *const volumes = section.section("logical_volumes");
        if (!volumes)
            return {};  // none was ever made
        for (auto const &[name, value] : volumes->values) {
            if (auto const done = volume(*volumes, name); !done)
                return done;
        }
        if (auto const done = find_overlaps(); !done)
            return done;
        return note_snapshots(*volumes);
    }

private:
    Result<void> device(const Lvm2Section &devices, const std::string &name)
    {
        auto const *const section = devices.section(name);
        if (!section)
            return broken(name, "it is no section");
        auto const pe_start = bytes_in(*section, "pe_start");
        auto const pe_count = section->number("pe_count");
        Lvm2Device device{name, plain_uuid(section->text("id")),
                          section->flag("status", "MISSING") || section->flag("flags", "MISSING"), pe_start.value_or(0),
                          pe_count.value_or(0)};
        auto const length = checked_mul(device.pe_count, m_group.extent_size);
        if (!pe_start || !pe_count || device.uuid.size() != 32 || !length || !checked_add(*pe_start, *length))
            return broken(name, "its id, pe_start or pe_count is none");
        if (!m_device_uuids.insert(device.uuid).second)
            return broken(name, "another physical volume has the same id");
        m_devices[name] = m_group.devices.size();
        m_group.devices.push_back(std::move(device));
        return {};
    }

    Result<void> volume(const Lvm2Section &volumes, const std::string &name)
    {
        auto const *const section = volumes.section(name);
        if (!section || !is_name(name))
            return broken(name, "it is no logical volume");
        auto const segment_count = section->number("segment_count");
        if (!segment_count || *segment_count > section->values.size())
            return broken(name, "its segment_count is wrong");
        Lvm2Volume volume{name};
        for (std::uint64_t i = 1; i <= *segment_count; ++i) {
            auto const *const part = section->section(fmt::format("segment{}", i));
            if (!part)
                return broken(name, fmt::format("segment{} is missing", i));
            auto read = segment(*part, fmt::format("{}/segment{}", name, i), volume.extents);
            if (!read)
                return fail(read.error());
            volume.extents += read->count;
            volume.segments.push_back(std::move(*read));
        }
        if (!checked_mul(volume.extents, m_group.extent_size))
            return broken(name, "it is too large");
        // Pools can be seen, but are for LVM2's own use.
        std::string const type = volume.segments.empty() ? "" : volume.segments[0].type;
        volume.listed = is_visible(*section) && !is_skipped(*section) && type != "thin-pool" && type != "cache-pool";
        m_group.volumes.push_back(std::move(volume));
        return {};
    }

    Result<Lvm2Segment> segment(const Lvm2Section &section, const std::string &where, std::uint64_t expected_start)
    {
        auto const start = section.number("start_extent");
        auto const count = section.number("extent_count");
        auto const *const type = section.text("type");
        if (!start || !count || !type || *count == 0 || *start != expected_start || !checked_add(*start, *count))
            return broken(where, "its type, start_extent or extent_count is wrong");
        // "cache+METADATA_FORMAT": words after a plus are flags of the type.
        Lvm2Segment segment{*start, *count, *type};
        if (segment.type.starts_with("cache+"))
            segment.type = "cache";
        if (segment.type.starts_with("cache-pool+"))
            segment.type = "cache-pool";
        if (segment.type != "striped")
            return segment;
        if (auto const done = stripes(section, where, segment); !done)
            return fail(done.error());
        return segment;
    }

    Result<void> stripes(const Lvm2Section &section, const std::string &where, Lvm2Segment &segment)
    {
        auto const stripe_count = section.number("stripe_count");
        auto const *const list = section.list("stripes");
        if (!stripe_count || *stripe_count == 0 || !list || list->size() % 2 != 0 || list->size() / 2 != *stripe_count)
            return broken(where, "its stripe_count and its stripes differ");
        std::uint64_t const each = segment.count / *stripe_count;
        if (each * *stripe_count != segment.count)
            return broken(where, "its extents cannot be shared by its stripes");
        if (*stripe_count > 1) {
            // The kernel wants whole chunks: Documentation/admin-guide/device-mapper/striped.rst.
            segment.stripe_size = bytes_in(section, "stripe_size").value_or(0);
            auto const width = checked_mul(each, m_group.extent_size);
            if (segment.stripe_size == 0 || !width || *width % segment.stripe_size != 0)
                return broken(where, "its stripe_size is wrong");
        }
        for (std::size_t i = 0; i < list->size(); i += 2) {
            auto const *const name = std::get_if<std::string>(&(*list)[i]);
            auto const *const extent = std::get_if<std::int64_t>(&(*list)[i + 1]);
            if (!name || !extent || *extent < 0)
                return broken(where, "a stripe is no name and number");
            auto const found = m_devices.find(*name);
            if (found == m_devices.end()) {
                segment.on_volume = *name;
                continue;
            }
            auto const first = static_cast<std::uint64_t>(*extent);
            if (!range_inside(first, each, m_group.devices[found->second].pe_count))
                return broken(
                    where, fmt::format("extents {} to {} lie outside {}", first, first + each, printable(*name, 100)));
            segment.stripes.push_back({found->second, first});
            m_taken.push_back({found->second, first, each});
        }
        if (!segment.on_volume.empty())
            segment.stripes.clear();
        return {};
    }

    Result<void> find_overlaps()
    {
        std::sort(m_taken.begin(), m_taken.end(), [](const Taken &a, const Taken &b) {
            return std::pair(a.device, a.first) < std::pair(b.device, b.first);
        });
        for (std::size_t i = 1; i < m_taken.size(); ++i) {
            auto const &before = m_taken[i - 1];
            if (before.device == m_taken[i].device && before.first + before.count > m_taken[i].first)
                return broken(m_group.devices[before.device].name,
                              fmt::format("extent {} belongs to two segments", m_taken[i].first));
        }
        return {};
    }

    Lvm2Volume *find_volume(const std::string *name)
    {
        auto const found =
            std::lower_bound(m_group.volumes.begin(), m_group.volumes.end(), name ? *name : "",
                             [](const Lvm2Volume &volume, auto const &key) { return volume.name < key; });
        return found != m_group.volumes.end() && name && found->name == *name ? &*found : nullptr;
    }

    // A snapshot is three volumes: the origin, the store of what has changed, which bears the snapshot's name, and a
    // hidden one ("snapshot0") that names the two.
    Result<void> note_snapshots(const Lvm2Section &volumes)
    {
        for (auto const &volume : m_group.volumes) {
            if (!is_one_of_type(volume, "snapshot"))
                continue;
            auto const *const section = volumes.section(volume.name)->section("segment1");
            auto const *const merging = section->text("merging_store");
            auto *const origin = find_volume(section->text("origin"));
            auto *const store = find_volume(merging ? merging : section->text("cow_store"));
            if (!origin || !store)
                return broken(volume.name, "its origin or its store does not exist");
            store->special = "a snapshot";
            store->extents = volume.extents;
            // It is seen where its origin is, whatever its own status says; or alone, where the origin is nothing but
            // zeroes (lvcreate --virtualsize).
            store->listed = !merging && !is_skipped(*volumes.section(store->name)) &&
                            (is_visible(*volumes.section(origin->name)) || is_one_of_type(*origin, "zero"));
            if (merging)
                origin->special = "a volume that a snapshot is merged into";
        }
        return {};
    }

    Lvm2Group &m_group;
    std::map<std::string, std::size_t, std::less<>> m_devices;
    std::set<std::string> m_device_uuids;
    std::vector<Taken> m_taken;
};

}  // namespace

Result<Lvm2Group> read_lvm2_group(std::string_view text)
{
    auto const parsed = parse_lvm2_metadata(text);
    if (!parsed)
        return fail(parsed.error());
    auto const *const contents = parsed->text("contents");
    auto const version = parsed->number("version");
    if (!contents || *contents != "Text Format Volume Group" || version != 1)
        return fail(ErrorCode::unsupported, "LVM2 metadata of another format than \"Text Format Volume Group\" 1");
    Lvm2Group group;
    const Lvm2Section *section = nullptr;
    for (auto const &[name, value] : parsed->values) {
        auto const *const found = parsed->section(name);
        if (found && section)
            return broken(name, "a second volume group in one text");
        if (found) {
            section = found;
            group.name = name;
        }
    }
    if (!section || !is_name(group.name))
        return broken(group.name, "it names no volume group");
    GroupReader reader(group);
    if (auto const done = reader.read(*section); !done)
        return fail(done.error());
    return group;
}

}  // namespace imgport
