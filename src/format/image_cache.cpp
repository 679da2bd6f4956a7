#include "format/image_cache.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "format/container.hpp"

namespace imgport {

Result<Bytes> ImageCache::page(const InputFile &file, std::uint64_t number)
{
    // The descriptor keeps the files of a chain, whose tables begin alike, out of each other's way.
    Page &slot = m_pages[(number + static_cast<std::uint64_t>(file.fd()) * 37) % pages];
    if (slot.file == &file && slot.number == number)
        return Bytes(slot.bytes);
    slot.file = nullptr;
    std::uint64_t const start = number * page_size;
    std::uint64_t const there = start < file.size() ? file.size() - start : 0;
    slot.bytes.resize(static_cast<std::size_t>(std::min(there, page_size)));
    if (auto done = file.read(std::min(start, file.size()), slot.bytes); !done)
        return fail(done.error());
    slot.file = &file;
    slot.number = number;
    return Bytes(slot.bytes);
}

Result<void> ImageCache::read_table(const InputFile &file, std::uint64_t offset, std::span<std::byte> out,
                                    std::string_view field)
{
    while (!out.empty()) {
        auto const found = page(file, offset / page_size);
        if (!found)
            return fail(found.error());
        std::size_t const into = offset % page_size;
        if (into >= found->size()) {
            Error error = malformed(fmt::format("the file ends at {} bytes, more were expected here", file.size()),
                                    offset, std::string(field));
            error.file = file.path();
            return fail(std::move(error));
        }
        std::size_t const part = std::min(out.size(), found->size() - into);
        std::memcpy(out.data(), found->data() + into, part);
        out = out.subspan(part);
        offset += part;
    }
    return {};
}

const std::vector<std::byte> *ImageCache::unpacked(const InputFile &file, std::uint64_t offset)
{
    auto const found = std::find_if(m_unpacked.begin(), m_unpacked.end(),
                                    [&](const Unpacked &one) { return one.offset == offset && one.file == &file; });
    if (found == m_unpacked.end())
        return nullptr;
    m_unpacked.splice(m_unpacked.begin(), m_unpacked, found);
    return &found->bytes;
}

const std::vector<std::byte> &ImageCache::keep_unpacked(const InputFile &file, std::uint64_t offset,
                                                        std::vector<std::byte> bytes)
{
    while (!m_unpacked.empty() &&
           (m_unpacked.size() >= most_unpacked || m_unpacked_bytes + bytes.size() > most_unpacked_bytes)) {
        m_unpacked_bytes -= m_unpacked.back().bytes.size();
        m_unpacked.pop_back();
    }
    m_unpacked_bytes += bytes.size();
    m_unpacked.push_front({&file, offset, std::move(bytes)});
    return m_unpacked.front().bytes;
}

}  // namespace imgport
