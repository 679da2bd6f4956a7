#include "format/raw_writer.hpp"

#include <algorithm>

namespace imgport {

namespace {

class RawWriter final : public ImageWriter {
public:
    explicit RawWriter(std::uint64_t size) : m_size(size) {}

    void pack(Piece &piece, Compressor * /*compressor*/) const override { piece.stored = ranges_with_data(piece); }

    void place(Piece &piece) override
    {
        for (auto &range : piece.stored)
            range.at = range.offset;
    }

    Result<void> finish(Output &output) override { return output.resize(m_size); }

    std::unique_ptr<ImageWriter> copy() const override { return std::make_unique<RawWriter>(*this); }

private:
    std::uint64_t m_size;
};

}  // namespace

std::vector<StoredRange> ranges_with_data(const Piece &piece)
{
    constexpr std::size_t block = 4096;
    std::vector<StoredRange> found;
    Bytes const bytes = piece.disk_bytes();
    for (std::size_t at = 0; at < bytes.size(); at += block) {
        std::size_t const length = std::min(block, bytes.size() - at);
        if (all_zero(bytes.subspan(at, length)))
            continue;
        if (!found.empty() && found.back().bytes.data() + found.back().bytes.size() == bytes.data() + at)
            found.back().bytes = {found.back().bytes.data(), found.back().bytes.size() + length};
        else
            found.push_back({piece.offset + at, bytes.subspan(at, length)});
    }
    return found;
}

std::unique_ptr<ImageWriter> make_raw_writer(std::uint64_t size)
{
    return std::make_unique<RawWriter>(size);
}

}  // namespace imgport
