// The tables of a QCOW2 image: docs/interop/qcow2.txt of QEMU, "Host cluster management", "Cluster mapping" and
// "Snapshots".
#include <algorithm>

#include <fmt/format.h>

#include "format/qcow2_header.hpp"
#include "format/reading.hpp"
#include "support/bytes.hpp"

namespace imgport {
namespace {

// QEMU's limits: it opens no image beyond them.
constexpr std::uint32_t most_snapshots = 65536;
constexpr std::uint32_t largest_snapshot_extra = 1024;

struct Walk {
    Container &container;
    const Qcow2Header &header;
    ImageFacts &facts;

    bool misaligned(std::uint64_t offset) const { return offset % header.cluster_size() != 0; }
    bool past_end(std::uint64_t offset) const { return container.size() && offset >= *container.size(); }
};

tl::unexpected<Error> broken_entry(std::uint64_t at, std::string_view table, std::uint64_t target, const Walk &walk)
{
    if (walk.misaligned(target))
        return fail(
            malformed(fmt::format("an entry points to {}, which is not at a cluster", target), at, std::string(table)));
    return fail(malformed(fmt::format("an entry points to {}, but the file ends at {}: it is cut short or damaged",
                                      target, *walk.container.size()),
                          at, std::string(table)));
}

// ---------------------------------------------------------------------------------------------------- mapping

// The last cluster of a file may be cut off; QEMU reads zeros there without a word. `guest` is where it belongs.
void check_last_cluster(const Walk &walk, std::uint64_t target, std::uint64_t guest)
{
    auto const size = walk.container.size();
    if (!size || range_inside(target, walk.header.cluster_size(), *size) || guest >= walk.header.size)
        return;
    std::uint64_t const there = *size - target;
    std::uint64_t const needed = std::min(walk.header.cluster_size(), walk.header.size - guest);
    if (there < needed && !walk.facts.hazard("truncated"))
        add_hazard(walk.facts, "truncated", HazardSeverity::warn,
                   fmt::format("the file ends in the middle of the cluster at {}: {} bytes are missing", target,
                               needed - there));
}

Result<void> check_l2_table(const Walk &walk, std::uint64_t table, std::uint64_t guest)
{
    std::uint64_t const step = walk.header.l2_entry_size();
    auto const done = for_each_piece(
        walk.container, table, walk.header.cluster_size(), "L2 table",
        [&](Bytes piece, std::uint64_t offset) -> Result<void> {
            for (std::size_t at = 0; at + step <= piece.size(); at += step) {
                auto const entry = load_be<std::uint64_t>(piece, at);
                std::uint64_t const index = (offset + at - table) / step;
                if (entry & qcow2::compressed_flag) {
                    std::uint64_t const target = qcow2::compressed_offset(entry, walk.header.cluster_bits);
                    if (walk.past_end(target))
                        return fail(malformed(fmt::format("a compressed cluster lies at {}, but the file ends at {}: "
                                                          "it is cut short or damaged",
                                                          target, *walk.container.size()),
                                              offset + at, "L2 table"));
                    continue;
                }
                std::uint64_t const target = entry & qcow2::offset_mask;
                if (target == 0)
                    continue;
                if (walk.misaligned(target) || walk.past_end(target))
                    return broken_entry(offset + at, "L2 table", target, walk);
                check_last_cluster(walk, target, guest + index * walk.header.cluster_size());
            }
            return {};
        });
    if (!done)
        return fail(done.error());
    return {};
}

// Calls `visit` with each L1 entry that points to a table: its number, its place and its target.
template <class Visitor>
Result<bool> for_each_l2_table(const Walk &walk, const Visitor &visit)
{
    std::uint64_t const start = walk.header.l1_table_offset;
    return for_each_piece(walk.container, start, std::uint64_t{walk.header.l1_size} * 8, "L1 table",
                          [&](Bytes piece, std::uint64_t offset) -> Result<void> {
                              for (std::size_t at = 0; at + 8 <= piece.size(); at += 8) {
                                  std::uint64_t const target = load_be<std::uint64_t>(piece, at) & qcow2::offset_mask;
                                  if (target == 0)
                                      continue;
                                  if (auto done = visit((offset + at - start) / 8, offset + at, target); !done)
                                      return done;
                              }
                              return {};
                          });
}

Result<void> check_mapping(const Walk &walk)
{
    std::uint64_t tables = 0;
    auto done = for_each_l2_table(walk, [&](std::uint64_t, std::uint64_t at, std::uint64_t target) -> Result<void> {
        ++tables;
        if (walk.misaligned(target) || walk.past_end(target))
            return broken_entry(at, "L1 table", target, walk);
        return check_inside(walk.container, target, walk.header.cluster_size(), at, "L1 table");
    });
    if (!done)
        return fail(done.error());
    // With an external data file the clusters are not in this one.
    if (!*done || walk.header.has(qcow2::external_data_file))
        return {};
    std::uint64_t const affordable = table_budget / walk.header.cluster_size();
    std::uint64_t const stride = (tables + affordable - 1) / affordable;
    std::uint64_t const covered = walk.header.l2_entries() * walk.header.cluster_size();
    std::uint64_t seen = 0;
    done = for_each_l2_table(walk, [&](std::uint64_t number, std::uint64_t, std::uint64_t target) -> Result<void> {
        if (seen++ % stride != 0)
            return {};
        return check_l2_table(walk, target, number * covered);
    });
    if (!done)
        return fail(done.error());
    return {};
}

// -------------------------------------------------------------------------------------------------- snapshots

Result<void> check_snapshots(const Walk &walk)
{
    Qcow2Header const &header = walk.header;
    if (header.nb_snapshots == 0)
        return {};
    if (header.nb_snapshots > most_snapshots)
        return fail(
            malformed(fmt::format("{} is more than {}", header.nb_snapshots, most_snapshots), 60, "nb_snapshots"));
    if (header.snapshots_offset == 0 || walk.misaligned(header.snapshots_offset))
        return fail(malformed(fmt::format("{} is not at a cluster", header.snapshots_offset), 64, "snapshots_offset"));
    std::uint64_t offset = header.snapshots_offset;
    for (std::uint32_t i = 0; i < header.nb_snapshots; ++i) {
        auto const entry = read_kept(walk.container, offset, 40, "snapshot table");
        if (!entry)
            return fail(entry.error());
        if (!*entry)
            return {};
        auto const l1_offset = load_be<std::uint64_t>(**entry, 0);
        auto const l1_size = load_be<std::uint32_t>(**entry, 8);
        auto const id_size = load_be<std::uint16_t>(**entry, 12);
        auto const name_size = load_be<std::uint16_t>(**entry, 14);
        auto const extra_size = load_be<std::uint32_t>(**entry, 36);
        if (walk.misaligned(l1_offset))
            return fail(
                malformed(fmt::format("the L1 table of snapshot {} at {} is not at a cluster", i + 1, l1_offset),
                          offset, "snapshot table"));
        if (auto done = check_inside(walk.container, l1_offset, std::uint64_t{l1_size} * 8, offset, "snapshot table");
            !done)
            return done;
        if (extra_size > largest_snapshot_extra)
            return fail(malformed(fmt::format("snapshot {} has {} bytes of extra data", i + 1, extra_size), offset + 36,
                                  "snapshot table"));
        std::uint64_t const length = std::uint64_t{40} + extra_size + id_size + name_size;
        // Without the padding behind the last one: QEMU does not write it, and the file may end there.
        if (auto done = check_inside(walk.container, offset, length, 64, "snapshots_offset"); !done)
            return done;
        offset += (length + 7) / 8 * 8;
    }
    return {};
}

// -------------------------------------------------------------------------------------------------- refcounts

// The end of the last cluster that a refcount block counts; nullopt where it counts none.
std::optional<std::uint64_t> end_counted_by(Bytes block, std::uint64_t first_cluster, const Qcow2Header &header)
{
    auto const last = std::find_if(block.rbegin(), block.rend(), [](std::byte b) { return b != std::byte{0}; });
    if (last == block.rend())
        return std::nullopt;
    auto const position = static_cast<std::uint64_t>(block.rend() - last) - 1;
    // Entries narrower than a byte: all of the byte's clusters are taken as used, which errs on the quiet side.
    std::uint64_t const last_entry = ((position + 1) * 8 - 1) >> header.refcount_order;
    return checked_mul(first_cluster + last_entry + 1, header.cluster_size());
}

void note_trailing_data(const Walk &walk, const std::vector<std::pair<std::uint64_t, std::uint64_t>> &last_blocks)
{
    auto const size = walk.container.size();
    if (!size)
        return;
    for (auto const &[number, offset] : last_blocks) {
        if (!walk.container.has(offset, walk.header.cluster_size()))
            return;
        auto const block = walk.container.read(offset, static_cast<std::size_t>(walk.header.cluster_size()));
        if (!block)
            return;
        std::uint64_t const per_block = walk.header.cluster_size() * 8 >> walk.header.refcount_order;
        auto const end = end_counted_by(*block, number * per_block, walk.header);
        if (!end)
            continue;
        if (*size > *end)
            add_hazard(walk.facts, "trailing-data", HazardSeverity::note,
                       fmt::format("{} bytes follow the last cluster in use", *size - *end));
        return;
    }
}

Result<void> check_refcounts(const Walk &walk)
{
    std::uint64_t const start = walk.header.refcount_table_offset;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> last_blocks;  // number and place, the last one first
    std::uint64_t damaged = 0;
    auto const done =
        for_each_piece(walk.container, start, walk.header.refcount_table_clusters * walk.header.cluster_size(),
                       "refcount table", [&](Bytes piece, std::uint64_t offset) -> Result<void> {
                           for (std::size_t at = 0; at + 8 <= piece.size(); at += 8) {
                               std::uint64_t const target = load_be<std::uint64_t>(piece, at) & ~std::uint64_t{511};
                               if (target == 0)
                                   continue;
                               if (walk.misaligned(target) || walk.past_end(target)) {
                                   ++damaged;
                                   continue;
                               }
                               last_blocks.emplace(last_blocks.begin(), (offset + at - start) / 8, target);
                               last_blocks.resize(std::min<std::size_t>(last_blocks.size(), 4));
                           }
                           return {};
                       });
    if (!done)
        return fail(done.error());
    // Nobody needs the counts to read the disk, so the image is still good for a conversion.
    if (damaged != 0 && !walk.facts.hazard("corrupt"))
        add_hazard(walk.facts, "corrupt", HazardSeverity::warn,
                   fmt::format("{} refcount block{} outside the file", damaged, damaged == 1 ? " lies" : "s lie"));
    if (*done && damaged == 0)
        note_trailing_data(walk, last_blocks);
    return {};
}

}  // namespace

Result<void> check_qcow2_tables(Container &container, const Qcow2Header &header, ImageFacts &facts)
{
    Walk const walk{container, header, facts};
    if (auto done = check_snapshots(walk); !done)
        return done;
    if (auto done = check_refcounts(walk); !done)
        return done;
    return check_mapping(walk);
}

}  // namespace imgport
