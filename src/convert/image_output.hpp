// The file that an image is written to: large writes, on their way to the disk at once.
#pragma once

#include "convert/piece_sink.hpp"

namespace imgport {

class ImageOutput final : public PieceSink {
public:
    explicit ImageOutput(int file) : m_file(file) {}

    // What the piece stores, each range at its place.
    Result<void> store(const Piece &piece) override;

    Result<void> write(std::uint64_t at, Bytes bytes) override;
    Result<void> resize(std::uint64_t size) override;

private:
    int m_file;
};

}  // namespace imgport
