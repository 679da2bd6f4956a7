// The free blocks of ext2, ext3 and ext4: the kernel's Documentation/filesystems/ext4/, "Block and inode Bitmaps" and
// "Block Group Descriptors". Everything that can be checked is: the checksums of descriptors and bitmaps, that no
// bitmap calls the filesystem's own metadata free, and that each holds as many free blocks as its descriptor says.
#include <algorithm>

#include <fmt/format.h>

#include <imgport/progress.hpp>

#include "filesystem/ext_fs.hpp"
#include "filesystem/free_ranges.hpp"
#include "filesystem/free_space.hpp"
#include "format/crc32c.hpp"

namespace imgport {
namespace {

// 32 TiB in blocks of 4 KiB, or some 20 MiB of memory for where their metadata lies.
constexpr std::uint32_t most_groups = 1 << 18;

constexpr std::uint16_t block_uninit = 0x2;  // bg_flags: the bitmap was never written
constexpr std::size_t flags_at = 0x12;
constexpr std::size_t checksum_at = 0x1e;

// Read-only features that leave the meaning of bitmaps alone: sparse_super, large_file, btree_dir, huge_file,
// uninit_bg, dir_nlink, extra_isize, quota, bigalloc, metadata_csum, read-only, project, shared_blocks, verity.
constexpr std::uint32_t known_ro_compat =
    0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20 | 0x40 | 0x100 | 0x200 | 0x400 | 0x1000 | 0x2000 | 0x4000 | 0x8000;
constexpr std::uint32_t orphan_present = 0x10000;
constexpr std::uint32_t lazy_bg_or_snapshots = 0x40 | 0x80 | 0x100;  // compat: of kernels that never were the mainline

// ext4's CRC-32C goes without the inversions at its ends.
std::uint32_t ext_crc32c(std::uint32_t seed, Bytes bytes)
{
    return ~crc32c(~seed, bytes);
}

// CRC-16 with the polynomial 0x8005, bits reversed: what uninit_bg seals descriptors with.
std::uint16_t crc16(std::uint16_t crc, Bytes bytes)
{
    for (auto const byte : bytes) {
        crc = static_cast<std::uint16_t>(crc ^ static_cast<std::uint8_t>(byte));
        for (int bit = 0; bit < 8; ++bit)
            crc = static_cast<std::uint16_t>(crc >> 1 ^ ((crc & 1) != 0 ? 0xa001 : 0));
    }
    return crc;
}

// In blocks here, not in bytes.
void append(std::vector<ByteRange> &ranges, std::uint64_t block, std::uint64_t count)
{
    if (count == 0)
        return;
    if (!ranges.empty() && ranges.back().offset + ranges.back().length == block)
        ranges.back().length += count;
    else
        ranges.push_back({block, count});
}

class ExtFreeSpace {
public:
    explicit ExtFreeSpace(ExtFs &fs)
        : m_fs(fs), m_super(fs.super()), m_groups(fs.handle()->group_desc_count),
          m_descriptor_size(EXT2_DESC_SIZE(fs.handle()->super)),
          m_metadata_csum(ext2fs_has_feature_metadata_csum(fs.handle()->super) != 0),
          m_sealed(m_metadata_csum || ext2fs_has_feature_gdt_csum(fs.handle()->super) != 0)
    {}

    Result<std::vector<ByteRange>> read()
    {
        if (auto const good = check(); !good)
            return fail(good.error());
        if (auto const found = find_metadata(); !found)
            return fail(found.error());
        for (std::uint32_t group = 0; group < m_groups; ++group) {
            if (interrupted())
                return fail(ErrorCode::interrupted, "interrupted");
            if (auto const added = add_group(group); !added)
                return fail(added.error());
        }
        auto const free = m_free.take();
        // What the descriptors may grow into: marked as used wherever the filesystem has not lost it.
        auto kept = without(free, m_reserved);
        for (auto &range : kept)
            range = {range.offset * m_fs.block_size(), range.length * m_fs.block_size()};
        return kept;
    }

private:
    static tl::unexpected<Error> broken(std::string what) { return fail(ErrorCode::malformed, std::move(what)); }

