// An import that was begun is ended in the cloud.
#include <imgport/import_call.hpp>

#include <fmt/format.h>

#include "handoff/import_session.hpp"

namespace imgport {

Result<ImportDone> cancel_import(const std::string &manifest, const ImportCallOptions &options, ProgressSink &progress,
                                 Cloud cloud)
{
    ImportSession session(manifest, options, progress, cloud);
    auto const receipt = [&]() -> ImportReceipt & { return session.receipt(); };
    auto hand_over = read_receipt(manifest);
    if (!hand_over)
        return fail(hand_over.error());
    session.hand_over = std::move(*hand_over);
    if (!session.hand_over.import)
        return fail({ErrorCode::usage, "no import was begun: there is nothing to cancel", receipt_path(manifest)});
    if (!receipt().task_id || !is_api_id(*receipt().task_id))
        return fail({.code = ErrorCode::usage,
                     .message = "the receipt names no task: the call was refused, or its answer was never seen",
                     .file = receipt_path(manifest),
                     .hint = "imgport import MANIFEST finds out; then it can be cancelled"});
    session.context.region = receipt().region;
    if (auto connected = session.connect(receipt().region); !connected)
        return fail(connected.error());
    std::string const id = *receipt().task_id;
    auto const finished = [&]() -> Result<ImportDone> {
        return fail({.code = ErrorCode::remote,
                     .message = fmt::format("the import has ended already: the image is {}",
                                            receipt().image_id.value_or("there")),
                     .hint = "an image that is not wanted is deleted in the console, or with DeleteImage"});
    };

    session.when_left = "the same command goes on waiting for the end";
    LookPace const pace(options);
    bool asked = false;
    unsigned unseen = 0;
    std::optional<ApiFailure> refused;
    for (;;) {
        auto const task = (asked ? session.while_following() : session.first_calls()).task(id);
        if (!task)
            return fail(session.failed_call(task.error()));
        if (!*task && ++unseen >= looks_for_task)
            return fail(session.failed_call({.error = {}, .code = "InvalidTaskId.NotFound"}));
        if (*task) {
            auto const phase = phase_of((*task)->status);
            receipt().task_status = (*task)->status;
            if (phase != TaskPhase::running) {
                if (auto saved = session.save(); !saved)
                    return fail(saved.error());
                return phase == TaskPhase::finished
                           ? finished()
                           : Result<ImportDone>(ImportDone{.receipt = receipt(), .was_there = !asked});
            }
            // It runs after all.
            if (refused)
                return fail(session.failed_call(*refused));
            if (!asked) {
                if ((*task)->can_cancel == false)
                    return fail({ErrorCode::remote, fmt::format("the cloud does not let the task {} be cancelled now "
                                                                "(it is {})",
                                                                id, (*task)->status)});
                auto const cancelled = session.first_calls().cancel(id);
                asked = true;
                if (cancelled)
                    progress.note(fmt::format("the task {} is being cancelled", id));
                // One that has just ended says so itself at the next look.
                else if (cancelled.error().code == "InvalidTaskId.IncorrectTaskStatus")
                    refused = cancelled.error();
                else
                    return fail(session.failed_call(cancelled.error()));
            }
        }
        if (auto waited = session.wait(pace); !waited)
            return fail(waited.error());
    }
}

Result<ImportDone> cancel_import(const std::string &manifest, const ImportCallOptions &options, ProgressSink &progress)
{
    auto const http = make_http_transport();
    auto const who = alibaba_credentials(*http);
    return cancel_import(manifest, options, progress, Cloud{*http, *who});
}

}  // namespace imgport
