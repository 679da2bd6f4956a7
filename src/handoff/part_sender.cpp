#include "handoff/part_sender.hpp"

#include <algorithm>
#include <exception>
#include <thread>

#include <fmt/format.h>

#include "handoff/part_attempts.hpp"

namespace imgport {
namespace {

constexpr std::size_t read_size = std::size_t{256} << 10;

bool is_throttling(const StoreFailure &failure)
{
    return failure.wait || failure.status == 503 || failure.status == 429;
}

}  // namespace

PartSender::PartSender(const InputFile &artifact, const PartPlan &plan, ObjectStore &store, std::string key,
                       std::string upload, const SendSettings &settings, UploadProgress &progress)
    : m_artifact(artifact), m_plan(plan), m_store(store), m_key(std::move(key)), m_upload(std::move(upload)),
      m_settings(settings), m_progress(progress), m_pace(std::max(settings.parallel, 1U))
{}

std::optional<StoreFailure> PartSender::run(const std::vector<PartTask> &tasks,
                                            const std::function<void(const StoredPart &)> &on_stored)
{
    auto const threads = std::min<std::size_t>(std::max(m_settings.parallel, 1U), tasks.size());
    {
        std::vector<std::jthread> pool;
        for (std::size_t i = 1; i < threads; ++i)
            pool.emplace_back([&] { work(tasks, on_stored); });
        if (threads != 0)
            work(tasks, on_stored);
    }
    return m_failure;
}

// An exception may not leave a thread.
void PartSender::work(const std::vector<PartTask> &tasks, const std::function<void(const StoredPart &)> &on_stored)
{
    try {
        while (auto const task = take(tasks)) {
            auto const stored = keep_or_send(*task);
            if (!stored)
                return stop(stored.error());
            std::scoped_lock const lock(m_reporting);
            on_stored(*stored);
        }
    } catch (const std::exception &exception) {
        stop(local_failure({ErrorCode::environment, exception.what()}));
    }
}

std::optional<PartTask> PartSender::take(const std::vector<PartTask> &tasks)
{
    if (interrupted())
        stop(local_failure({ErrorCode::interrupted, "interrupted"}));
    std::scoped_lock const lock(m_mutex);
    if (m_failure || m_next == tasks.size())
        return std::nullopt;
    return tasks[m_next++];
}

// The first failure counts: those after it may only be its echo.
void PartSender::stop(StoreFailure failure)
{
    std::scoped_lock const lock(m_mutex);
    if (!m_failure) {
        if (interrupted())
            failure.error = {ErrorCode::interrupted, "interrupted"};
        m_failure = std::move(failure);
    }
    m_pace.stop();
}

StoreResult<StoredPart> PartSender::keep_or_send(const PartTask &task)
{
    // It arrived, and nothing is noted of it: the journal was not written any more.
    if (task.there && task.there->size == m_plan.length(task.number) && looks_like_md5(task.there->etag)) {
        auto body = body_of(task.number, true);
        if (auto const done = read_through(body); !done)
            return tl::unexpected(local_failure(done.error()));
        if (body.checksum().matches(*task.there) == PartMatch::yes)
            return StoredPart{task.number, task.there->etag, body.checksum().crc64(), true};
        (void)body.rewind();
    }
    return send(task.number);
}

StoreResult<StoredPart> PartSender::send(std::uint32_t number)
{
    PartAttempts attempts(m_settings.retry);
    for (;;) {
        if (!m_pace.enter())
            return tl::unexpected(local_failure({ErrorCode::interrupted, "stopped"}));
        auto stored = send_once(number);
        m_pace.leave(stored.has_value());
        if (stored)
            return stored;
        auto const &failure = stored.error();
        auto const wait = attempts.after(failure);
        if (!wait)
            return stored;
        m_progress.note_trouble(
            fmt::format("part {} of {} is sent again: {}", number, m_plan.count(), describe(failure.error)));
        bool goes_on = true;
        if (is_throttling(failure))
            m_pace.slow_down(*wait);
        else
            goes_on = m_pace.sleep(*wait);
        if (!goes_on)
            return stored;
    }
}

StoreResult<StoredPart> PartSender::send_once(std::uint32_t number)
{
    auto body = body_of(number, m_settings.with_md5);
    auto sent = m_store.send_part(m_key, m_upload, number, body);
    if (body.error())
        return tl::unexpected(local_failure(*body.error()));
    if (auto const same = m_artifact.check_unchanged(); !same)
        return tl::unexpected(local_failure(artifact_error(same.error())));
    if (sent) {
        auto const match = compare(body, *sent);
        if (!match)
            return tl::unexpected(match.error());
        if (*match != PartMatch::no)
            return StoredPart{number, sent->etag, body.checksum().crc64(), *match == PartMatch::yes};
        sent = tl::unexpected(arrived_wrong(number));
    }
    (void)body.rewind();
    return tl::unexpected(std::move(sent.error()));
}

PartBody PartSender::body_of(std::uint32_t number, bool with_md5)
{
    return {m_artifact, m_plan.offset(number), m_plan.length(number),
            with_md5,   m_pace.stopped(),      [this](std::int64_t bytes) { m_progress.add(bytes); }};
}

Result<void> PartSender::read_through(PartBody &body)
{
    std::vector<std::byte> buffer(std::min<std::uint64_t>(read_size, body.size()));
    while (!body.complete()) {
        if (interrupted())
            return fail(ErrorCode::interrupted, "interrupted");
        if (auto const got = body.read(buffer); !got)
            return fail(got.error());
    }
    return {};
}

StoreResult<PartMatch> PartSender::compare(const PartBody &body, const PartInfo &arrived)
{
    if (!body.complete())
        return PartMatch::no;
    if (!body.checksum().lacks_md5_of(arrived))
        return body.checksum().matches(arrived);
    // A store that tells CRCs as a rule, and did not this time.
    PartBody again(m_artifact, m_plan.offset(arrived.number), m_plan.length(arrived.number), true, m_pace.stopped(),
                   [](std::int64_t) {});
    if (auto const done = read_through(again); !done)
        return tl::unexpected(local_failure(done.error()));
    if (again.checksum().crc64() != body.checksum().crc64())
        return tl::unexpected(
            local_failure({ErrorCode::environment, "changed while it was being uploaded", m_artifact.path()}));
    return again.checksum().matches(arrived);
}

}  // namespace imgport