    Result<void> check()
    {
        if (m_super.s_rev_level > 0) {
            auto const unknown = m_super.s_feature_ro_compat & ~known_ro_compat;
            if ((unknown & orphan_present) != 0)
                return fail(ErrorCode::unsupported, "it holds deleted files that were still open");
            if (unknown != 0)
                return fail(ErrorCode::unsupported,
                            fmt::format("the ext feature ro_compat {:#x} is not known", unknown));
            if ((m_super.s_feature_compat & lazy_bg_or_snapshots) != 0)
                return fail(ErrorCode::unsupported, "it has features that only patched kernels know");
        }
        if (m_super.s_last_orphan != 0)
            return fail(ErrorCode::unsupported, "it holds deleted files that were still open");
        if (m_groups > most_groups)
            return fail(ErrorCode::unsupported, fmt::format("it has more than {} block groups", most_groups));
        bool const clustered = ext2fs_has_feature_bigalloc(m_fs.handle()->super) != 0;
        if (clustered) {
            if (m_super.s_log_cluster_size < m_super.s_log_block_size ||
                m_super.s_log_cluster_size - m_super.s_log_block_size > 16)
                return broken(fmt::format("s_log_cluster_size is {}", m_super.s_log_cluster_size));
            m_ratio = std::uint64_t{1} << (m_super.s_log_cluster_size - m_super.s_log_block_size);
        }
        m_clusters_per_group = m_super.s_blocks_per_group / m_ratio;
        if (m_clusters_per_group == 0 || m_clusters_per_group % 8 != 0 ||
            m_clusters_per_group * m_ratio != m_super.s_blocks_per_group ||
            (clustered && m_super.s_clusters_per_group != m_clusters_per_group) ||
            m_clusters_per_group > std::uint64_t{m_fs.block_size()} * 8)
            return broken(fmt::format("s_blocks_per_group is {}", m_super.s_blocks_per_group));
        return {};
    }

    Result<void> check_descriptor(std::uint32_t group, const ExtDescriptor &descriptor) const
    {
        if (!m_sealed)
            return {};
        std::array<std::byte, 4> number{};
        store_le<std::uint32_t>(number, 0, group);
        Bytes const all(descriptor.bytes);
        Bytes const head = all.first(checksum_at);
        Bytes const tail =
            all.first(std::clamp<std::size_t>(m_descriptor_size, checksum_at + 2, all.size())).subspan(checksum_at + 2);
        std::uint16_t sum = 0;
        if (m_metadata_csum) {
            constexpr std::array<std::byte, 2> none{};
            auto wide = ext_crc32c(m_fs.handle()->csum_seed, number);
            for (Bytes const part : {head, Bytes(none), tail})
                wide = ext_crc32c(wide, part);
            sum = static_cast<std::uint16_t>(wide);
        } else {
            sum = crc16(0xffff, std::as_bytes(std::span(m_super.s_uuid)));
            sum = crc16(crc16(crc16(sum, number), head), tail);
        }
        if (sum != load_le<std::uint16_t>(descriptor.bytes, checksum_at))
            return broken(fmt::format("the checksum of the descriptor of group {} is wrong", group));
        return {};
    }

