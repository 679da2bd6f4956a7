#include "convert/image_stream.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "support/digest.hpp"

namespace imgport {
namespace {

// The channel's room: what is made while the line is busy.
constexpr std::size_t channel_room = std::size_t{4} << 20;
// A state of the making is kept where a part may begin before the next one: a piece and the tables that came with it
// are not longer than the first; the second bounds what is made once more where the file has long gaps.
constexpr std::uint64_t near_boundary = std::uint64_t{8} << 20;
constexpr std::uint64_t far_from_last = std::uint64_t{64} << 20;

constexpr std::array<std::byte, 65536> zeroes{};

// Brings what is made into the file's order: pieces come in it anyway, what is between them is zero, and what is
// written into the head at the end is put there.
class FileOrder : public PieceSink {
public:
    explicit FileOrder(std::uint64_t at) : m_at(at) {}

    Result<void> take(const Piece &piece) override
    {
        for (auto const &range : piece.stored) {
            if (auto done = write(range.at, range.bytes); !done)
                return done;
        }
        return {};
    }

    Result<void> write(std::uint64_t at, Bytes bytes) override
    {
        if (at < m_at)
            return patch(at, bytes);
        if (auto done = resize(at); !done)
            return done;
        return give(bytes);
    }

    Result<void> resize(std::uint64_t size) override
    {
        while (m_at < size) {
            auto const length = std::min<std::uint64_t>(size - m_at, zeroes.size());
            if (auto done = give(Bytes(zeroes).first(static_cast<std::size_t>(length))); !done)
                return done;
        }
        return {};
    }

    std::uint64_t at() const { return m_at; }
    const std::vector<std::byte> &head() const { return m_head; }

protected:
    // The next bytes behind the head, which begin at `at`.
    virtual Result<void> next(std::uint64_t at, Bytes bytes) = 0;

    std::vector<std::byte> m_head;

private:
    Result<void> give(Bytes bytes)
    {
        if (m_at < image_head_size) {
            auto const length = std::min<std::uint64_t>(bytes.size(), image_head_size - m_at);
            Bytes const front = bytes.first(static_cast<std::size_t>(length));
            m_head.resize(static_cast<std::size_t>(m_at));
            m_head.insert(m_head.end(), front.begin(), front.end());
            m_at += length;
            bytes = bytes.subspan(static_cast<std::size_t>(length));
        }
        if (bytes.empty())
            return {};
        if (auto done = next(m_at, bytes); !done)
            return done;
        m_at += bytes.size();
        return {};
    }

    Result<void> patch(std::uint64_t at, Bytes bytes)
    {
        if (!range_inside(at, bytes.size(), m_head.size()))
            return fail(ErrorCode::unverified, fmt::format("bytes at {} came after those at {}", at, m_at));
        std::ranges::copy(bytes, m_head.begin() + static_cast<std::ptrdiff_t>(at));
        return {};
    }

    std::uint64_t m_at;
};

class Measure final : public FileOrder {
public:
    Measure() : FileOrder(0) {}

private:
    Result<void> next(std::uint64_t /*at*/, Bytes /*bytes*/) override { return {}; }
};

}  // namespace

Result<StreamedImage> measure_image(const ImageMaking &making, const DiskMaker &make_disk,
                                    const ConvertOptions &options, unsigned threads, ProgressSink &progress)
{
    Measure sink;
    auto digest = make_image(making, make_disk, sink, options, threads, progress);
    if (!digest)
        return fail(digest.error());
    return StreamedImage{sink.at(), sink.head(), std::move(*digest)};
}

// Makes the image from a mark on, for the reader of the stream, which begins at `begin`.
class ImageStream::Producer final : public FileOrder {
public:
    Producer(ImageStream &stream, const Mark &mark, std::uint64_t begin)
        : FileOrder(mark.at), m_stream(stream), m_begin(begin), m_expected(mark.crc)
    {
        std::lock_guard const lock(stream.m_mutex);
        m_head = stream.m_head;
    }

    void about_to_place(const ImageMaking &making) override
    {
        m_stream.m_disk_position = making.next();
        if (!m_last.making || boundary_after(at()) - at() <= near_boundary || at() - m_last.at >= far_from_last)
            m_last = {std::make_shared<const ImageMaking>(making), at(), 0};
    }

    void run(const ImageMaking &making)
    {
        auto digest =
            make_image(making, m_stream.m_make_disk, *this, m_stream.m_options, m_stream.m_threads, silent_progress());
        if (!digest)
            return m_stream.m_channel.close(digest.error());
        if (m_expected && at() < m_begin)
            return m_stream.m_channel.close(source_changed());
        {
            std::lock_guard const lock(m_stream.m_mutex);
            m_stream.m_image = StreamedImage{at(), head(), std::move(*digest)};
        }
        m_stream.m_channel.close();
    }

private:
    // The first beginning of a part at `at` or behind it.
    std::uint64_t boundary_after(std::uint64_t at) const
    {
        if (at <= image_head_size)
            return image_head_size;
        std::uint64_t const size = m_stream.m_part_size;
        return image_head_size + (at - image_head_size + size - 1) / size * size;
    }

