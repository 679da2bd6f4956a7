// One worker under way: a process of its own, watched by a thread of its own.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "batch/worker_report.hpp"

namespace imgport {

// How a worker ended.
struct WorkerEnd {
    std::optional<BatchResult> result = {};  // as it told; without its images
    std::string reason = {};                 // where it did not tell: how it ended
    int exit_code = 4;
    bool again = false;    // and whether another try makes sense
    bool stopped = false;  // we were interrupted, and it with us
    double seconds = 0;
};

// What workers have to say, for the one thread that runs the batch.
struct WorkerNews {
    std::size_t job = 0;
    WorkerLine line = {};
    std::optional<WorkerEnd> end = {};
};

class Mailbox {
public:
    void put(WorkerNews news);
    // What has come, after waiting for it at most so long.
    std::deque<WorkerNews> take(std::chrono::milliseconds patience);

private:
    std::mutex m_mutex;
    std::condition_variable m_arrived;
    std::deque<WorkerNews> m_news;
};

struct WorkerStart {
    std::size_t job = 0;
    std::vector<std::string> command = {};
    std::optional<std::chrono::seconds> timeout = {};
};

// The words that start a worker on a job.
std::vector<std::string> worker_command(const std::vector<std::string> &program, const std::string &output_dir,
                                        std::size_t index, unsigned threads);

// Runs a worker to its end, here and now; `hear` is told of its stages.
WorkerEnd run_worker(const WorkerStart &start, const std::function<void(WorkerLine)> &hear);

// The result that a worker left, or one that says how it ended without; that one is written down as well.
BatchResult result_of_end(const BatchFolder &folder, const BatchJob &job, const std::string &fingerprint,
                          const WorkerEnd &end);

// The thread ends after it has put the worker's end into the mailbox. The process dies with its thread.
std::jthread start_worker(WorkerStart start, Mailbox &mailbox);

}  // namespace imgport
