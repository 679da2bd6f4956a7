#include "filesystem/btrfs_directory.hpp"

#include <fmt/format.h>

#include "filesystem/file_kind.hpp"
#include "format/crc32c.hpp"

namespace imgport::btrfs {
namespace {

constexpr std::size_t entry_header = 30;
// Bit 7 of an entry's type: the name is encrypted (fscrypt).
constexpr std::uint8_t type_encrypted = 0x80;

struct Entry {
    Key location;
    std::uint8_t type = 0;
    std::string_view name;
    std::size_t size = 0;  // bytes in its item
};

tl::unexpected<Error> broken(std::uint64_t directory, std::string what)
{
    return fail(ErrorCode::malformed, fmt::format("the directory of inode {} is damaged: {}", directory, what));
}

Result<Entry> parse_entry(std::uint64_t directory, Bytes bytes)
{
    if (bytes.size() < entry_header)
        return broken(directory, "an entry ends in the middle");
    std::size_t const data_size = load_le<std::uint16_t>(bytes, 25);
    std::size_t const name_size = load_le<std::uint16_t>(bytes, 27);
    Entry entry{load_key(bytes, 0), load_le<std::uint8_t>(bytes, 29), {}, entry_header + name_size + data_size};
    if (name_size == 0 || name_size > longest_name || entry.size > bytes.size())
        return broken(directory, fmt::format("a name has {} bytes", name_size));
    if ((entry.type & type_encrypted) != 0)
        return fail(ErrorCode::unsupported, fmt::format("the directory of inode {} is encrypted", directory));
    entry.name = text_of(bytes.subspan(entry_header, name_size));
    if (entry.name == "." || entry.name == ".." ||
        entry.name.find_first_of(std::string_view("/\0", 2)) != entry.name.npos)
        return broken(directory, "a name is none that a file can have");
    return entry;
}

// CRC-32C that begins with ~1 and is not inverted in the end.
std::uint32_t name_hash(std::string_view name)
{
    return ~crc32c(1, bytes_of(name));
}

}  // namespace

Result<std::optional<Key>> find_entry(Cursor cursor, std::uint64_t directory, std::string_view name)
{
    if (name.empty() || name.size() > longest_name)
        return std::optional<Key>();
    auto const found = cursor.seek_exactly({directory, dir_item_key, name_hash(name)});
    if (!found)
        return fail(found.error());
    if (!*found)
        return std::optional<Key>();
    // Names of one hash share an item.
    for (Bytes rest = cursor.data(); !rest.empty();) {
        auto const entry = parse_entry(directory, rest);
        if (!entry)
            return fail(entry.error());
        if (entry->name == name)
            return std::optional(entry->location);
        rest = rest.subspan(entry->size);
    }
    return std::optional<Key>();
}

Result<std::vector<DirectoryEntry>> list_entries(Cursor cursor, std::uint64_t directory)
{
    std::vector<DirectoryEntry> entries;
    auto found = cursor.seek({directory, dir_index_key, 0});
    while (found && *found && cursor.key().objectid == directory && cursor.key().type == dir_index_key) {
        auto const entry = parse_entry(directory, cursor.data());
        if (!entry)
            return fail(entry.error());
        auto const kind = kind_of_type(entry->type);
        if (!kind)
            return broken(directory, fmt::format("the type of an entry is {}", entry->type));
        entries.push_back({std::string(entry->name), *kind});
        found = cursor.next();
    }
    if (!found)
        return fail(found.error());
    return entries;
}

}  // namespace imgport::btrfs
