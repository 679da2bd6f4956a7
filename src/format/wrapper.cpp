#include "format/wrapper.hpp"

#include <algorithm>
#include <string_view>

#include "format/archive.hpp"
#include "format/gzip_stream.hpp"
#include "format/xz_stream.hpp"

namespace imgport {
namespace {

using namespace std::string_view_literals;

// "BZh", the level, then the magic of a block or of the end of the stream.
bool is_bzip2(Bytes head)
{
    return head.size() >= 10 && begins_with(head, "BZh") && text_of(head)[3] >= '1' && text_of(head)[3] <= '9' &&
           (begins_with(head.subspan(4), "1AY&SY"sv) || begins_with(head.subspan(4), "\x17\x72\x45\x38\x50\x90"sv));
}

// The magic alone ("ustar" at 257) is missing from old archives; the checksum of the header is in all of them.
// POSIX.1-2017, pax, "ustar Interchange Format": chksum is the sum of the header's bytes, its own field as blanks.
bool is_tar(Bytes head)
{
    constexpr std::size_t header_size = 512;
    constexpr std::size_t checksum_at = 148;
    constexpr std::size_t checksum_size = 8;
    if (head.size() < header_size || head[0] == std::byte{0})
        return false;
    std::uint64_t expected = 0;
    std::size_t digits = 0;
    std::string_view field = text_of(head.subspan(checksum_at, checksum_size));
    field.remove_prefix(std::min(field.find_first_not_of(' '), field.size()));
    for (; digits < field.size() && field[digits] >= '0' && field[digits] <= '7'; ++digits)
        expected = expected * 8 + static_cast<std::uint64_t>(field[digits] - '0');
    if (digits == 0)
        return false;
    std::uint64_t sum = 0;
    std::int64_t signed_sum = 0;  // what some old writers computed
    for (std::size_t i = 0; i < header_size; ++i) {
        bool const inside = i >= checksum_at && i < checksum_at + checksum_size;
        auto const value = inside ? std::uint8_t{' '} : static_cast<std::uint8_t>(head[i]);
        sum += value;
        signed_sum += static_cast<std::int8_t>(value);
    }
    return sum == expected || signed_sum == static_cast<std::int64_t>(expected);
}

}  // namespace

const char *to_string(Wrapper wrapper)
{
    switch (wrapper) {
    case Wrapper::gzip: return "gzip";
    case Wrapper::bzip2: return "bzip2";
    case Wrapper::xz: return "xz";
    case Wrapper::zstd: return "zstd";
    case Wrapper::zip: return "zip";
    case Wrapper::tar: return "tar";
    case Wrapper::seven_zip: return "7z";
    case Wrapper::rar: return "rar";
    case Wrapper::lz4: return "lz4";
    case Wrapper::lzip: return "lzip";
    }
    return "";
}

std::optional<Wrapper> wrapper_of(Bytes head)
{
    if (begins_with(head, "\x1f\x8b\x08"sv))
        return Wrapper::gzip;
    if (is_bzip2(head))
        return Wrapper::bzip2;
    if (begins_with(head, "\xfd\x37\x7a\x58\x5a\x00"sv))
        return Wrapper::xz;
    if (begins_with(head, "\x28\xb5\x2f\xfd"sv))
        return Wrapper::zstd;
    if (begins_with(head, "PK\x03\x04"sv) || begins_with(head, "PK\x05\x06"sv))
        return Wrapper::zip;
    if (begins_with(head, "7z\xbc\xaf\x27\x1c"sv))
        return Wrapper::seven_zip;
    if (begins_with(head, "Rar!\x1a\x07"sv))
        return Wrapper::rar;
    if (begins_with(head, "\x04\x22\x4d\x18"sv))
        return Wrapper::lz4;
    if (begins_with(head, "LZIP\x01"sv))
        return Wrapper::lzip;
    if (is_tar(head))
        return Wrapper::tar;
    return std::nullopt;
}

bool is_archive(Wrapper wrapper)
{
    return wrapper == Wrapper::zip || wrapper == Wrapper::tar || wrapper == Wrapper::seven_zip ||
           wrapper == Wrapper::rar;
}

bool may_begin_a_dmg(Wrapper wrapper)
{
    return wrapper == Wrapper::bzip2 || wrapper == Wrapper::xz;
}

bool is_supported(Wrapper wrapper)
{
    return wrapper != Wrapper::seven_zip && wrapper != Wrapper::rar && wrapper != Wrapper::lz4 &&
           wrapper != Wrapper::lzip;
}

Result<std::unique_ptr<ByteStream>> open_compressed(Wrapper wrapper, ByteStream &base)
{
    switch (wrapper) {
    case Wrapper::gzip: return open_gzip(base);
    case Wrapper::xz: return open_xz(base);
    default: return open_filtered(wrapper, base);
    }
}

}  // namespace imgport
