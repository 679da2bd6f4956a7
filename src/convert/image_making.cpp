#include "convert/image_making.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "format/qcow2_writer.hpp"
#include "format/raw_writer.hpp"
#include "format/vhd_writer.hpp"

namespace imgport {
namespace {

// SOURCE_DATE_EPOCH (reproducible-builds.org), as seconds since 2000-01-01; 0 where it is not set.
std::uint32_t vhd_time()
{
    constexpr std::uint64_t vhd_epoch = 946'684'800;
    const char *const text = std::getenv("SOURCE_DATE_EPOCH");
    if (text == nullptr)
        return 0;
    std::uint64_t seconds = 0;
    std::string_view const digits = text;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), seconds).ec != std::errc{})
        return 0;
    return seconds < vhd_epoch ? 0
                               : static_cast<std::uint32_t>(std::min<std::uint64_t>(seconds - vhd_epoch, 0xffffffff));
}

std::unique_ptr<ImageWriter> make_writer(const ConversionPlan &plan, const ConvertOptions &options)
{
    switch (plan.target) {
    case Format::qcow2:
        return make_qcow2_writer({.size = plan.virtual_size,
                                  .compression = options.compression,
                                  .preallocate = options.preallocation == Preallocation::metadata});
    case Format::vhd:
        return make_vhd_writer(
            {.size = plan.virtual_size, .fixed = options.vhd_type == VhdType::fixed, .created = vhd_time()});
    default: return make_raw_writer(plan.virtual_size);
    }
}

}  // namespace

ImageMaking::ImageMaking(const ConversionPlan &plan, const ConvertOptions &options, bool digest)
    : m_size(plan.virtual_size), m_is_vhd(plan.target == Format::vhd), m_digest_wanted(digest),
      m_writer(make_writer(plan, options)), m_content(plan.virtual_size)
{}

ImageMaking::ImageMaking(const ImageMaking &other)
    : m_size(other.m_size), m_is_vhd(other.m_is_vhd), m_digest_wanted(other.m_digest_wanted),
      m_writer(other.m_writer->copy()), m_content(other.m_content.copy()), m_first(other.m_first), m_next(other.m_next)
{}

void ImageMaking::place(Piece &piece, const std::optional<Sha256::Value> &segment)
{
    if (segment)
        m_content.add(piece.offset, *segment);
    if (m_is_vhd && !m_first && !piece.stored.empty())
        m_first = segment_digest(piece.disk_bytes());
    m_writer->place(piece);
    m_next = piece.offset + piece_size;
}

Result<std::optional<std::string>> ImageMaking::finish(ImageWriter::Output &output)
{
    std::optional<std::string> digest;
    if (m_digest_wanted)
        digest = m_content.finish();
    if (m_is_vhd)
        m_writer->identify(unique_id(digest));
    if (auto done = m_writer->finish(output); !done)
        return fail(done.error());
    return digest;
}

// A version 8 UUID (RFC 9562, 5.8): of the content, or, where that was not computed, of the disk's size and its first
// piece that is not empty, which holds the identifiers of the partition table.
std::array<std::byte, 16> ImageMaking::unique_id(const std::optional<std::string> &digest) const
{
    Sha256 sha;
    sha.update(bytes_of("imgport.vhd/1\n"));
    std::array<std::byte, 8> size{};
    store_le(std::span(size), 0, m_size);
    sha.update(size);
    if (digest)
        sha.update(bytes_of(*digest));
    else if (m_first)
        sha.update(*m_first);
    auto const value = sha.finish();
    std::array<std::byte, 16> id{};
    std::copy_n(value.begin(), id.size(), id.begin());
    id[6] = (id[6] & std::byte{0x0f}) | std::byte{0x80};
    id[8] = (id[8] & std::byte{0x3f}) | std::byte{0x80};
    return id;
}

}  // namespace imgport
