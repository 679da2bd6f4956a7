// The names of FAT's directory entries as Linux' vfat driver shows them when it is mounted with "utf8", the code page
// 437 and shortname=mixed, which are its defaults.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "support/bytes.hpp"

namespace imgport {

// The name out of a directory entry of 32 bytes, lower case where its two flags of Windows NT say so. Empty where it
// has none.
std::string fat_short_name(Bytes entry);

// The sum of a short name's 11 bytes that each piece of its long name has ("Long Directory Entries": ChkSum).
std::uint8_t fat_name_sum(Bytes entry);

// UTF-16 up to the first NUL, as UTF-8; half surrogates are left out.
std::string fat_long_name(std::span<const std::uint16_t> text);

// Whether a file of that name is meant: the case of ASCII letters does not matter.
bool fat_names_equal(std::string_view a, std::string_view b);

}  // namespace imgport
