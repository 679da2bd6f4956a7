// An ext volume: opened, walked a little, read a little.
#include <array>

#include "filesystem/cached_disk.hpp"
#include "filesystem/ext_tree.hpp"
#include "testing/disks.hpp"

namespace {

using namespace imgport;

constexpr std::size_t largest_volume = 4 << 20;

class Walk {
public:
    explicit Walk(InodeReader &reader) : m_reader(reader) {}

    void directory(InodeId inode, int depth)
    {
        auto const entries = m_reader.list(inode);
        (void)m_reader.look_up(inode, "no such name");
        if (!entries)
            return;
        for (auto const &entry : *entries) {
            if (m_steps-- <= 0)
                return;
            auto const child = m_reader.look_up(inode, entry.name);
            if (child && *child)
                file(**child, depth);
        }
    }

private:
    void file(InodeId inode, int depth)
    {
        auto const status = m_reader.stat(inode);
        if (!status)
            return;
        (void)m_reader.flags(inode);
        if (status->kind == FileKind::symlink)
            (void)m_reader.read_link(inode);
        if (status->kind == FileKind::directory && depth > 0)
            directory(inode, depth - 1);
        if (status->kind == FileKind::regular)
            content(inode);
    }

    void content(InodeId inode)
    {
        auto const stream = m_reader.open(inode);
        std::array<std::byte, 65536> buffer{};
        for (int i = 0; stream && i < 32; ++i) {
            auto const read = (*stream)->read(buffer);
            if (!read || *read == 0)
                return;
        }
    }

    InodeReader &m_reader;
    int m_steps = 200;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    if (size == 0 || size > largest_volume)
        return 0;
    auto disk = std::make_shared<testing::MemoryDisk>(size);
    disk->put(0, {reinterpret_cast<const char *>(data), size});
    auto const opened = open_ext(std::make_shared<CachedDisk>(disk));
    if (opened)
        Walk(*opened->reader).directory(opened->reader->root(), 4);
    return 0;
}
