// An image as the bytes of its file, in their order, while it is made: for who has no room for the file. What comes
// first in the file is known last, so its head is kept; the rest comes in parts, and a part can be had once more: it is
// made again.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "convert/native.hpp"
#include "support/byte_channel.hpp"

namespace imgport {

// What is written last, but for what is behind all pieces, lies in so many bytes of the file's start: the block table
// of the largest VHD does.
inline constexpr std::uint64_t image_head_size = std::uint64_t{5} << 20;

// What is known of an image once its end is reached.
struct StreamedImage {
    std::uint64_t size = 0;            // of the file, bytes
    std::vector<std::byte> head = {};  // the file's first bytes: image_head_size of them, or all
    std::optional<std::string> content_digest = {};
};

// Makes the image and keeps nothing but what is known then.
Result<StreamedImage> measure_image(const ImageMaking &making, const DiskMaker &make_disk,
                                    const ConvertOptions &options, unsigned threads, ProgressSink &progress);

class ImageStream {
public:
    // Parts are `part_size` bytes long, but for the last one; the first begins behind the head. `options` must outlive
    // the stream.
    ImageStream(const ImageMaking &making, DiskMaker make_disk, const ConvertOptions &options, unsigned threads,
                std::uint64_t part_size);
    ImageStream(const ImageStream &) = delete;
    ImageStream &operator=(const ImageStream &) = delete;
    ~ImageStream();

    // Goes on to the next part, over what is left of this one; false at the image's end. The first call is for the
    // first part.
    Result<bool> next_part();
    // The next bytes of the part, at least one; 0 at its end.
    Result<std::size_t> read(std::span<std::byte> into);
    // Back to the part's beginning. What is made again from before it must be what it was then: where the source has
    // changed in between, the next read fails, because nothing would fit together.
    Result<void> part_again();
    // Back to before the first part.
    void from_the_start();

    // Where in the file the part begins.
    std::uint64_t part_offset() const { return m_part; }
    // The part's length; nothing while the image may still turn out to end in it.
    std::optional<std::uint64_t> part_length() const;
    // The file's first bytes, once the first part is there; what the format writes into them at the end is missing.
    std::vector<std::byte> head() const;
    // How much of the disk is done with, bytes.
    std::uint64_t disk_position() const { return m_disk_position; }
    // After the last part.
    const StreamedImage &image() const { return *m_image; }

private:
    // From where the bytes from `at` on can be made.
    struct Mark {
        std::shared_ptr<const ImageMaking> making;
        std::uint64_t at = 0;
        // CRC-64 of what lies between it and the part, but for the head; nothing: it was not made yet.
        std::optional<std::uint64_t> crc = {};
    };
    class Producer;

    void start(Mark mark);
    void stop();

    DiskMaker m_make_disk;
    const ConvertOptions &m_options;
    unsigned m_threads;
    std::uint64_t m_part_size;
    Mark m_origin;

    std::uint64_t m_part = 0;      // 0: before the first one
    std::uint64_t m_position = 0;  // of what read() gives next

    ByteChannel m_channel;
    std::atomic<std::uint64_t> m_disk_position = 0;
    mutable std::mutex m_mutex;             // of what follows
    std::map<std::uint64_t, Mark> m_marks;  // by the beginning of their part
    std::vector<std::byte> m_head;
    std::optional<StreamedImage> m_image;

    std::jthread m_thread;
};

}  // namespace imgport
