// A part of a file as the body of a request: read while it is sent, straight into the transport's buffer, and summed
// up on the way.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "cloud/http.hpp"
#include "handoff/part_checksum.hpp"
#include "support/file.hpp"

namespace imgport {

class PartBody final : public RequestBody {
public:
    // `on_bytes`: how many more have left, less than 0 when the part starts again from its front. Once `stop` is set,
    // reading fails.
    PartBody(const InputFile &file, std::uint64_t offset, std::uint64_t length, bool with_md5,
             const std::atomic<bool> &stop, std::function<void(std::int64_t)> on_bytes);

    std::uint64_t size() const override { return m_length; }
    Result<void> rewind() override;
    Result<std::size_t> read(std::span<std::byte> into) override;

    // Of what was read since the front.
    bool complete() const { return m_at == m_length; }
    const PartChecksum &checksum() const { return m_checksum; }
    // Why reading failed, if it did.
    const std::optional<Error> &error() const { return m_error; }

private:
    void read_ahead();

    const InputFile &m_file;
    std::uint64_t m_offset;
    std::uint64_t m_length;
    bool m_with_md5;
    const std::atomic<bool> &m_stop;
    std::function<void(std::int64_t)> m_on_bytes;
    std::uint64_t m_at = 0;
    std::uint64_t m_advised = 0;
    PartChecksum m_checksum;
    std::optional<Error> m_error;
};

// An error of the artifact as the one who uploads it sees it: the machine failed (environment), whatever the file is.
Error artifact_error(Error error);

}  // namespace imgport
