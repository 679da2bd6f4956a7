// A btrfs volume with changes in it whose checksums are right nevertheless.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <imgport/disk.hpp>

#include "format/crc32c.hpp"
#include "support/bytes.hpp"

namespace imgport::testing {

// Whole tree nodes and the superblock get the CRC-32C of what they hold as they are read. `node_size` is the volume's.
class ResealedBtrfs final : public Disk {
public:
    ResealedBtrfs(std::shared_ptr<Disk> base, std::size_t node_size) : m_base(std::move(base)), m_node_size(node_size)
    {
        std::array<std::byte, 48> head{};
        if (m_base->size() >= superblock_at + head.size() && m_base->read(superblock_at, head))
            std::copy_n(head.begin() + 32, m_fsid.size(), m_fsid.begin());
    }

    std::uint64_t size() const override { return m_base->size(); }

    Result<void> read(std::uint64_t offset, std::span<std::byte> out) override
    {
        if (auto const done = m_base->read(offset, out); !done)
            return done;
        for (auto const &[at, byte] : m_changes) {
            if (at >= offset && at - offset < out.size())
                out[at - offset] = byte;
        }
        bool const is_node = out.size() == m_node_size && std::equal(m_fsid.begin(), m_fsid.end(), out.begin() + 32);
        if (is_node || (offset == superblock_at && out.size() == 4096))
            store_le<std::uint32_t>(out, 0, crc32c(0, Bytes(out).subspan(32)));
        return {};
    }

    template <class T>
    void change(std::uint64_t offset, T value)
    {
        std::array<std::byte, sizeof(T)> bytes;
        store_le<T>(bytes, 0, value);
        for (std::size_t i = 0; i < bytes.size(); ++i)
            m_changes[offset + i] = bytes[i];
    }

    static constexpr std::uint64_t superblock_at = 64 * 1024;

private:
    std::shared_ptr<Disk> m_base;
    std::size_t m_node_size;
    std::array<std::byte, 16> m_fsid{};
    std::map<std::uint64_t, std::byte> m_changes;
};

}  // namespace imgport::testing
