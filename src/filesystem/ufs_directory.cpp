#include "filesystem/ufs_directory.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "filesystem/file_kind.hpp"

namespace imgport {
namespace {

constexpr std::size_t piece_size = 512;  // DIRBLKSIZ
constexpr std::size_t header_size = 8;
constexpr std::uint64_t most_bytes = std::uint64_t{128} << 20;
constexpr std::size_t most_remembered = std::size_t{1} << 17;  // names: some 10 MiB

constexpr std::uint8_t type_whiteout = 14;  // DT_WHT: a union mount's note that a name is gone

// The records of one piece, which begins at byte `at` of the directory. False where the visitor ended the walk.
Result<bool> each_of_piece(Bytes piece, std::uint64_t at, std::uint64_t directory,
                           const std::function<bool(const UfsName &)> &on_name)
{
    std::size_t next = 0;
    while (next < piece.size()) {
        auto const wrong = [&](std::string_view what) {
            return fail(ErrorCode::malformed, fmt::format("the record at byte {} of the directory of inode {} {}",
                                                          at + next, directory, what));
        };
        if (piece.size() - next < header_size)
            return wrong("is cut off");
        auto const inode = load_le<std::uint32_t>(piece, next);
        auto const length = load_le<std::uint16_t>(piece, next + 4);
        auto const type = load_le<std::uint8_t>(piece, next + 6);
        auto const name_length = load_le<std::uint8_t>(piece, next + 7);
        if (length < header_size || length % 4 != 0 || length > piece.size() - next)
            return wrong(fmt::format("has a length of {}", length));
        if (inode != 0 && type != type_whiteout) {
            if (name_length == 0 || header_size + name_length > length)
                return wrong(fmt::format("has a name of {} bytes in {}", name_length, length));
            auto const name = text_of(piece.subspan(next + header_size, name_length));
            if (name.find('/') != std::string_view::npos || name.find('\0') != std::string_view::npos)
                return wrong("has a name with a slash or a NUL");
            // d_type is the mode's upper four bits.
            if (name != "." && name != ".." && !on_name({name, inode, kind_of_mode(std::uint32_t{type} << 12)}))
                return false;
        }
        next += length;
    }
    return true;
}

}  // namespace

Result<void> each_ufs_name(const std::shared_ptr<const UfsVolume> &volume, const UfsInode &directory,
                           const std::function<bool(const UfsName &)> &on_name)
{
    if (directory.size > most_bytes)
        return fail(ErrorCode::unsupported,
                    fmt::format("the directory of inode {} has {} bytes", directory.number, directory.size));
    auto const stream = open_ufs_file(volume, directory);
    if (!stream)
        return fail(stream.error());
    std::vector<std::byte> block(volume->geometry().block_size);
    std::uint64_t at = 0;
    while (at < directory.size) {
        auto const got = (*stream)->read(block);
        if (!got)
            return fail(got.error());
        for (std::size_t into = 0; into < *got; into += piece_size) {
            auto const piece = Bytes(block).subspan(into, std::min(piece_size, *got - into));
            auto const more = each_of_piece(piece, at + into, directory.number, on_name);
            if (!more)
                return fail(more.error());
            if (!*more)
                return {};
        }
        at += *got;
    }
    return {};
}

Result<std::optional<std::uint32_t>> UfsDirectoryIndex::look_up(const UfsInode &directory, std::string_view name)
{
    std::optional<std::uint32_t> found;
    if (m_directory != directory.number) {
        m_directory = 0;
        m_names.clear();
        // The first of two equal names is the one that FreeBSD finds.
        auto const read = each_ufs_name(m_volume, directory, [&](const UfsName &entry) {
            if (!found && entry.name == name)
                found = entry.inode;
            if (m_names.size() <= most_remembered)
                m_names.emplace(entry.name, entry.inode);
            return !found || m_names.size() <= most_remembered;
        });
        if (!read)
            return fail(read.error());
        if (m_names.size() > most_remembered)
            m_names.clear();
        else
            m_directory = directory.number;
        return found;
    }
    if (auto const known = m_names.find(std::string(name)); known != m_names.end())
        found = known->second;
    return found;
}

}  // namespace imgport