    Result<void> next(std::uint64_t at, Bytes bytes) override
    {
        if (auto same = leave_marks(at, bytes); !same)
            return same;
        auto const skipped =
            static_cast<std::size_t>(at < m_begin ? std::min<std::uint64_t>(m_begin - at, bytes.size()) : 0);
        // What comes before the part was taken already, and must fit what comes now.
        m_before = crc64_ecma(m_before, bytes.first(skipped));
        if (skipped < bytes.size() && m_expected && m_before != std::exchange(m_expected, std::nullopt))
            return fail(source_changed());
        return m_stream.m_channel.push(bytes.subspan(skipped));
    }

    // Where parts begin in these bytes.
    Result<void> leave_marks(std::uint64_t at, Bytes bytes)
    {
        std::lock_guard const lock(m_stream.m_mutex);
        if (m_stream.m_head.empty())
            m_stream.m_head = m_head;
        else if (!std::exchange(m_head_compared, true) && m_stream.m_head != m_head)
            return fail(source_changed());
        for (auto part = boundary_after(at); part < at + bytes.size(); part += m_stream.m_part_size) {
            auto const before = static_cast<std::size_t>(part - at);
            m_last.crc = crc64_ecma(*m_last.crc, bytes.first(before));
            m_stream.m_marks[part] = m_last;
            bytes = bytes.subspan(before);
            at = part;
        }
        m_last.crc = crc64_ecma(*m_last.crc, bytes);
        return {};
    }

    static Error source_changed() { return {ErrorCode::unreadable, "the source has changed while it was read"}; }

    ImageStream &m_stream;
    std::uint64_t m_begin;
    std::optional<std::uint64_t> m_expected;  // CRC-64 of what is skipped
    std::uint64_t m_before = 0;               // that of what was skipped so far
    bool m_head_compared = false;
    Mark m_last;
};

ImageStream::ImageStream(const ImageMaking &making, DiskMaker make_disk, const ConvertOptions &options,
                         unsigned threads, std::uint64_t part_size)
    : m_make_disk(std::move(make_disk)), m_options(options), m_threads(threads),
      m_part_size(part_size), m_origin{std::make_shared<const ImageMaking>(making), 0}, m_channel(channel_room)
{}

ImageStream::~ImageStream()
{
    stop();
}

void ImageStream::start(Mark mark)
{
    m_channel.reset();
    m_position = m_part;
    m_thread = std::jthread(
        [this, mark = std::move(mark), begin = m_part] { Producer(*this, mark, begin).run(*mark.making); });
}

void ImageStream::stop()
{
    m_channel.cancel();
    if (m_thread.joinable())
        m_thread.join();
}

Result<bool> ImageStream::next_part()
{
    if (m_part == 0) {
        m_part = image_head_size;
        start(m_origin);
        return m_channel.more();
    }
    std::vector<std::byte> rest(65536);
    for (;;) {
        auto const n = read(rest);
        if (!n)
            return fail(n.error());
        if (*n == 0)
            break;
    }
    auto const more = m_channel.more();
    if (more && *more) {
        m_part += m_part_size;
        std::lock_guard const lock(m_mutex);
        m_marks.erase(m_marks.begin(), m_marks.lower_bound(m_part));
    }
    return more;
}

Result<std::size_t> ImageStream::read(std::span<std::byte> into)
{
    auto const left = m_part + m_part_size - m_position;
    if (left == 0 || into.empty())
        return 0;
    auto const n = m_channel.pull(into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left))));
    if (n)
        m_position += *n;
    return n;
}

Result<void> ImageStream::part_again()
{
    if (m_position == m_part)
        return {};
    stop();
    Mark mark;
    {
        std::lock_guard const lock(m_mutex);
        auto const found = m_marks.find(m_part);
        mark = found != m_marks.end() ? found->second : m_origin;
        m_marks.erase(m_marks.upper_bound(m_part), m_marks.end());
    }
    start(std::move(mark));
    return {};
}

void ImageStream::from_the_start()
{
    stop();
    m_part = 0;
    std::lock_guard const lock(m_mutex);
    m_marks.clear();
    m_head.clear();
    m_image.reset();
}

std::vector<std::byte> ImageStream::head() const
{
    std::lock_guard const lock(m_mutex);
    return m_head;
}

std::optional<std::uint64_t> ImageStream::part_length() const
{
    std::lock_guard const lock(m_mutex);
    if (m_image)
        return std::min(m_part_size, m_image->size - m_part);
    if (m_marks.upper_bound(m_part) != m_marks.end())
        return m_part_size;
    return std::nullopt;
}

}  // namespace imgport
