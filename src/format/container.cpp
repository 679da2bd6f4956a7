#include "format/container.hpp"

#include "format/file_container.hpp"
#include "support/bytes.hpp"

namespace imgport {

bool FileView::has(std::uint64_t offset, std::uint64_t length) const
{
    return range_inside(offset, length, m_file.size());
}

Result<std::vector<std::byte>> FileView::read(std::uint64_t offset, std::size_t length)
{
    // Asked before the buffer is made: a length out of a header must not become an allocation.
    if (!has(offset, length))
        return fail(malformed("the file ends before it", offset, ""));
    std::vector<std::byte> out(length);
    if (auto done = m_file.read(offset, out); !done)
        return fail(done.error());
    return out;
}

void set_error(ImageFacts &facts, const Error &error)
{
    Error without_path = error;
    without_path.file.clear();
    facts.error = ImageError{to_string(error.code), describe(without_path)};
}

Error malformed(std::string message, std::optional<std::uint64_t> offset, std::string field)
{
    Error error{ErrorCode::malformed, std::move(message)};
    error.offset = offset;
    error.field = std::move(field);
    return error;
}

void add_hazard(ImageFacts &facts, std::string id, HazardSeverity severity, std::string message)
{
    facts.hazards.push_back({std::move(id), severity, std::move(message)});
}

}  // namespace imgport
