#include "handoff/object_proof.hpp"

#include <charconv>

#include <fmt/format.h>

#include "handoff/part_checksum.hpp"
#include "support/digest.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// "HEX-N": how many parts; 0 where it is of another shape.
std::uint64_t parts_of_etag(const std::string &etag)
{
    auto const dash = etag.find('-');
    if (dash == std::string::npos || !looks_like_md5(etag.substr(0, dash)))
        return 0;
    return parse_number(std::string_view(etag).substr(dash + 1)).value_or(0);
}

}  // namespace

ObjectMatch compare_object(const ObjectInfo &there, const ExpectedObject &wanted)
{
    if (there.size != wanted.size)
        return ObjectMatch::different;
    if (there.crc64)
        return *there.crc64 == wanted.crc64 ? ObjectMatch::same : ObjectMatch::different;
    if (wanted.oss || wanted.etag.empty() || parts_of_etag(there.etag) == 0)
        return ObjectMatch::untold;
    // In parts of another size the same bytes have another one.
    if (parts_of_etag(there.etag) != parts_of_etag(wanted.etag))
        return ObjectMatch::untold;
    return to_lower(there.etag) == wanted.etag ? ObjectMatch::same : ObjectMatch::different;
}

std::string etag_of_parts(const std::vector<std::string> &etags)
{
    std::string bytes;
    for (auto const &etag : etags) {
        if (!looks_like_md5(etag))
            return {};
        for (std::size_t at = 0; at < etag.size(); at += 2) {
            unsigned byte = 0;
            std::from_chars(etag.data() + at, etag.data() + at + 2, byte, 16);
            bytes += static_cast<char>(byte);
        }
    }
    return fmt::format("{}-{}", hex_digest("MD5", bytes_of(bytes)), etags.size());
}

}  // namespace imgport
