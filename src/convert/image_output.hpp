// The file that an image is written to: large writes, on their way to the disk at once.
#pragma once

#include "format/image_writer.hpp"

namespace imgport {

class ImageOutput final : public ImageWriter::Output {
public:
    explicit ImageOutput(int file) : m_file(file) {}

    // What the piece stores, each range at its place. Several threads at once.
    Result<void> write(const Piece &piece);

    Result<void> write(std::uint64_t at, Bytes bytes) override;
    Result<void> resize(std::uint64_t size) override;

private:
    int m_file;
};

}  // namespace imgport
