#include "support/workers.hpp"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace imgport {

void for_each_index(std::size_t count, unsigned threads, const std::function<void(std::size_t)> &work)
{
    std::size_t const workers = std::min<std::size_t>(std::max(threads, 1U), count);
    if (workers <= 1) {
        for (std::size_t i = 0; i < count; ++i)
            work(i);
        return;
    }
    std::atomic<std::size_t> next{0};
    std::vector<std::jthread> pool;
    pool.reserve(workers);
    for (std::size_t n = 0; n < workers; ++n) {
        pool.emplace_back([&] {
            for (std::size_t i = next++; i < count; i = next++)
                work(i);
        });
    }
}

unsigned thread_count(unsigned wanted)
{
    return wanted != 0 ? wanted : std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace imgport
