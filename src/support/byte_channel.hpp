// Bytes from one thread to another, through room of a fixed size.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>

#include <imgport/error.hpp>

#include "support/buffer.hpp"
#include "support/bytes.hpp"

namespace imgport {

class ByteChannel {
public:
    explicit ByteChannel(std::size_t room) : m_ring(room) {}

    // The writer's side. Waits for room; an error (interrupted) once the reader has cancelled.
    Result<void> push(Bytes bytes);
    // Nothing comes after this; with an error the reader gets it once what was pushed is read.
    void close(std::optional<Error> error = {});

    // The reader's side. At least one byte; 0 after the last one.
    Result<std::size_t> pull(std::span<std::byte> into);
    // Whether there is anything left to pull; waits until that is known.
    Result<bool> more();
    // No more is wanted: the writer is let go.
    void cancel();
    // Empty and open again. Nobody may be waiting.
    void reset();

private:
    Result<bool> wait_for_bytes(std::unique_lock<std::mutex> &lock);

    std::mutex m_mutex;
    std::condition_variable m_changed;
    Buffer m_ring;
    std::size_t m_begin = 0;  // of what is there
    std::size_t m_used = 0;
    bool m_closed = false;
    bool m_cancelled = false;
    std::optional<Error> m_error;
};

}  // namespace imgport
