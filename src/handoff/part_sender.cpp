#include "handoff/part_sender.hpp"

#include <algorithm>
#include <exception>
#include <thread>

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t read_size = std::size_t{256} << 10;
// A line that changes what is sent does so rarely; one that does so four times in turn does so always.
constexpr unsigned most_wrong = 4;
constexpr const char *arrived_wrong = "ArrivedWrong";

StoreFailure local(Error error)
{
    return {.error = std::move(error)};
}

bool is_throttling(const StoreFailure &failure)
{
    return failure.wait || failure.status == 503 || failure.status == 429;
}

}  // namespace

bool looks_like_md5(const std::string &etag)
{
    return etag.size() == 32 && std::all_of(etag.begin(), etag.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
           });
}

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
        stop(local({ErrorCode::environment, exception.what()}));
    }
}

std::optional<PartTask> PartSender::take(const std::vector<PartTask> &tasks)
{
    if (interrupted())
        stop(local({ErrorCode::interrupted, "interrupted"}));
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
            return tl::unexpected(local(done.error()));
        if (body.md5() == to_lower(task.there->etag))
            return StoredPart{task.number, task.there->etag, body.crc64(), true};
        (void)body.rewind();
    }
    return send(task.number);
}

StoreResult<StoredPart> PartSender::send(std::uint32_t number)
{
    unsigned wrong = 0;
    for (unsigned attempt = 1;; ++attempt) {
        if (!m_pace.enter())
            return tl::unexpected(local({ErrorCode::interrupted, "stopped"}));
        auto stored = send_once(number);
        m_pace.leave(stored.has_value());
        if (stored)
            return stored;
        auto &failure = stored.error();
        bool const differs = failure.code == arrived_wrong;
        wrong += differs ? 1 : 0;
        if (!failure.retry || (differs ? wrong >= most_wrong : attempt - wrong >= m_settings.retry.attempts))
            return stored;
        auto const wait = wait_before(attempt, m_settings.retry, failure.wait);
        m_progress.note_trouble(
            fmt::format("part {} of {} is sent again: {}", number, m_plan.count(), describe(failure.error)));
        bool goes_on = true;
        if (is_throttling(failure))
            m_pace.slow_down(wait);
        else
            goes_on = m_pace.sleep(wait);
        if (!goes_on)
            return stored;
    }
}

StoreResult<StoredPart> PartSender::send_once(std::uint32_t number)
{
    auto body = body_of(number, m_settings.with_md5);
    auto sent = m_store.send_part(m_key, m_upload, number, body);
    if (body.error())
        return tl::unexpected(local(*body.error()));
    if (auto const same = m_artifact.check_unchanged(); !same)
        return tl::unexpected(local(artifact_error(same.error())));
    if (sent) {
        auto const match = compare(body, *sent);
        if (!match)
            return tl::unexpected(match.error());
        if (*match != Match::no)
            return StoredPart{number, sent->etag, body.crc64(), *match == Match::yes};
        sent = tl::unexpected(StoreFailure{
            .error = {ErrorCode::remote,
                      fmt::format("part {} did not arrive as it was sent: its checksum at the store is another",
                                  number),
                      {},
                      {},
                      {},
                      "something on the way changes data: a proxy, a network card"},
            .retry = true,
            .code = arrived_wrong});
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

StoreResult<PartSender::Match> PartSender::compare(PartBody &body, const PartInfo &arrived)
{
    if (!body.complete())
        return Match::no;
    if (arrived.crc64)
        return *arrived.crc64 == body.crc64() ? Match::yes : Match::no;
    if (!arrived.etag_is_md5 || !looks_like_md5(arrived.etag))
        return Match::untold;
    std::string md5 = body.md5();
    if (md5.empty()) {
        // A store that tells CRCs as a rule, and did not this time.
        PartBody again(m_artifact, m_plan.offset(arrived.number), m_plan.length(arrived.number), true, m_pace.stopped(),
                       [](std::int64_t) {});
        if (auto const done = read_through(again); !done)
            return tl::unexpected(local(done.error()));
        if (again.crc64() != body.crc64())
            return tl::unexpected(
                local({ErrorCode::environment, "changed while it was being uploaded", m_artifact.path()}));
        md5 = again.md5();
    }
    return md5 == to_lower(arrived.etag) ? Match::yes : Match::no;
}

}  // namespace imgport
