#include "format/mapped_disk.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "format/container.hpp"
#include "support/bytes.hpp"

namespace imgport {
namespace {

using Kind = StoredRun::Kind;

constexpr std::size_t most_extents = 1'000'000;
constexpr std::uint64_t large_hole = std::uint64_t{64} << 20;

// Whether the run that follows `run` goes on with it: one read serves both.
bool goes_on(const StoredRun &run, const StoredRun &next)
{
    if (run.kind != next.kind || run.kind == Kind::packed)
        return false;
    return run.kind != Kind::plain || next.at == run.at + run.length;
}

// Takes extents in order, and joins those of one kind.
class ExtentList {
public:
    explicit ExtentList(std::uint64_t offset) : m_pending{offset, 0, ExtentKind::data} {}

    void add(std::uint64_t length, ExtentKind kind)
    {
        if (kind != m_pending.kind) {
            flush();
            m_pending = {m_pending.offset + m_pending.length, 0, kind};
        }
        m_pending.length += length;
    }
    std::vector<Extent> take()
    {
        flush();
        return std::move(m_found);
    }

private:
    void flush()
    {
        if (m_pending.length == 0)
            return;
        // A disk in shreds, whether by age or by malice: to call a hole data is never wrong.
        if (m_found.size() >= most_extents && m_pending.length < large_hole)
            m_pending.kind = ExtentKind::data;
        if (!m_found.empty() && m_found.back().kind == m_pending.kind)
            m_found.back().length += m_pending.length;
        else
            m_found.push_back(m_pending);
    }

    Extent m_pending;
    std::vector<Extent> m_found;
};

ExtentKind extent_kind(Kind kind)
{
    return kind == Kind::zero ? ExtentKind::zero : kind == Kind::hole ? ExtentKind::hole : ExtentKind::data;
}

}  // namespace

Error MappedDisk::broken(std::string message, std::uint64_t at, const char *field) const
{
    Error error = malformed(std::move(message), at, field);
    error.file = m.file.path();
    return error;
}

Result<void> MappedDisk::check(std::uint64_t offset, std::uint64_t length) const
{
    if (range_inside(offset, length, m.size))
        return {};
    Error error{ErrorCode::malformed, fmt::format("a read of {} bytes leaves the disk of {}", length, m.size)};
    error.file = m.file.path();
    error.offset = offset;
    return fail(std::move(error));
}

Result<StoredRun> MappedDisk::joined_run(std::uint64_t offset, std::uint64_t most)
{
    auto run = run_at(offset, most);
    while (run && run->length < most) {
        auto const next = run_at(offset + run->length, most - run->length);
        if (!next)
            return fail(next.error());
        if (!goes_on(*run, *next))
            break;
        run->length += next->length;
    }
    if (run)
        run->length = std::min(run->length, most);
    return run;
}

// --------------------------------------------------------------------------------------------------------- reading

Result<void> MappedDisk::read(std::uint64_t offset, std::span<std::byte> out)
{
    if (auto inside = check(offset, out.size()); !inside)
        return inside;
    while (!out.empty()) {
        auto const run = joined_run(offset, out.size());
        if (!run)
            return fail(run.error());
        auto const part = out.first(static_cast<std::size_t>(run->length));
        if (auto done = read_run(*run, offset, part); !done)
            return done;
        out = out.subspan(part.size());
        offset += part.size();
    }
    return {};
}

Result<void> MappedDisk::read_run(const StoredRun &run, std::uint64_t offset, std::span<std::byte> out)
{
    switch (run.kind) {
    case Kind::plain: return m.file.read(run.at, out);
    case Kind::packed: return read_packed(run, out);
    case Kind::backing: return read_backing(offset, out);
    case Kind::zero:
    case Kind::hole: break;
    }
    std::fill(out.begin(), out.end(), std::byte{0});
    return {};
}

Result<void> MappedDisk::read_backing(std::uint64_t offset, std::span<std::byte> out)
{
    std::uint64_t const there = m.backing && offset < m.backing->size() ? m.backing->size() - offset : 0;
    auto const part = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(there, out.size())));
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(part.size()), out.end(), std::byte{0});
    return part.empty() ? Result<void>() : m.backing->read(offset, part);
}

