// An image that is being made, as it stands between two pieces. A copy of it can go on from there and comes to the same
// end.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <imgport/convert.hpp>

#include "convert/content_digest.hpp"
#include "convert/plan.hpp"
#include "format/image_writer.hpp"

namespace imgport {

class ImageMaking {
public:
    // `digest`: the content digest is computed as well.
    ImageMaking(const ConversionPlan &plan, const ConvertOptions &options, bool digest);
    ImageMaking(const ImageMaking &other);
    ImageMaking &operator=(const ImageMaking &) = delete;
    ImageMaking(ImageMaking &&) = default;
    ImageMaking &operator=(ImageMaking &&) = delete;
    ~ImageMaking() = default;

    const ImageWriter &writer() const { return *m_writer; }
    bool digest_wanted() const { return m_digest_wanted; }
    // The offset of the first piece that has no place yet.
    std::uint64_t next() const { return m_next; }

    // In the order of the pieces. `segment` is the piece's part of the content digest.
    void place(Piece &piece, const std::optional<Sha256::Value> &segment);
    // After the last piece; what it gives is the content digest where it is wanted.
    Result<std::optional<std::string>> finish(ImageWriter::Output &output);

private:
    std::array<std::byte, 16> unique_id(const std::optional<std::string> &digest) const;

    std::uint64_t m_size;  // of the disk
    bool m_is_vhd;
    bool m_digest_wanted;
    std::unique_ptr<ImageWriter> m_writer;
    ContentDigest m_content;
    std::optional<Sha256::Value> m_first;  // of a VHD: the first piece that is not empty
    std::uint64_t m_next = 0;
};

}  // namespace imgport
