#include "filesystem/ext_io.hpp"

#include <cstring>

#include "support/bytes.hpp"

namespace imgport {
namespace {

// An io_manager opens by name, and is handed nothing else: the source waits here while ext2fs_open2() runs.
thread_local ExtSource *being_opened = nullptr;

char channel_name[] = "volume";

ExtSource &source_of(io_channel channel)
{
    return *static_cast<ExtSource *>(channel->private_data);
}

errcode_t open_channel(const char *, int flags, io_channel *out);

errcode_t close_channel(io_channel channel)
{
    if (--channel->refcount <= 0)
        delete channel;
    return 0;
}

errcode_t set_block_size(io_channel channel, int size)
{
    channel->block_size = size;
    return 0;
}

// A negative count is one of bytes.
errcode_t read_blocks(io_channel channel, unsigned long long block, int count, void *data)
{
    auto const block_size = static_cast<std::uint64_t>(channel->block_size);
    std::uint64_t const length = count < 0 ? -std::int64_t{count} : static_cast<std::uint64_t>(count) * block_size;
    auto const offset = checked_mul<std::uint64_t>(block, block_size);
    ExtSource &source = source_of(channel);
    if (!offset || !range_inside(*offset, length, source.disk->size()))
        return EXT2_ET_SHORT_READ;
    auto const read = source.disk->read(*offset, {static_cast<std::byte *>(data), length});
    if (read)
        return 0;
    source.error = read.error();
    return EXT2_ET_SHORT_READ;
}

errcode_t read_blocks_32(io_channel channel, unsigned long block, int count, void *data)
{
    return read_blocks(channel, block, count, data);
}

errcode_t refuse_write(io_channel, unsigned long long, int, const void *)
{
    return EXT2_ET_RO_FILSYS;
}

errcode_t refuse_write_32(io_channel, unsigned long, int, const void *)
{
    return EXT2_ET_RO_FILSYS;
}

errcode_t refuse_range(io_channel, unsigned long long, unsigned long long)
{
    return EXT2_ET_RO_FILSYS;
}

errcode_t flush_nothing(io_channel)
{
    return 0;
}

struct_io_manager make_manager()
{
    struct_io_manager manager{};
    manager.magic = EXT2_ET_MAGIC_IO_MANAGER;
    manager.name = channel_name;
    manager.open = open_channel;
    manager.close = close_channel;
    manager.set_blksize = set_block_size;
    manager.read_blk = read_blocks_32;
    manager.read_blk64 = read_blocks;
    manager.write_blk = refuse_write_32;
    manager.write_blk64 = refuse_write;
    manager.write_byte = refuse_write_32;
    manager.discard = refuse_range;
    manager.zeroout = refuse_range;
    manager.flush = flush_nothing;
    return manager;
}

struct_io_manager disk_manager = make_manager();

errcode_t open_channel(const char *, int flags, io_channel *out)
{
    if ((flags & IO_FLAG_RW) != 0)
        return EXT2_ET_RO_FILSYS;
    auto channel = std::make_unique<struct_io_channel>();
    std::memset(channel.get(), 0, sizeof *channel);
    channel->magic = EXT2_ET_MAGIC_IO_CHANNEL;
    channel->manager = &disk_manager;
    channel->name = channel_name;
    channel->block_size = 1024;
    channel->refcount = 1;
    channel->private_data = being_opened;
    *out = channel.release();
    return 0;
}

}  // namespace

errcode_t open_through(ExtSource &source, int flags, ext2_filsys *out)
{
    being_opened = &source;
    errcode_t const code = ext2fs_open2(channel_name, nullptr, flags, 0, 0, &disk_manager, out);
    being_opened = nullptr;
    return code;
}

}  // namespace imgport
