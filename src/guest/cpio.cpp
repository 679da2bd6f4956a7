#include "guest/cpio.hpp"

#include <optional>

#include <fmt/format.h>

namespace imgport {
namespace {

constexpr std::size_t header_size = 110;  // magic and 13 fields of 8 hex digits
constexpr std::uint32_t max_name = 4096;  // PATH_MAX, the kernel's own bound
constexpr std::uint64_t content_limit = 64 * 1024;

std::optional<std::uint32_t> hex_field(Bytes header, std::size_t index)
{
    std::uint32_t value = 0;
    for (char const c : text_of(header.subspan(6 + 8 * index, 8))) {
        std::uint32_t digit = 0;
        if (c >= '0' && c <= '9')
            digit = static_cast<std::uint32_t>(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = static_cast<std::uint32_t>(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            digit = static_cast<std::uint32_t>(c - 'A' + 10);
        else
            return std::nullopt;
        value = value << 4 | digit;
    }
    return value;
}

tl::unexpected<Error> broken(std::uint64_t offset, std::string field, std::string message)
{
    return fail({ErrorCode::malformed, std::move(message), {}, offset, std::move(field), {}});
}

std::uint64_t padding_of(std::uint64_t length)
{
    return (4 - length % 4) % 4;
}

std::string without_prefix(std::string_view name)
{
    while (name.starts_with("./") || name.starts_with('/'))
        name.remove_prefix(name.starts_with('/') ? 1 : 2);
    return std::string(name);
}

}  // namespace

bool is_cpio(Bytes head)
{
    return begins_with(head, "070701") || begins_with(head, "070702");
}

Result<void> read_cpio(ByteReader &in, const CpioVisitor &visit, CpioBudget &budget)
{
    for (;;) {
        std::uint64_t const start = in.position();
        auto const header = in.peek(header_size);
        if (!header)
            return fail(header.error());
        if (header->size() < header_size)
            return broken(start, "c_magic", "the cpio archive ends without its trailer");
        if (!is_cpio(*header))
            return broken(start, "c_magic", "not a cpio header");
        auto const mode = hex_field(*header, 1);
        auto const file_size = hex_field(*header, 6);
        auto const name_size = hex_field(*header, 11);
        if (!mode || !file_size || !name_size)
            return broken(start, "c_filesize", "not a hexadecimal number");
        if (*name_size == 0 || *name_size > max_name)
            return broken(start, "c_namesize", fmt::format("{} bytes of name", *name_size));
        if (budget.members-- == 0)
            return broken(start, "c_magic", "too many files");

        if (auto const skipped = in.skip(header_size); !skipped)
            return skipped;
        auto const name_bytes = in.peek(*name_size);
        if (!name_bytes)
            return fail(name_bytes.error());
        std::string_view name = text_of(*name_bytes);
        if (name.size() < *name_size)
            return broken(start, "c_namesize", "the cpio archive ends inside a name");
        name = name.substr(0, name.find('\0'));
        bool const trailer = name == "TRAILER!!!";
        CpioMember const member{without_prefix(name), *mode, *file_size};
        if (auto const skipped = in.skip(*name_size + padding_of(header_size + *name_size)); !skipped)
            return skipped;
        if (trailer)
            return {};

        std::string_view content;
        if (*file_size <= content_limit) {
            auto const bytes = in.peek(*file_size);
            if (!bytes)
                return fail(bytes.error());
            content = text_of(*bytes);
        }
        if (*file_size <= content_limit && content.size() < *file_size)
            return broken(start, "c_filesize", "the cpio archive ends inside a file");
        visit(member, content);
        if (auto const skipped = in.skip(std::uint64_t{*file_size} + padding_of(*file_size)); !skipped)
            return skipped;
    }
}

}  // namespace imgport
