#include "filesystem/xfs_directory.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace imgport {
namespace {

constexpr XfsSeal data_seal{.checksum = 4, .block = 8, .uuid = 24, .owner = 40};
constexpr std::uint64_t index_byte = std::uint64_t{32} << 30;
constexpr std::uint64_t free_byte = std::uint64_t{64} << 30;

}  // namespace

Error XfsDirectory::broken(std::uint64_t at, std::string_view problem) const
{
    return {ErrorCode::malformed, fmt::format("the directory of inode {} at byte {}: {}", m_inode.number, at, problem)};
}

std::uint64_t XfsDirectory::blocks_each() const
{
    return m_volume->geometry().directory_block_size / m_volume->geometry().block_size;
}
std::uint64_t XfsDirectory::index_begin() const
{
    return index_byte / m_volume->geometry().block_size;
}
std::uint64_t XfsDirectory::index_end() const
{
    return free_byte / m_volume->geometry().block_size;
}

Result<XfsDirectory> XfsDirectory::open(std::shared_ptr<const XfsVolume> volume, XfsInode inode)
{
    XfsDirectory directory(volume, std::move(inode));
    XfsInode &own = directory.m_inode;
    if (own.format == XfsFork::local) {
        if (own.size > own.fork.size())
            return fail(directory.broken(own.at, fmt::format("di_size is {}", own.size)));
        own.fork.resize(own.size);
        return directory;
    }
    auto extents = XfsExtents::of(std::move(volume), own);
    if (!extents)
        return fail(extents.error());
    directory.m_extents = std::move(*extents);
    return directory;
}

Result<XfsDirectory::Block> XfsDirectory::read_block(std::uint64_t offset, const XfsSeal &seal)
{
    auto const &geometry = m_volume->geometry();
    Block block;
    block.bytes.resize(geometry.directory_block_size);
    // It may lie in several pieces.
    std::uint64_t const end = offset + blocks_each();
    for (std::uint64_t next = offset; next < end;) {
        auto const run = m_extents->find(next);
        if (!run)
            return fail(run.error());
        if (!run->at)
            return fail(broken(m_inode.at, fmt::format("there is a hole at block {}", next)));
        std::uint64_t const at = *run->at + (next - run->offset) * geometry.block_size;
        std::uint64_t const count = std::min(end, run->offset + run->count) - next;
        auto const part =
            std::span(block.bytes).subspan((next - offset) * geometry.block_size, count * geometry.block_size);
        if (auto const read = m_volume->disk()->read(at, part); !read)
            return fail(read.error());
        if (next == offset)
            block.at = at;
        next += count;
    }
    auto const good = m_volume->check_seal(block.bytes, seal, block.at, m_inode.number, "a directory block");
    if (!good)
        return fail(good.error());
    return block;
}

Result<XfsDirectory::KeptBlock> XfsDirectory::kept_block(std::uint64_t offset, const XfsSeal &seal)
{
    if (auto const kept = m_kept.find(offset); kept != m_kept.end())
        return kept->second;
    auto block = read_block(offset, seal);
    if (!block)
        return fail(block.error());
    if (m_kept.size() >= most_kept / m_volume->geometry().directory_block_size)
        m_kept.clear();
    return m_kept[offset] = std::make_shared<const Block>(std::move(*block));
}

Result<XfsDirectory::KeptBlock> XfsDirectory::data_block(std::uint64_t offset)
{
    return kept_block(offset, data_seal);
}

Result<std::optional<std::uint64_t>> XfsDirectory::look_up(std::string_view name)
{
    std::optional<std::uint64_t> found;
    auto const compare = [&](const XfsEntry &entry) -> Result<bool> {
        if (entry.name == name)
            found = entry.inode;
        return !found;
    };
    if (!m_extents) {
        auto const done = visit_short_form(m_inode.fork, m_volume->geometry().file_types, compare);
        if (!done)
            return fail(broken(m_inode.at, done.error().message));
        return found;
    }
    // The first block, which is always there, tells the form.
    auto const first = data_block(0);
    if (!first)
        return fail(first.error());
    auto const data = XfsDataBlock::of((*first)->bytes, m_volume->geometry());
    if (!data)
        return fail(broken((*first)->at, data.error().message));
    if (data->form() == XfsDirectoryForm::data)
        return look_up_by_hash(name);
    auto const done = data->visit(compare);
    if (!done)
        return fail(broken((*first)->at, done.error().message));
    return found;
}

Result<void> XfsDirectory::visit(const XfsEntryVisitor &visit)
{
    auto const all_but_dots = [&](const XfsEntry &entry) -> Result<bool> {
        return entry.name == "." || entry.name == ".." ? true : visit(entry);
    };
    if (!m_extents) {
        auto const done = visit_short_form(m_inode.fork, m_volume->geometry().file_types, all_but_dots);
        return done ? Result<void>() : fail(broken(m_inode.at, done.error().message));
    }
    std::uint64_t bytes = 0;
    for (std::uint64_t offset = 0; offset < index_begin();) {
        auto const run = m_extents->find(offset);
        if (!run)
            return fail(run.error());
        if (!run->at) {
            // Blocks whose entries are all gone. Whole directory blocks only: a part of one is an error below.
            std::uint64_t const end = (run->offset + run->count) / blocks_each() * blocks_each();
            if (end > offset) {
                offset = end;
                continue;
            }
        }
        auto const block = read_block(offset, data_seal);
        if (!block)
            return fail(block.error());
        bytes += block->bytes.size();
        if (bytes > most_bytes)
            return fail(ErrorCode::unsupported,
                        fmt::format("a directory of more than {} MiB (inode {})", most_bytes >> 20, m_inode.number));
        auto const data = XfsDataBlock::of(block->bytes, m_volume->geometry());
        auto const done = data ? data->visit(all_but_dots) : fail(data.error());
        if (!done)
            return fail(broken(block->at, done.error().message));
        if (data->form() == XfsDirectoryForm::block)
            return {};
        offset += blocks_each();
    }
    return {};
}

}  // namespace imgport