Result<std::size_t> MappedDisk::unpack(const StoredRun &run, std::span<std::byte> unit)
{
    auto const found = find_packed(run);
    if (!found)
        return fail(found.error());
    m_packed.resize(static_cast<std::size_t>(found->packed_size));
    if (auto done = m.file.read(found->at, m_packed); !done)
        return fail(done.error());
    auto made = decompress(m.packing, m_packed, unit);
    if (!made && made.error().code == ErrorCode::malformed)
        return fail(broken(made.error().message, run.at, "compressed cluster"));
    return made;
}

Result<void> MappedDisk::read_packed(const StoredRun &run, std::span<std::byte> out)
{
    auto const too_short = [&](std::size_t made) {
        return fail(broken(fmt::format("only {} bytes were compressed", made), run.at, "compressed cluster"));
    };
    // A whole cluster needs neither room of its own nor a copy.
    if (out.size() == m.unit) {
        auto const made = unpack(run, out);
        if (!made)
            return fail(made.error());
        return *made == out.size() ? Result<void>() : too_short(*made);
    }
    auto const *unit = m.cache->unpacked(m.file, run.at);
    if (unit == nullptr) {
        std::vector<std::byte> fresh(static_cast<std::size_t>(m.unit));
        auto const made = unpack(run, fresh);
        if (!made)
            return fail(made.error());
        fresh.resize(*made);
        unit = &m.cache->keep_unpacked(m.file, run.at, std::move(fresh));
    }
    if (!range_inside(run.into, out.size(), unit->size()))
        return too_short(unit->size());
    std::copy_n(unit->begin() + static_cast<std::ptrdiff_t>(run.into), out.size(), out.begin());
    return {};
}

Result<std::optional<PackedCluster>> MappedDisk::packed_cluster(std::uint64_t offset, std::uint64_t unit,
                                                                Packing packing)
{
    if (auto inside = check(offset, 0); !inside)
        return fail(inside.error());
    if (offset == m.size)
        return std::nullopt;
    auto const run = joined_run(offset, unit);
    if (!run)
        return fail(run.error());
    if (run->kind == Kind::packed && run->into == 0 && m.unit == unit && m.packing == packing) {
        auto const found = find_packed(*run);
        if (!found)
            return fail(found.error());
        return PackedCluster{&m.file, found->at, found->packed_size};
    }
    auto *const below = dynamic_cast<PackedClusters *>(m.backing.get());
    if (run->kind == Kind::backing && run->length >= unit && below != nullptr &&
        range_inside(offset, unit, m.backing->size()))
        return below->packed_cluster(offset, unit, packing);
    return std::nullopt;
}

// --------------------------------------------------------------------------------------------------------- extents

Result<std::vector<Extent>> MappedDisk::extents(std::uint64_t offset, std::uint64_t length)
{
    if (auto inside = check(offset, length); !inside)
        return fail(inside.error());
    ExtentList list(offset);
    std::uint64_t const end = offset + length;
    while (offset < end) {
        auto const run = joined_run(offset, end - offset);
        if (!run)
            return fail(run.error());
        std::uint64_t const next = offset + run->length;
        if (run->kind != Kind::backing) {
            list.add(run->length, extent_kind(run->kind));
        } else {
            std::uint64_t const below = m.backing ? std::clamp(m.backing->size(), offset, next) : offset;
            if (below > offset) {
                auto const found = m.backing->extents(offset, below - offset);
                if (!found)
                    return fail(found.error());
                for (auto const &extent : *found)
                    list.add(extent.length, extent.kind);
            }
            if (next > below)
                list.add(next - below, ExtentKind::hole);
        }
        offset = next;
    }
    return list.take();
}

}  // namespace imgport
