#include "filesystem/cached_disk.hpp"

#include <algorithm>
#include <cstring>

#include "support/bytes.hpp"

namespace imgport {

Result<const CachedDisk::Block *> CachedDisk::block(std::uint64_t number)
{
    if (auto const found = m_by_number.find(number); found != m_by_number.end()) {
        m_blocks.splice(m_blocks.begin(), m_blocks, found->second);
        return &m_blocks.front();
    }
    std::uint64_t const offset = number * block_size;
    Block fresh{number, {}};
    fresh.bytes.resize(std::min<std::uint64_t>(block_size, size() - offset));
    if (auto const read = m_disk->read(offset, fresh.bytes); !read)
        return fail(read.error());
    if (m_blocks.size() >= most_blocks) {
        m_by_number.erase(m_blocks.back().number);
        m_blocks.pop_back();
    }
    m_blocks.push_front(std::move(fresh));
    m_by_number[number] = m_blocks.begin();
    return &m_blocks.front();
}

Result<void> CachedDisk::read(std::uint64_t offset, std::span<std::byte> out)
{
    if (!range_inside(offset, out.size(), size()))
        return m_disk->read(offset, out);  // it knows best what to say
    if (out.size() > block_size)
        return m_disk->read(offset, out);
    while (!out.empty()) {
        auto const found = block(offset / block_size);
        if (!found)
            return fail(found.error());
        std::size_t const into = offset % block_size;
        std::size_t const part = std::min(out.size(), (*found)->bytes.size() - into);
        std::memcpy(out.data(), (*found)->bytes.data() + into, part);
        out = out.subspan(part);
        offset += part;
    }
    return {};
}

}  // namespace imgport
