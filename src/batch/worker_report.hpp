// What a worker tells the run that started it: JSON lines through a pipe, the stages and at the end the result.
#pragma once

#include <optional>
#include <string_view>

#include "batch/result.hpp"

namespace imgport {

// The worker's side.
class WorkerReport final : public ProgressSink {
public:
    explicit WorkerReport(int fd) : m_fd(fd) {}

    void begin(std::string_view stage, std::string_view subject) override;
    void update(std::uint64_t done, std::uint64_t total) override;
    void end() override {}
    void note(std::string_view text) override;
    void result(const BatchResult &result);

private:
    void line(const std::string &text) const;

    int m_fd;
    std::chrono::steady_clock::time_point m_next = {};
};

// The run's side: one line.
struct WorkerLine {
    std::string stage = {};               // empty: it goes on
    std::optional<double> fraction = {};  // of the stage
    std::string note = {};
    std::optional<BatchResult> result = {};  // without its images
};
std::optional<WorkerLine> parse_worker_line(std::string_view text);

}  // namespace imgport
