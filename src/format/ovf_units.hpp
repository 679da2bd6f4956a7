// The small grammars inside an OVF descriptor and beside it: units, references.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace imgport {

// "byte * 2^30", "byte*1024", "GigaBytes": DMTF DSP0004, annex C, "Programmatic Units", and the words of OVF 0.9.
std::optional<std::uint64_t> bytes_per_unit(std::string_view units);

// A reference with its percent-encoding undone; a percent sign that is not followed by two hex digits stays.
std::string decode_href(std::string_view href);

// Neither a URL nor an absolute path; what a decoded name may not be is is_safe_name()'s to say.
bool is_inside_package(std::string_view href);

}  // namespace imgport
