#include "handoff/part_sums.hpp"

#include "handoff/part_sender.hpp"
#include "support/text.hpp"

namespace imgport {

PartSums::PartSums(bool with_md5, std::optional<Sha256> whole) : m_whole(std::move(whole))
{
    if (with_md5)
        m_md5.emplace("MD5");
}

PartSums PartSums::copy() const
{
    PartSums other(false, m_whole ? std::optional(m_whole->copy()) : std::nullopt);
    other.m_size = m_size;
    other.m_crc = m_crc;
    other.m_sha = m_sha.copy();
    if (m_md5)
        other.m_md5 = m_md5->copy();
    return other;
}

void PartSums::update(Bytes bytes)
{
    m_size += bytes.size();
    m_crc = crc64_ecma(m_crc, bytes);
    m_sha.update(bytes);
    if (m_md5)
        m_md5->update(bytes);
    if (m_whole)
        m_whole->update(bytes);
}

PartMatch PartSums::matches(const PartInfo &arrived) const
{
    if (arrived.crc64)
        return *arrived.crc64 == m_crc ? PartMatch::yes : PartMatch::no;
    if (!m_md5 || !arrived.etag_is_md5 || !looks_like_md5(arrived.etag))
        return PartMatch::untold;
    return md5() == to_lower(arrived.etag) ? PartMatch::yes : PartMatch::no;
}

}  // namespace imgport
