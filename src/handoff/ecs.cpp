#include "handoff/ecs.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t message_limit = 300;
constexpr std::size_t most_snapshots = 32;  // an image has 17 disks at most

// "47%"
std::optional<unsigned> percent_in(const Json &reply)
{
    std::string text = text_in(reply, "TaskProcess");
    if (text.ends_with('%'))
        text.pop_back();
    auto const number = parse_number(text);
    if (!number)
        return std::nullopt;
    return static_cast<unsigned>(std::min<std::uint64_t>(*number, 100));
}

std::optional<bool> flag_in(const Json &reply, const char *key)
{
    std::string const text = to_lower(text_in(reply, key));
    return text == "true" ? std::optional(true) : text == "false" ? std::optional(false) : std::nullopt;
}

// The first of the task's operations that says what went wrong.
void take_error(const Json &reply, ImportTask &task)
{
    for (auto const &operation : list_in(reply, "OperationProgressSet", "OperationProgress")) {
        std::string const code = text_in(operation, "ErrorCode");
        std::string const message = text_in(operation, "ErrorMsg");
        if (code.empty() && message.empty())
            continue;
        task.error_code = printable(code, 128);
        task.error_message = printable(message, message_limit);
        return;
    }
}

// A word of the API's, not a text.
std::string status_in(const Json &object, const char *key)
{
    std::string const status = text_in(object, key);
    return is_api_id(status) ? status : "";
}

ApiFailure strange_reply(std::string_view action, std::string_view what)
{
    return {.error = {.code = ErrorCode::remote,
                      .message = fmt::format("the cloud's answer to {} {}", action, what),
                      .hint = "is --api-endpoint an endpoint of ECS?"}};
}

}  // namespace

TaskPhase phase_of(const std::string &task_status)
{
    constexpr std::array<std::string_view, 3> cancelled{"deleted", "cancelled", "canceled"};
    std::string const status = to_lower(task_status);
    if (status == "finished")
        return TaskPhase::finished;
    if (status == "failed")
        return TaskPhase::failed;
    // What is new to us goes on: only an end that is known to be one ends the wait.
    return std::ranges::find(cancelled, status) != cancelled.end() ? TaskPhase::cancelled : TaskPhase::running;
}

ApiResult<Json> Ecs::call(const std::string &action, const NamedValues &parameters)
{
    return m_client.call_patiently(action, parameters, m_policy, m_on_retry);
}

ApiResult<StartedImport> Ecs::import_image(const NamedValues &parameters)
{
    auto const reply = call("ImportImage", parameters);
    if (!reply)
        return tl::unexpected(reply.error());
    // The documents name it TaskId, their sample of a reply ImportTaskId.
    std::string task = text_in(*reply, "TaskId");
    if (task.empty())
        task = text_in(*reply, "ImportTaskId");
    std::string const image = text_in(*reply, "ImageId");
    std::string const request = text_in(*reply, "RequestId");
    if (!is_api_id(image) || (!task.empty() && !is_api_id(task)))
        return tl::unexpected(strange_reply("ImportImage", "names no image"));
    return StartedImport{image, task, is_api_id(request) ? request : ""};
}

ApiResult<void> Ecs::dry_run(NamedValues parameters)
{
    parameters.emplace_back("DryRun", "true");
    auto const reply = call("ImportImage", parameters);
    if (reply)
        return tl::unexpected(strange_reply(
            "ImportImage", fmt::format("takes no notice of DryRun: it may have begun an import (image {})",
                                       printable(text_in(*reply, "ImageId"), 100))));
    if (reply.error().code == "DryRunOperation")
        return {};
    return tl::unexpected(reply.error());
}

ApiResult<std::optional<ImportTask>> Ecs::task(const std::string &id)
{
    auto const reply = call("DescribeTaskAttribute", {{"RegionId", m_region}, {"TaskId", id}});
    if (reply) {
        ImportTask task{.status = status_in(*reply, "TaskStatus")};
        if (task.status.empty())
            return tl::unexpected(strange_reply("DescribeTaskAttribute", "names no status"));
        task.percent = percent_in(*reply);
        task.can_cancel = flag_in(*reply, "SupportCancel");
        take_error(*reply, task);
        return task;
    }
    if (reply.error().code != "InvalidTaskId.NotFound")
        return tl::unexpected(reply.error());
    // A task so young (or so old) that it has no details may be listed all the same.
    auto const listed = call("DescribeTasks", {{"RegionId", m_region}, {"TaskIds", id}});
    if (!listed)
        return tl::unexpected(listed.error());
    for (auto const &entry : list_in(*listed, "TaskSet", "Task")) {
        if (text_in(entry, "TaskId") == id && !status_in(entry, "TaskStatus").empty())
            return ImportTask{.status = status_in(entry, "TaskStatus"), .can_cancel = flag_in(entry, "SupportCancel")};
    }
    return std::nullopt;
}

ApiResult<void> Ecs::cancel(const std::string &task)
{
    auto const reply = call("CancelTask", {{"RegionId", m_region}, {"TaskId", task}});
    if (!reply)
        return tl::unexpected(reply.error());
    return {};
}

ApiResult<std::optional<ImportedImage>> Ecs::image(const std::string &id)
{
    // Without Status only available ones are told of.
    auto const reply =
        call("DescribeImages", {{"RegionId", m_region},
                                {"ImageId", id},
                                {"Status", "Creating,Waiting,Available,UnAvailable,CreateFailed,Deprecated"}});
    if (!reply) {
        if (reply.error().code == "InvalidImageId.NotFound")
            return std::nullopt;
        return tl::unexpected(reply.error());
    }
    for (auto const &entry : list_in(*reply, "Images", "Image")) {
        if (text_in(entry, "ImageId") != id)
            continue;
        ImportedImage image{.status = status_in(entry, "Status")};
        for (auto const &disk : list_in(entry, "DiskDeviceMappings", "DiskDeviceMapping")) {
            std::string const snapshot = text_in(disk, "SnapshotId");
            if (is_api_id(snapshot) && image.snapshot_ids.size() < most_snapshots)
                image.snapshot_ids.push_back(snapshot);
        }
        return image;
    }
    return std::nullopt;
}

}  // namespace imgport
