// How far an upload is, told by several threads to a sink that wants to hear one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string_view>

#include <imgport/progress.hpp>

namespace imgport {

class UploadProgress {
public:
    UploadProgress(ProgressSink &sink, std::uint64_t total) : m_sink(sink), m_total(total) {}
    UploadProgress(const UploadProgress &) = delete;
    UploadProgress &operator=(const UploadProgress &) = delete;

    // Less than 0 where a part starts again.
    void add(std::int64_t bytes)
    {
        std::scoped_lock const lock(m_mutex);
        m_done += static_cast<std::uint64_t>(bytes);
        m_sink.update(m_done, m_total);
    }
    void start_again()
    {
        std::scoped_lock const lock(m_mutex);
        m_done = 0;
    }
    void note(std::string_view text)
    {
        std::scoped_lock const lock(m_mutex);
        m_sink.note(text);
    }
    // Now and then: a line that passes trouble could make a thousand of these.
    void note_trouble(std::string_view text)
    {
        std::scoped_lock const lock(m_mutex);
        auto const now = std::chrono::steady_clock::now();
        if (now < m_quiet_until)
            return;
        m_quiet_until = now + std::chrono::seconds(5);
        m_sink.note(text);
    }

private:
    ProgressSink &m_sink;
    std::uint64_t m_total;
    std::mutex m_mutex;
    std::uint64_t m_done = 0;
    std::chrono::steady_clock::time_point m_quiet_until = {};
};

}  // namespace imgport
