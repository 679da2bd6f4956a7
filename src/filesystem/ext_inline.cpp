#include "filesystem/ext_inline.hpp"

#include <fmt/format.h>

namespace imgport {
namespace {

constexpr std::size_t old_inode_size = 128;
constexpr std::uint32_t attribute_magic = 0xea020000;
constexpr std::size_t entry_head = 16;  // before the name
constexpr std::uint8_t system_index = 7;
constexpr std::string_view data_name = "data";

}  // namespace

Result<Bytes> inline_rest(const ExtInode &inode)
{
    auto const broken = [&](std::size_t offset) {
        return fail({ErrorCode::malformed,
                     fmt::format("the attributes inside inode {} break off", inode.number),
                     {},
                     offset,
                     "e_value_offs"});
    };
    Bytes const raw(inode.raw);
    if (raw.size() <= old_inode_size)
        return Bytes();
    std::size_t const start = old_inode_size + load_le<std::uint16_t>(raw, 0x80);  // i_extra_isize
    auto const magic = read_le<std::uint32_t>(raw, start);
    if (!magic || *magic != attribute_magic)
        return Bytes();
    Bytes const entries = raw.subspan(start + 4);  // the offsets of values count from here
    std::size_t at = 0;
    while (true) {
        auto const first = read_le<std::uint32_t>(entries, at);
        if (!first)
            return broken(start + 4 + at);
        if (*first == 0)
            return Bytes();
        if (!range_inside(at, entry_head, entries.size()))
            return broken(start + 4 + at);
        auto const name_length = static_cast<std::uint8_t>(entries[at]);
        if (!range_inside(at + entry_head, name_length, entries.size()))
            return broken(start + 4 + at);
        if (static_cast<std::uint8_t>(entries[at + 1]) == system_index &&
            text_of(entries.subspan(at + entry_head, name_length)) == data_name) {
            auto const offset = load_le<std::uint16_t>(entries, at + 2);
            auto const size = load_le<std::uint32_t>(entries, at + 8);
            if (!range_inside(offset, size, entries.size()))
                return broken(start + 4 + at);
            return entries.subspan(offset, size);
        }
        at += (entry_head + name_length + 3) / 4 * 4;
    }
}

Result<std::string> inline_content(const ExtInode &inode)
{
    auto const rest = inline_rest(inode);
    if (!rest)
        return fail(rest.error());
    std::string content(text_of(inode.block_area()));
    content += text_of(*rest);
    if (inode.size() > content.size())
        return fail(ErrorCode::malformed, fmt::format("inode {} holds {} bytes inline, and its size is {}",
                                                      inode.number, content.size(), inode.size()));
    content.resize(inode.size());
    return content;
}

}  // namespace imgport
