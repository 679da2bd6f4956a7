#include "format/digest_stream.hpp"

#include <algorithm>

namespace imgport {

DigestStream::DigestStream(ByteStream &base, const std::vector<std::string> &algorithms) : m_base(base)
{
    for (auto const &algorithm : algorithms)
        m_digests.emplace_back(algorithm);
}

Result<std::size_t> DigestStream::read(std::span<std::byte> out)
{
    auto n = m_base.read(out);
    if (n) {
        for (auto &digest : m_digests)
            digest.update(out.first(*n));
    }
    return n;
}

Result<std::uint64_t> DigestStream::skip_hole()
{
    // A sum covers a hole's zeroes: they are read like data.
    return m_digests.empty() ? m_base.skip_hole() : Result<std::uint64_t>(0);
}

Result<void> DigestStream::drain()
{
    return imgport::drain(*this);
}

std::string DigestStream::hex(const std::string &algorithm)
{
    auto const found = std::find_if(m_digests.begin(), m_digests.end(),
                                    [&](const NamedDigest &digest) { return digest.algorithm() == algorithm; });
    return found == m_digests.end() ? std::string() : found->hex();
}

Result<void> drain(ByteStream &stream)
{
    std::vector<std::byte> buffer(std::size_t{64} << 10);
    for (;;) {
        auto const n = stream.read(buffer);
        if (!n)
            return fail(n.error());
        if (*n == 0)
            return {};
    }
}

}  // namespace imgport
