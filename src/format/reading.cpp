#include "format/reading.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t piece_size = 1 << 20;

void append_utf8(std::string &out, std::uint32_t c)
{
    auto const put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xc0 | c >> 6);
        put(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        put(0xe0 | c >> 12);
        put(0x80 | (c >> 6 & 0x3f));
        put(0x80 | (c & 0x3f));
    } else {
        put(0xf0 | c >> 18);
        put(0x80 | (c >> 12 & 0x3f));
        put(0x80 | (c >> 6 & 0x3f));
        put(0x80 | (c & 0x3f));
    }
}

// RFC 2781, section 2.2.
std::string utf8_from_utf16(Bytes text, std::uint16_t (*unit_at)(Bytes, std::size_t))
{
    std::string out;
    for (std::size_t at = 0; at + 2 <= text.size(); at += 2) {
        std::uint32_t const unit = unit_at(text, at);
        if (unit == 0)
            break;
        bool const high = unit >= 0xd800 && unit < 0xdc00;
        std::uint32_t const next = high && at + 4 <= text.size() ? unit_at(text, at + 2) : 0;
        if (next >= 0xdc00 && next < 0xe000) {
            append_utf8(out, 0x10000 + ((unit - 0xd800) << 10) + (next - 0xdc00));
            at += 2;
        } else {
            append_utf8(out, unit >= 0xd800 && unit < 0xe000 ? 0xfffd : unit);
        }
    }
    return out;
}

}  // namespace

Result<std::optional<std::vector<std::byte>>> read_kept(Container &container, std::uint64_t offset,
                                                        std::uint64_t length, std::string_view field)
{
    auto const size = container.size();
    if (size && !range_inside(offset, length, *size))
        return fail(malformed(fmt::format("the file ends at {} bytes, {} were expected here", *size, length), offset,
                              std::string(field)));
    if (!container.has(offset, length))
        return std::optional<std::vector<std::byte>>{};
    auto bytes = container.read(offset, static_cast<std::size_t>(length));
    if (!bytes) {
        Error error = bytes.error();
        error.field = field;
        return fail(std::move(error));
    }
    return std::optional(std::move(*bytes));
}

Result<std::vector<std::byte>> read_header(Container &container, std::uint64_t offset, std::size_t length,
                                           std::string_view field)
{
    auto bytes = read_kept(container, offset, length, field);
    if (!bytes)
        return fail(bytes.error());
    if (!*bytes) {
        Error error{ErrorCode::unreadable, "the stream was not read this far"};
        error.offset = offset;
        error.field = field;
        return fail(std::move(error));
    }
    return std::move(**bytes);
}

std::vector<std::byte> read_head(Container &container, std::size_t length)
{
    std::size_t available = length;
    if (auto const size = container.size())
        available = static_cast<std::size_t>(std::min<std::uint64_t>(length, *size));
    // A stream of unknown size kept some head: halve until it fits.
    while (available > 0 && !container.has(0, available))
        available /= 2;
    auto bytes = container.read(0, available);
    return bytes ? std::move(*bytes) : std::vector<std::byte>{};
}

Result<void> check_inside(const Container &container, std::uint64_t offset, std::uint64_t length,
                          std::uint64_t field_offset, std::string_view field)
{
    auto const size = container.size();
    if (!size || range_inside(offset, length, *size))
        return {};
    return fail(malformed(fmt::format("it points to {} bytes at {}, but the file ends at {}", length, offset, *size),
                          field_offset, std::string(field)));
}

Result<bool> for_each_piece(Container &container, std::uint64_t offset, std::uint64_t length, std::string_view field,
                            const PieceVisitor &visit)
{
    while (length > 0) {
        std::uint64_t const part = std::min<std::uint64_t>(length, piece_size);
        auto const bytes = read_kept(container, offset, part, field);
        if (!bytes)
            return fail(bytes.error());
        if (!*bytes)
            return false;
        if (auto done = visit(**bytes, offset); !done)
            return fail(done.error());
        offset += part;
        length -= part;
    }
    return true;
}

void set_virtual_size(ImageFacts &facts, std::uint64_t size)
{
    facts.virtual_size = size;
    if (size > largest_sane_disk)
        add_hazard(facts, "absurd-size", HazardSeverity::refuse,
                   fmt::format("the header asks for a disk of {} bytes; no hypervisor makes more than {}", size,
                               human_size(largest_sane_disk)));
}

bool is_plain_name(std::string_view name)
{
    return !name.empty() && name.size() <= 255 && name != "." && name != ".." &&
           name.find_first_of(std::string_view("/\\\0", 3)) == std::string_view::npos;
}

std::string quoted(std::string_view name)
{
    return fmt::format("'{}'", printable(name, 256));
}

void add_backing_hazard(ImageFacts &facts, const std::string &name, const AllowedFiles &allowed)
{
    bool const plain = is_plain_name(name);
    bool const named = std::find(allowed.backing.begin(), allowed.backing.end(), name) != allowed.backing.end();
    if (plain && named)
        add_hazard(facts, "backing-file", HazardSeverity::note,
                   fmt::format("reads from the backing file {}, as allowed", quoted(name)));
    else if (plain)
        add_hazard(facts, "backing-file", HazardSeverity::refuse,
                   fmt::format("needs the backing file {}; if it is yours and lies in the same folder: "
                               "--allow-backing {}",
                               quoted(name), printable(name, 256)));
    else
        add_hazard(facts, "backing-file", HazardSeverity::refuse,
                   fmt::format("needs the backing file {}, which is no plain name in its own folder; merge it first "
                               "where the image was made",
                               quoted(name)));
}

std::string utf8_from_utf16be(Bytes text)
{
    return utf8_from_utf16(text, [](Bytes bytes, std::size_t at) { return load_be<std::uint16_t>(bytes, at); });
}

std::string utf8_from_utf16le(Bytes text)
{
    return utf8_from_utf16(text, [](Bytes bytes, std::size_t at) { return load_le<std::uint16_t>(bytes, at); });
}

}  // namespace imgport