    // "Layout", "Flexible Block Groups" and "Meta Block Groups".
    void add_fixed(std::uint32_t group, std::vector<ByteRange> &fixed)
    {
        auto const *const fs = m_fs.handle();
        std::uint32_t const per_block = m_fs.block_size() / m_descriptor_size;
        std::uint64_t at = ext2fs_group_first_block2(m_fs.handle(), group);
        bool const has_super = ext2fs_bg_has_super(m_fs.handle(), group) != 0;
        if (group == 0 && m_fs.block_size() == 1024 && m_super.s_first_data_block == 0)
            append(fixed, at++, 1);  // the boot block
        if (has_super)
            append(fixed, at++, 1);
        bool const by_meta_groups = ext2fs_has_feature_meta_bg(fs->super) != 0;
        if (by_meta_groups && group / per_block >= m_super.s_first_meta_bg) {
            auto const place = group % per_block;
            if (place <= 1 || place == per_block - 1)
                append(fixed, at, 1);
        } else if (has_super) {
            std::uint64_t const blocks =
                by_meta_groups ? m_super.s_first_meta_bg : (m_groups + per_block - 1) / per_block;
            append(fixed, at, blocks);
            std::uint64_t const end = ext2fs_group_last_block2(m_fs.handle(), group) + 1;
            if (at + blocks < end)
                append(m_reserved, at + blocks,
                       std::min<std::uint64_t>(m_super.s_reserved_gdt_blocks, end - at - blocks));
        }
    }

    // Where superblocks, descriptors, bitmaps and inode tables lie: with flex_bg, anywhere.
    Result<void> find_metadata()
    {
        std::uint64_t const table_length =
            (std::uint64_t{m_super.s_inodes_per_group} * m_fs.inode_size() + m_fs.block_size() - 1) / m_fs.block_size();
        // Each kind by itself, as one of them is mostly a single run.
        std::array<std::vector<ByteRange>, 4> kinds;
        for (std::uint32_t group = 0; group < m_groups; ++group) {
            auto const descriptor = m_fs.descriptor(group);
            if (!descriptor)
                return fail(descriptor.error());
            if (auto const good = check_descriptor(group, *descriptor); !good)
                return good;
            ByteRange const places[] = {{descriptor->wide(0x0, 0x20), 1},
                                        {descriptor->wide(0x4, 0x24), 1},
                                        {descriptor->wide(0x8, 0x28), table_length}};
            for (std::size_t i = 0; i < std::size(places); ++i) {
                if (!m_fs.blocks_inside(places[i].offset, places[i].length))
                    return broken(fmt::format("the metadata of group {} is at block {}", group, places[i].offset));
                append(kinds[i], places[i].offset, places[i].length);
            }
            add_fixed(group, kinds[3]);
        }
        for (auto &kind : kinds)
            m_metadata.insert(m_metadata.end(), kind.begin(), kind.end());
        kinds = {};
        std::sort(m_metadata.begin(), m_metadata.end(),
                  [](const ByteRange &a, const ByteRange &b) { return a.offset < b.offset; });
        for (std::size_t i = 1; i < m_metadata.size(); ++i) {
            if (m_metadata[i - 1].offset + m_metadata[i - 1].length > m_metadata[i].offset)
                return broken(fmt::format("two pieces of metadata share block {}", m_metadata[i].offset));
        }
        return {};
    }

    Result<std::vector<std::byte>> read_bitmap(std::uint32_t group, const ExtDescriptor &descriptor)
    {
        std::vector<std::byte> bitmap(m_fs.block_size());
        if (auto const read = m_fs.disk()->read(descriptor.wide(0x0, 0x20) * m_fs.block_size(), bitmap); !read)
            return fail(read.error());
        if (m_metadata_csum) {
            auto const sum = ext_crc32c(m_fs.handle()->csum_seed, Bytes(bitmap).first(m_clusters_per_group / 8));
            // The upper half is there where descriptors are long enough.
            bool const wide = m_descriptor_size >= 0x3a;
            auto const stored = load_le<std::uint16_t>(descriptor.bytes, 0x18) |
                                (wide ? std::uint32_t{load_le<std::uint16_t>(descriptor.bytes, 0x38)} << 16 : 0);
            if ((wide ? sum : sum & 0xffff) != stored)
                return broken(fmt::format("the checksum of the block bitmap of group {} is wrong", group));
        }
        return bitmap;
    }

