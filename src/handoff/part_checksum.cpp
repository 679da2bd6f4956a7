#include "handoff/part_checksum.hpp"

#include <algorithm>

#include "support/text.hpp"

namespace imgport {
namespace {

bool is_md5_of(const PartInfo &part)
{
    return part.etag_is_md5 && looks_like_md5(part.etag);
}

}  // namespace

bool looks_like_md5(const std::string &etag)
{
    return etag.size() == 32 && std::all_of(etag.begin(), etag.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
           });
}

PartChecksum::PartChecksum(bool with_md5)
{
    if (with_md5)
        m_md5.emplace("MD5");
}

PartChecksum PartChecksum::copy() const
{
    PartChecksum other(false);
    other.m_crc = m_crc;
    if (m_md5)
        other.m_md5 = m_md5->copy();
    return other;
}

void PartChecksum::update(Bytes bytes)
{
    m_crc = crc64_ecma(m_crc, bytes);
    if (m_md5)
        m_md5->update(bytes);
}

PartMatch PartChecksum::matches(const PartInfo &arrived) const
{
    if (arrived.crc64)
        return *arrived.crc64 == m_crc ? PartMatch::yes : PartMatch::no;
    if (!m_md5 || !is_md5_of(arrived))
        return PartMatch::untold;
    return md5() == to_lower(arrived.etag) ? PartMatch::yes : PartMatch::no;
}

bool PartChecksum::lacks_md5_of(const PartInfo &arrived) const
{
    return !arrived.crc64 && !m_md5 && is_md5_of(arrived);
}

}  // namespace imgport
