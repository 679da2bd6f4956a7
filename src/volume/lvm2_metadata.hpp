// LVM2's text metadata, taken apart: nested sections of numbers, strings and lists. The grammar is that of
// lvm.conf(5) and vgcfgbackup's files.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <imgport/error.hpp>

namespace imgport {

struct Lvm2Section;

using Lvm2Scalar = std::variant<std::int64_t, std::string>;
using Lvm2List = std::vector<Lvm2Scalar>;
using Lvm2Value = std::variant<Lvm2Scalar, Lvm2List, std::unique_ptr<Lvm2Section>>;

struct Lvm2Section {
    std::map<std::string, Lvm2Value, std::less<>> values = {};

    // nullptr or nullopt where there is no such value, or one of another kind.
    const Lvm2Section *section(std::string_view name) const;
    std::optional<std::uint64_t> number(std::string_view name) const;  // negative ones are of another kind
    const std::string *text(std::string_view name) const;
    const Lvm2List *list(std::string_view name) const;
    // Whether the list `name` holds the string `word`: ["READ", "VISIBLE"].
    bool flag(std::string_view name, std::string_view word) const;
};

// Errors (malformed) name the offset in `text`. It ends at its first NUL; a name that occurs twice in its section, or
// sections deeper than LVM2 makes them, are errors.
Result<Lvm2Section> parse_lvm2_metadata(std::string_view text);

}  // namespace imgport