    // What of the ranges lies in [first, end), in whole units from `first` on.
    static std::vector<ByteRange> part_of(const std::vector<ByteRange> &ranges, std::uint64_t first, std::uint64_t end,
                                          std::uint64_t unit)
    {
        std::vector<ByteRange> found;
        auto next = std::partition_point(ranges.begin(), ranges.end(), [first](const ByteRange &range) {
            return range.offset + range.length <= first;
        });
        for (; next != ranges.end() && next->offset < end; ++next) {
            std::uint64_t from = std::max(next->offset, first) - first;
            std::uint64_t to = std::min(next->offset + next->length, end) - first;
            from = from / unit * unit;
            to = (to + unit - 1) / unit * unit;
            if (!found.empty() && from < found.back().offset + found.back().length)
                from = found.back().offset + found.back().length;
            if (from < to)
                append(found, from, to - from);
        }
        for (auto &range : found)
            range.offset += first;
        return found;
    }

    Result<void> add_group(std::uint32_t group)
    {
        auto const descriptor = m_fs.descriptor(group);
        if (!descriptor)
            return fail(descriptor.error());
        std::uint64_t const first = ext2fs_group_first_block2(m_fs.handle(), group);
        std::uint64_t const end = ext2fs_group_last_block2(m_fs.handle(), group) + 1;
        std::uint64_t const clusters = (end - first + m_ratio - 1) / m_ratio;
        if (clusters > m_clusters_per_group)
            return broken(fmt::format("group {} has {} clusters", group, clusters));

        std::vector<ByteRange> free;  // blocks; the last cluster may reach past the end
        if (m_sealed && (load_le<std::uint16_t>(descriptor->bytes, flags_at) & block_uninit) != 0) {
            if (group == 0)
                return broken("the block bitmap of group 0 is marked as never written");
            std::vector<ByteRange> const all{{first, clusters * m_ratio}};
            free = without(all, part_of(m_metadata, first, end, m_ratio));
            free = without(free, part_of(m_reserved, first, end, m_ratio));
        } else {
            auto const bitmap = read_bitmap(group, *descriptor);
            if (!bitmap)
                return fail(bitmap.error());
            for (std::uint64_t i = 0; i < clusters; ++i) {
                if ((static_cast<unsigned>((*bitmap)[i / 8]) >> i % 8 & 1) == 0)
                    append(free, first + i * m_ratio, m_ratio);
            }
            for (auto const &range : part_of(m_metadata, first, end, 1)) {
                std::vector<ByteRange> const one{range};
                if (without(one, free) != one)
                    return broken(
                        fmt::format("the bitmap of group {} calls the metadata at block {} free", group, range.offset));
            }
        }
        std::uint64_t count = 0;
        for (auto const &range : free) {
            count += range.length / m_ratio;
            m_free.add(range.offset, std::min(range.offset + range.length, end) - range.offset);
        }
        auto const said = load_le<std::uint16_t>(descriptor->bytes, 0xc) |
                          std::uint32_t{load_le<std::uint16_t>(descriptor->bytes, 0x2c)} << 16;
        if (count != said)
            return broken(fmt::format("{} clusters of group {} are free, its descriptor says {}", count, group, said));
        return {};
    }

    ExtFs &m_fs;
    const ext2_super_block &m_super;
    std::uint32_t m_groups;
    std::uint32_t m_descriptor_size;
    bool m_metadata_csum;
    bool m_sealed;              // descriptors have checksums, and then flags
    std::uint64_t m_ratio = 1;  // blocks of a cluster
    std::uint64_t m_clusters_per_group = 0;
    std::vector<ByteRange> m_metadata;
    std::vector<ByteRange> m_reserved;
    FreeRanges m_free;
};

}  // namespace

Result<std::vector<ByteRange>> ext_free_space(const std::shared_ptr<Disk> &volume)
{
    auto const fs = ExtFs::open(volume);
    if (!fs)
        return fail(fs.error());
    return ExtFreeSpace(**fs).read();
}

}  // namespace imgport
