#include "handoff/import_follow.hpp"

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {
namespace {

constexpr unsigned looks_for_image = 120;

class Stage {
public:
    Stage(ProgressSink &progress, const std::string &subject) : m_progress(progress)
    {
        m_progress.begin("import", subject);
    }
    Stage(const Stage &) = delete;
    Stage &operator=(const Stage &) = delete;
    ~Stage() { m_progress.end(); }

private:
    ProgressSink &m_progress;
};

}  // namespace

// Into the receipt whenever something has changed; an error where the task has ended without an image.
Result<void> ImportFollower::take(const ImportTask &task)
{
    auto const phase = phase_of(task.status);
    bool const changed = receipt().task_status != task.status;
    receipt().task_status = task.status;
    if (changed && (task.status == "Waiting" || task.status == "Pending"))
        m_session.progress().note("the import waits in the cloud's queue");
    if (phase == TaskPhase::failed) {
        receipt().error_code = task.error_code;
        receipt().error_message = task.error_message;
    }
    if (changed) {
        if (auto saved = m_session.save(); !saved)
            return saved;
    }
    if (phase == TaskPhase::failed)
        return fail(describe_failed_task(task.error_code, task.error_message, m_session.context));
    if (phase == TaskPhase::cancelled)
        return fail({.code = ErrorCode::remote,
                     .message = "the import was cancelled",
                     .hint = "the same command begins another one"});
    return {};
}

Result<void> ImportFollower::follow_task(bool just_called)
{
    // Where the cloud named no task only the image tells.
    if (!receipt().task_id || phase_of(receipt().task_status) == TaskPhase::finished)
        return {};
    LookPace const pace(m_session.options());
    unsigned unseen = 0;
    for (;;) {
        auto const task = m_session.while_following().task(*receipt().task_id);
        if (!task)
            return fail(m_session.left(m_session.failed_call(task.error())));
        if (*task) {
            auto const phase = phase_of((*task)->status);
            m_was_over = just_called && phase != TaskPhase::running;
            just_called = false;
            if (auto taken = take(**task); !taken)
                return taken;
            if (phase == TaskPhase::finished)
                return {};
            if ((*task)->percent)
                m_session.progress().update(*(*task)->percent * std::uint64_t{100}, 10000);
        } else if (++unseen >= looks_for_task) {
            // Of a task that was long ago the cloud may know no more than its image.
            auto const image = m_session.while_following().image(*receipt().image_id);
            if (image && *image)
                return {};
            return fail(m_session.failed_call({.error = {}, .code = "InvalidTaskId.NotFound"}));
        }
        if (auto waited = m_session.wait(pace); !waited)
            return waited;
    }
}

Result<void> ImportFollower::follow_image()
{
    LookPace const pace(m_session.options());
    bool const was_available = receipt().image_status == "Available";
    for (unsigned looks = 1;; ++looks) {
        auto const image = m_session.while_following().image(*receipt().image_id);
        if (!image)
            return fail(m_session.left(m_session.failed_call(image.error())));
        if (*image) {
            bool const changed = receipt().image_status != (*image)->status;
            receipt().image_status = (*image)->status;
            if (!(*image)->snapshot_ids.empty())
                receipt().snapshot_ids = (*image)->snapshot_ids;
            if (changed) {
                if (auto saved = m_session.save(); !saved)
                    return saved;
            }
            if (receipt().image_status == "Available") {
                m_was_there = was_available;
                return {};
            }
            if (receipt().image_status == "CreateFailed")
                return fail({.code = ErrorCode::remote,
                             .message = fmt::format("the task is {}, but the cloud could not make the image {}",
                                                    printable(receipt().task_status, 64), *receipt().image_id),
                             .hint = "--again begins another import; if it stays, open a ticket and name the task"});
        } else if (was_available) {
            return fail({.code = ErrorCode::remote,
                         .message = fmt::format("the image {} that this manifest was imported as is not there any more",
                                                *receipt().image_id),
                         .hint = "--again imports it anew; does the access key belong to the account of the import?"});
        } else if (m_was_over && looks >= looks_for_task) {
            return fail({.code = ErrorCode::remote,
                         .message = fmt::format("this was imported before, as {}, and that image is not there any more",
                                                *receipt().image_id),
                         .hint = "--again imports it anew"});
        }
        // An image that is not there yet is no error, one that never comes is.
        if (looks >= looks_for_image)
            return fail(m_session.left(
                {ErrorCode::remote,
                 fmt::format("the task is {}, but the image {} is still {}", printable(receipt().task_status, 64),
                             *receipt().image_id, *image ? printable((*image)->status, 64) : "not there")}));
        if (auto waited = m_session.wait(pace); !waited)
            return waited;
    }
}

Result<void> ImportFollower::follow(bool just_called)
{
    if (!receipt().image_id || !is_api_id(*receipt().image_id) || (receipt().task_id && !is_api_id(*receipt().task_id)))
        return fail({ErrorCode::malformed, "names no image or no task", receipt_path(m_session.manifest())});
    m_session.when_left =
        fmt::format("the import goes on in the cloud: the same command goes on following it, imgport import {} "
                    "--cancel ends it",
                    printable(m_session.manifest()));
    Stage const stage(m_session.progress(), *receipt().image_id);
    if (auto finished = follow_task(just_called); !finished)
        return finished;
    return follow_image();
}

}  // namespace imgport
