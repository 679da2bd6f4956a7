#include "convert/disk_pieces.hpp"

#include <algorithm>

#include <imgport/progress.hpp>

#include "format/image_writer.hpp"

namespace imgport {
namespace {

// How much of the disk one question for its extents covers: bounds the answer's length.
constexpr std::uint64_t window_size = std::uint64_t{1} << 30;

}  // namespace

Result<void> DiskPieces::look_further()
{
    std::uint64_t const length = std::min(window_size, m_disk.size() - m_looked);
    auto const extents = m_disk.extents(m_looked, length);
    if (!extents)
        return fail(extents.error());
    m_looked += length;
    for (auto const &extent : *extents) {
        std::uint64_t const end = extent.offset + extent.length;
        for (std::uint64_t at = extent.offset; extent.kind == ExtentKind::data && at < end;) {
            std::uint64_t const piece = at / piece_size * piece_size;
            std::uint64_t const part = std::min(piece + piece_size, end) - at;
            if (m_found.empty() || m_found.back().offset != piece)
                m_found.push_back({piece});
            m_found.back().data.push_back({at, part, ExtentKind::data});
            at += part;
        }
    }
    if (!m_found.empty()) {
        m_last = m_found.back().offset;
    } else if (m_longest_gap != 0 && m_looked - m_last >= m_longest_gap) {
        m_last = (m_looked - 1) / piece_size * piece_size;
        m_found.push_back({m_last});
    }
    return {};
}

Result<std::optional<PieceTask>> DiskPieces::next()
{
    while (m_found.empty() && m_looked < m_disk.size()) {
        if (interrupted())
            return fail(ErrorCode::interrupted, "interrupted");
        if (auto done = look_further(); !done)
            return fail(done.error());
    }
    if (interrupted())
        return fail(ErrorCode::interrupted, "interrupted");
    if (m_found.empty())
        return std::nullopt;
    auto task = std::move(m_found.front());
    m_found.pop_front();
    return task;
}

}  // namespace imgport
