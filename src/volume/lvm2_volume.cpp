#include "volume/lvm2_volume.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "support/bytes.hpp"

namespace imgport {
namespace {

class StripedDisk final : public Disk {
public:
    explicit StripedDisk(std::vector<StripedRun> runs)
        : m_runs(std::move(runs)), m_size(m_runs.empty() ? 0 : m_runs.back().offset + m_runs.back().length)
    {}

    std::uint64_t size() const override { return m_size; }

    Result<void> read(std::uint64_t offset, std::span<std::byte> out) override
    {
        if (!range_inside(offset, out.size(), m_size))
            return fail(ErrorCode::malformed,
                        fmt::format("a read of {} bytes at {} leaves the volume", out.size(), offset));
        while (!out.empty()) {
            auto const place = find(offset);
            auto const part = out.first(std::min<std::uint64_t>(out.size(), place.length));
            if (auto const read = place.disk->read(place.offset, part); !read)
                return read;
            out = out.subspan(part.size());
            offset += part.size();
        }
        return {};
    }

    Result<std::vector<Extent>> extents(std::uint64_t offset, std::uint64_t length) override
    {
        if (!range_inside(offset, length, m_size))
            return fail(ErrorCode::malformed, "a range leaves the volume");
        std::vector<Extent> all;
        while (length > 0) {
            auto const &run = run_at(offset);
            std::uint64_t const part = std::min(length, run.offset + run.length - offset);
            // The holes of several stripes would be cut into pieces without number: they pass for data.
            if (run.stripes.size() > 1) {
                all.push_back({offset, part, ExtentKind::data});
            } else {
                std::uint64_t const at = run.stripes[0].offset + (offset - run.offset);
                auto const found = run.stripes[0].disk->extents(at, part);
                if (!found)
                    return found;
                for (auto const &extent : *found)
                    all.push_back({extent.offset - at + offset, extent.length, extent.kind});
            }
            offset += part;
            length -= part;
        }
        return all;
    }

private:
    struct Place {
        Disk *disk;
        std::uint64_t offset;
        std::uint64_t length;  // how far it goes on there
    };

    const StripedRun &run_at(std::uint64_t offset) const
    {
        auto const after = std::upper_bound(m_runs.begin(), m_runs.end(), offset,
                                            [](std::uint64_t at, const StripedRun &run) { return at < run.offset; });
        return *std::prev(after);
    }

    Place find(std::uint64_t offset) const
    {
        auto const &run = run_at(offset);
        std::uint64_t const into = offset - run.offset;
        if (run.stripes.size() == 1)
            return {run.stripes[0].disk.get(), run.stripes[0].offset + into, run.length - into};
        std::uint64_t const piece = into / run.stripe_size;
        std::uint64_t const rest = into % run.stripe_size;
        auto const &stripe = run.stripes[piece % run.stripes.size()];
        return {stripe.disk.get(), stripe.offset + piece / run.stripes.size() * run.stripe_size + rest,
                run.stripe_size - rest};
    }

    std::vector<StripedRun> m_runs;
    std::uint64_t m_size;
};

}  // namespace

std::shared_ptr<Disk> make_striped_disk(std::vector<StripedRun> runs)
{
    return std::make_shared<StripedDisk>(std::move(runs));
}

}  // namespace imgport
