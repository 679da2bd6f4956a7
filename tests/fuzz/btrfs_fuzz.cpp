// The btrfs reader on a volume whose checksums are right, whatever else it holds: mutations get past them.
//
// The input is the blocks that are not all zero: for each its number (32 bits, little-endian) and its 4096 bytes.
// The node size is 4096 bytes too, as `mkfs.btrfs --mixed -n 4096 -m single` makes it.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "filesystem/btrfs_tree.hpp"
#include "support/bytes.hpp"
#include "testing/btrfs_disks.hpp"

namespace {

using namespace imgport;

constexpr std::size_t block_size = 4096;
constexpr std::size_t record_size = 4 + block_size;
constexpr std::uint64_t volume_size = std::uint64_t{32} << 20;

class BlockDisk final : public Disk {
public:
    explicit BlockDisk(Bytes input)
    {
        for (; input.size() > 4; input = input.subspan(std::min(input.size(), record_size)))
            m_blocks[load_le<std::uint32_t>(input, 0)] = input.subspan(4, std::min(input.size() - 4, block_size));
    }
    std::uint64_t size() const override { return volume_size; }
    Result<void> read(std::uint64_t offset, std::span<std::byte> out) override
    {
        if (!range_inside(offset, out.size(), size()))
            __builtin_trap();  // the reader is to check that
        for (std::size_t done = 0; done < out.size();) {
            std::uint64_t const at = offset + done;
            std::size_t const into = at % block_size;
            auto const part = out.subspan(done, std::min(out.size() - done, block_size - into));
            std::fill(part.begin(), part.end(), std::byte{0});
            auto const block = m_blocks.find(static_cast<std::uint32_t>(at / block_size));
            if (block != m_blocks.end() && block->second.size() > into) {
                auto const bytes = block->second.subspan(into);
                std::copy_n(bytes.begin(), std::min(bytes.size(), part.size()), part.begin());
            }
            done += part.size();
        }
        return {};
    }

private:
    std::map<std::uint32_t, Bytes> m_blocks;
};

// A part of the tree, bounded.
class Visitor {
public:
    explicit Visitor(InodeReader &reader) : m_reader(reader) {}

    void visit(InodeId id, int depth)
    {
        if (m_left-- <= 0 || depth > 6)
            return;
        auto const stat = m_reader.stat(id);
        (void)m_reader.flags(id);
        if (!stat)
            return;
        if (stat->kind == FileKind::symlink)
            (void)m_reader.read_link(id);
        if (stat->kind == FileKind::regular)
            read(id);
        if (stat->kind != FileKind::directory)
            return;
        auto const entries = m_reader.list(id);
        for (std::size_t i = 0; entries && i < entries->size() && i < 50; ++i) {
            auto const found = m_reader.look_up(id, (*entries)[i].name);
            if (found && *found)
                visit(**found, depth + 1);
        }
    }

private:
    void read(InodeId id)
    {
        auto const stream = m_reader.open(id);
        std::vector<std::byte> piece(50000);
        for (int i = 0; stream && i < 20; ++i) {
            auto const got = (*stream)->read(piece);
            if (!got || *got == 0)
                return;
            if (*got > piece.size())
                __builtin_trap();
        }
    }

    InodeReader &m_reader;
    int m_left = 100;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    auto const disk = std::make_shared<testing::ResealedBtrfs>(
        std::make_shared<BlockDisk>(std::as_bytes(std::span(data, size))), block_size);
    (void)btrfs_subvolumes(disk);
    for (std::string const subvolume : {"", "/"}) {
        if (auto const reader = open_btrfs(disk, subvolume))
            Visitor(**reader).visit((*reader)->root(), 0);
    }
    return 0;
}
