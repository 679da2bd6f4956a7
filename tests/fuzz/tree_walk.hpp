// Walks some of a file tree as a fuzz target does: bounded in folders, files and bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <imgport/disk.hpp>

#include "filesystem/raw_tree.hpp"
#include "support/bytes.hpp"

namespace imgport::fuzz {

class BytesDisk final : public Disk {
public:
    BytesDisk(const std::uint8_t *data, std::size_t size) : m_bytes(std::as_bytes(std::span(data, size))) {}
    std::uint64_t size() const override { return m_bytes.size(); }
    Result<void> read(std::uint64_t offset, std::span<std::byte> out) override
    {
        if (!range_inside(offset, out.size(), m_bytes.size()))
            return fail(ErrorCode::malformed, "outside the disk");
        std::copy_n(m_bytes.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
        return {};
    }

private:
    Bytes m_bytes;
};

inline void read_some(RawTree &tree, const std::string &path)
{
    auto const stream = tree.open(path);
    if (!stream)
        return;
    std::vector<std::byte> buffer(10'007);
    for (int i = 0; i < 20; ++i) {
        auto const n = (*stream)->read(buffer);
        if (!n || *n == 0)
            return;
    }
}

inline void walk_some(RawTree &tree)
{
    int files = 200;
    std::vector<std::string> folders{"/"};
    for (std::size_t i = 0; i < folders.size() && i < 20; ++i) {
        auto const entries = tree.list(folders[i]);
        if (!entries)
            continue;
        for (auto const &entry : *entries) {
            if (--files < 0)
                return;
            std::string const path = (folders[i] == "/" ? "" : folders[i]) + "/" + entry.name;
            (void)tree.lstat(path);
            if (entry.kind == FileKind::directory)
                folders.push_back(path);
            else if (entry.kind == FileKind::symlink)
                (void)tree.read_link(path);
            else if (entry.kind == FileKind::regular)
                read_some(tree, path);
        }
    }
}

}  // namespace imgport::fuzz
