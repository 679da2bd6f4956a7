// Work on a sequence by several threads, where one step must happen in the sequence's order: the result is the same for
// any number of threads, and however they are scheduled.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <imgport/error.hpp>

namespace imgport {

// What one thread has for itself.
template <typename Task, typename Product>
class OrderedWorker {
public:
    OrderedWorker() = default;
    OrderedWorker(const OrderedWorker &) = delete;
    OrderedWorker &operator=(const OrderedWorker &) = delete;
    virtual ~OrderedWorker() = default;

    // At the same time as others, in any order.
    virtual Result<Product> work(Task task) = 0;
    // After the product's turn, at the same time as others, perhaps by another worker than the one that made it.
    virtual Result<void> store(Product product) = 0;
};

template <typename Task, typename Product>
struct OrderedJob {
    // The next task, nothing at the end; one call at a time.
    std::function<Result<std::optional<Task>>()> next;
    // One for each thread, one call at a time.
    std::function<Result<std::unique_ptr<OrderedWorker<Task, Product>>>()> make_worker;
    // In the order of the tasks, one call at a time.
    std::function<Result<void>(Product &)> place;
};

// Runs the job on `threads` threads, the caller's own among them, and returns when all is stored. After an error no new
// task is begun; of several errors the one that came first in the sequence is returned. At most three tasks for each
// thread are under way at a time, so memory is bounded by that.
template <typename Task, typename Product>
class OrderedRun {
public:
    OrderedRun(const OrderedJob<Task, Product> &job, unsigned threads)
        : m_job(job), m_threads(std::max(threads, 1U)), m_most_under_way(std::uint64_t{m_threads} * 3)
    {}

    Result<void> run()
    {
        std::vector<std::unique_ptr<OrderedWorker<Task, Product>>> workers;
        for (unsigned i = 0; i < m_threads; ++i) {
            auto worker = m_job.make_worker();
            if (!worker)
                return fail(worker.error());
            workers.push_back(std::move(*worker));
        }
        {
            std::vector<std::jthread> pool;
            for (unsigned i = 1; i < m_threads; ++i)
                pool.emplace_back([this, &worker = *workers[i]] { keep_working(worker); });
            keep_working(*workers[0]);
        }
        return m_error ? Result<void>(fail(*m_error)) : Result<void>();
    }

private:
    struct Numbered {
        std::uint64_t number;
        Task task;
    };

    // An exception may not leave a thread: what is thrown at all is a lack of memory.
    void keep_working(OrderedWorker<Task, Product> &worker)
    {
        std::uint64_t number = 0;
        try {
            while (auto taken = take()) {
                number = taken->number;
                auto product = worker.work(std::move(taken->task));
                if (!product)
                    return stop(number, product.error());
                for (auto &placed : place_in_turn(number, std::move(*product))) {
                    if (auto done = worker.store(std::move(placed)); !done)
                        return stop(number, done.error());
                    finished_one();
                }
            }
        } catch (const std::exception &exception) {
            stop(number, Error{ErrorCode::environment, exception.what()});
        }
    }

    std::optional<Numbered> take()
    {
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [this] { return m_stopped || m_taken - m_stored < m_most_under_way; });
        if (m_stopped)
            return std::nullopt;
        auto task = m_job.next();
        if (!task)
            stop_locked(m_taken, task.error());
        else if (!*task)
            m_stopped = true;
        else
            return Numbered{m_taken++, std::move(**task)};
        m_changed.notify_all();
        return std::nullopt;
    }

    // Gives every product its place whose turn has come; they are the caller's to store.
    std::vector<Product> place_in_turn(std::uint64_t number, Product product)
    {
        std::lock_guard const lock(m_order);
        m_waiting.emplace(number, std::move(product));
        std::vector<Product> placed;
        if (m_place_failed)
            return placed;
        for (auto first = m_waiting.begin(); first != m_waiting.end() && first->first == m_placed;
             first = m_waiting.begin()) {
            if (auto done = m_job.place(first->second); !done) {
                m_place_failed = true;  // nothing may follow what has no place
                stop(m_placed, done.error());
                break;
            }
            placed.push_back(std::move(first->second));
            m_waiting.erase(first);
            ++m_placed;
        }
        return placed;
    }

    void finished_one()
    {
        std::lock_guard const lock(m_mutex);
        ++m_stored;
        m_changed.notify_all();
    }

    void stop(std::uint64_t number, Error error)
    {
        std::lock_guard const lock(m_mutex);
        stop_locked(number, std::move(error));
        m_changed.notify_all();
    }

    void stop_locked(std::uint64_t number, Error error)
    {
        m_stopped = true;
        if (m_error && m_failed <= number)
            return;
        m_error = std::move(error);
        m_failed = number;
    }

    const OrderedJob<Task, Product> &m_job;
    unsigned m_threads;
    std::uint64_t m_most_under_way;

    std::mutex m_mutex;  // of what follows
    std::condition_variable m_changed;
    std::uint64_t m_taken = 0;
    std::uint64_t m_stored = 0;
    bool m_stopped = false;
    std::optional<Error> m_error;
    std::uint64_t m_failed = 0;  // the number of the task that m_error is about

    std::mutex m_order;  // of what follows; taken before m_mutex where both are
    std::uint64_t m_placed = 0;
    std::map<std::uint64_t, Product> m_waiting;
    bool m_place_failed = false;
};

template <typename Task, typename Product>
Result<void> run_ordered(const OrderedJob<Task, Product> &job, unsigned threads)
{
    return OrderedRun<Task, Product>(job, threads).run();
}

}  // namespace imgport
