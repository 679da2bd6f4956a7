#include "handoff/part_sums.hpp"

namespace imgport {

PartSums::PartSums(bool with_md5, std::optional<Sha256> whole) : m_checksum(with_md5), m_whole(std::move(whole)) {}

PartSums PartSums::copy() const
{
    PartSums other(false, m_whole ? std::optional(m_whole->copy()) : std::nullopt);
    other.m_size = m_size;
    other.m_checksum = m_checksum.copy();
    other.m_sha = m_sha.copy();
    return other;
}

void PartSums::update(Bytes bytes)
{
    m_size += bytes.size();
    m_checksum.update(bytes);
    m_sha.update(bytes);
    if (m_whole)
        m_whole->update(bytes);
}

}  // namespace imgport
