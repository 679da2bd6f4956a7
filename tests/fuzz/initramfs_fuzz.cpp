// An initramfs: the cpio archives and every decompressor.
#include <cstring>

#include "guest/initramfs.hpp"

using namespace imgport;

namespace {

// Gives the input in pieces whose length its first byte chooses, so that the ends of pieces fall everywhere.
class Pieces final : public FileStream {
public:
    Pieces(std::span<const std::uint8_t> input, std::size_t piece) : m_input(input), m_piece(piece) {}
    Result<std::size_t> read(std::span<std::byte> out) override
    {
        std::size_t const n = std::min({out.size(), m_input.size(), m_piece});
        if (n > 0)
            std::memcpy(out.data(), m_input.data(), n);
        m_input = m_input.subspan(n);
        return n;
    }

private:
    std::span<const std::uint8_t> m_input;
    std::size_t m_piece;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    if (size == 0)
        return 0;
    std::size_t const piece = data[0] == 0 ? 1 << 20 : data[0];
    std::span const input(data + 1, size - 1);
    Pieces bounded(input, piece);
    InitramfsLimits limits;
    limits.members = 2000;
    limits.unpacked = 8 << 20;
    std::size_t content = 0;
    auto const walked = walk_initramfs(
        bounded, [&](const CpioMember &member, std::string_view text) { content += member.name.size() + text.size(); },
        limits);
    if (walked) {
        Pieces again(input, piece);
        (void)read_initramfs(again, "6.1.0");
    }
    return 0;
}
