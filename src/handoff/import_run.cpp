#include "handoff/import_run.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "handoff/ecs.hpp"
#include "handoff/import_errors.hpp"
#include "handoff/import_objects.hpp"
#include "handoff/import_request.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr const char *api_version = "2014-05-26";
// How often something that should be there by now is looked for before that counts as an error.
constexpr unsigned looks_for_task = 12;
constexpr unsigned looks_for_image = 120;
constexpr unsigned most_attempts = 4;

std::string duration(std::chrono::seconds time)
{
    auto const seconds = time.count();
    if (seconds < 120)
        return fmt::format("{} s", seconds);
    return seconds < 7200 ? fmt::format("{} min", seconds / 60) : fmt::format("{:.1f} h", double(seconds) / 3600);
}

// The pace of looking: seldom where it has taken long already.
class Pace {
public:
    explicit Pace(const ImportCallOptions &options) : m_options(options) {}

    milliseconds next() const
    {
        auto const passed = std::chrono::duration_cast<milliseconds>(Clock::now() - m_start);
        return std::clamp(passed / 20, m_options.shortest_look, m_options.longest_look);
    }

private:
    const ImportCallOptions &m_options;
    Clock::time_point m_start = Clock::now();
};

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

class ImportRun {
public:
    ImportRun(const std::string &manifest, const ImportCallOptions &options, ProgressSink &progress, Cloud cloud)
        : m_path(manifest), m_options(options), m_progress(progress), m_cloud(cloud)
    {
        if (options.timeout)
            m_deadline = Clock::now() + *options.timeout;
    }

    Result<ImportDone> import();
    Result<ImportDone> cancel();

private:
    ImportReceipt &receipt() { return *m_hand_over.import; }
    Result<void> save() { return write_receipt(m_path, m_hand_over); }

    Result<void> connect(const std::string &region);
    Ecs ecs(const RetryPolicy &policy);
    StoreResult<std::optional<ObjectInfo>> look_at(const std::string &bucket, const std::string &key);

    Result<ImportDone> dry_run(const NamedValues &parameters);
    // The token of the call to make; nothing: there is an import to go on with.
    std::optional<std::string> choose_token(const NamedValues &parameters);
    Result<void> call(NamedValues parameters, const std::string &token);
    void tell_what_to_expect();
    Result<void> follow(bool just_called);
    Result<void> follow_task(bool just_called);
    Result<void> follow_image();
    Result<void> wait(const Pace &pace);
    Result<void> take(const ImportTask &task);
    Error left(Error error) const;
    Error failed_call(const ApiFailure &failure) const { return describe_import_failure(failure, m_context); }

    const std::string &m_path;
    const ImportCallOptions &m_options;
    ProgressSink &m_progress;
    Cloud m_cloud;
    ImportToCall m_plan = {};
    HandOver m_hand_over = {};
    ImportCallContext m_context = {};
    std::optional<ApiClient> m_client = {};
    std::string m_region = {};
    std::optional<Clock::time_point> m_deadline = {};
    std::string m_when_left = {};  // what the user should know when we stop before the end
    bool m_was_there = false;
    bool m_was_over = false;  // the task had ended when it was looked at for the first time, just after the call
};

Result<void> ImportRun::connect(const std::string &region)
{
    // A receipt is a file like any other: what becomes a host name is looked at.
    if (!is_api_id(region))
        return fail(
            {ErrorCode::usage, fmt::format("'{}' is no region", printable(region, 100)), m_path, {}, "RegionId"});
    m_region = region;
    std::string const usual = fmt::format("https://ecs.{}.aliyuncs.com", region);
    auto endpoint = parse_api_endpoint(m_options.api_endpoint.empty() ? usual : m_options.api_endpoint);
    if (!endpoint)
        return fail(endpoint.error());
    if (auto const who = m_cloud.who.get(); !who)
        return fail(who.error());
    m_client.emplace(std::move(*endpoint), "ecs", api_version,
                     m_options.rpc_signature ? ApiSignature::rpc_v1 : ApiSignature::acs3, m_cloud.http, m_cloud.who);
    return {};
}

Ecs ImportRun::ecs(const RetryPolicy &policy)
{
    return {*m_client, m_region, policy, [this](const ApiFailure &failure, milliseconds pause) {
                m_progress.note(fmt::format("{}; again in {:.1f} s", failure.error.message,
                                            std::chrono::duration<double>(pause).count()));
            }};
}

StoreResult<std::optional<ObjectInfo>> ImportRun::look_at(const std::string &bucket, const std::string &key)
{
    auto store = make_object_store({.bucket = bucket, .region = m_region, .endpoint = m_options.store_endpoint},
                                   m_cloud.http, m_cloud.who);
    if (!store)
        return tl::unexpected(StoreFailure{.error = store.error()});
    return (*store)->head(key);
}

Result<ImportDone> ImportRun::import()
{
    auto plan = plan_import(m_path, m_options.request);
    if (!plan) {
        for (std::size_t i = 1; i < plan.error().size(); ++i)
            m_progress.note(describe(plan.error()[i]));
        return fail(plan.error().front());
    }
    m_plan = std::move(*plan);
    m_hand_over = m_plan.disks.front().receipt;
    auto const &parameters = m_plan.parameters;
    m_context = {.region = parameters.region.value_or(""),
                 .bucket = parameters.disks.front().bucket,
                 .object = parameters.disks.front().object,
                 .image_name = parameters.image_name.value_or(""),
                 .format = parameters.disks.front().format,
                 .platform = parameters.platform.value_or("Others Linux"),
                 .architecture = parameters.architecture.value_or("x86_64"),
                 .role = m_plan.role()};
    if (auto connected = connect(m_context.region); !connected)
        return fail(connected.error());
    auto const api = api_parameters(parameters);
    if (m_options.dry_run)
        return dry_run(api);

    ImportDone done{.receipt = {.region = m_region, .client_token = ""}};
    for (unsigned attempt = 1;; ++attempt) {
        auto const token = choose_token(api);
        if (token) {
            done.parameters = api;
            if (auto called = call(api, *token); !called)
                return fail(called.error());
            tell_what_to_expect();
        } else if (receipt().image_status != "Available") {
            m_progress.note(
                fmt::format("the import of image {} was begun before, and is followed", *receipt().image_id));
        }
        if (!m_options.wait)
            break;
        auto const followed = follow(token.has_value());
        if (followed)
            break;
        // Without its receipt the cloud's memory of the token leads to an attempt that failed long ago.
        bool const was_failed = m_was_over && phase_of(receipt().task_status) != TaskPhase::finished;
        if (!was_failed || attempt >= most_attempts)
            return fail(followed.error());
    }
    done.available = m_options.wait;
    done.receipt = receipt();
    done.was_there = m_was_there;
    return done;
}

Result<ImportDone> ImportRun::dry_run(const NamedValues &parameters)
{
    auto const look = [this](const std::string &bucket, const std::string &key) { return look_at(bucket, key); };
    if (auto confirmed = confirm_objects(m_plan, look, m_progress); !confirmed)
        return fail(confirmed.error());
    if (auto tried = ecs(m_cloud.first_calls).dry_run(parameters); !tried)
        return fail(failed_call(tried.error()));
    return ImportDone{.receipt = {.region = m_region, .client_token = ""}, .parameters = parameters};
}

std::optional<std::string> ImportRun::choose_token(const NamedValues &parameters)
{
    auto const anew = [&](const std::string &previous) {
        return make_client_token(parameters, m_plan.artifacts(), previous);
    };
    auto const &earlier = m_hand_over.import;
    if (!earlier)
        return anew("");
    if (m_options.again)
        return anew(earlier->client_token);
    if (earlier->artifacts != m_plan.artifacts() || earlier->region != m_region) {
        m_progress.note(fmt::format("the receipt tells of the import of another artifact (image {}); this one is "
                                    "imported anew",
                                    printable(earlier->image_id.value_or("unknown"), 128)));
        return anew(earlier->client_token);
    }
    std::string const cause = earlier->error_code || earlier->error_message
                                  ? fmt::format(" ({}: {})", printable(earlier->error_code.value_or(""), 128),
                                                printable(earlier->error_message.value_or(""), 300))
                                  : "";
    if (earlier->image_id) {
        auto const phase = phase_of(earlier->task_status);
        if (phase == TaskPhase::running || phase == TaskPhase::finished)
            return std::nullopt;
        m_progress.note(fmt::format("the import before this one {}{}; another one is begun",
                                    phase == TaskPhase::failed ? "has failed" : "was cancelled", cause));
        return anew(earlier->client_token);
    }
    if (earlier->error_code) {
        m_progress.note(fmt::format("the call before this one was refused{}; it is made again", cause));
        return anew(earlier->client_token);
    }
    m_progress.note("an earlier run made this call and did not see the answer: it is repeated with its token, so that "
                    "nothing is imported twice");
    return earlier->client_token;
}

Result<void> ImportRun::call(NamedValues parameters, const std::string &token)
{
    auto const look = [this](const std::string &bucket, const std::string &key) { return look_at(bucket, key); };
    if (auto confirmed = confirm_objects(m_plan, look, m_progress); !confirmed)
        return confirmed;
    if (m_plan.disks.front().told->check.verdict == Verdict::fail)
        m_progress.note("the manifest says that this image did not pass its check");
    // Before the call: whatever happens now, a later run repeats it with this token.
    m_hand_over.import = ImportReceipt{.region = m_region, .client_token = token, .artifacts = m_plan.artifacts()};
    if (auto saved = save(); !saved)
        return saved;
    parameters.emplace_back("ClientToken", token);
    auto const started = ecs(m_cloud.first_calls).import_image(parameters);
    if (!started) {
        auto const &failure = started.error();
        // A plain no: nothing was begun, and the next call is a new one.
        bool const refused = !failure.retry && !failure.code.empty() && failure.status >= 400 && failure.status < 500 &&
                             failure.code != "IdempotentParameterMismatch";
        if (refused) {
            receipt().error_code = failure.code;
            receipt().error_message = failure.message;
            receipt().request_id = failure.request_id;
            if (auto saved = save(); !saved)
                return saved;
        } else if (failure.code != "IdempotentParameterMismatch") {
            m_when_left = "the same command makes the same call again; should this one have arrived, nothing is "
                          "imported twice";
            return fail(left(failed_call(failure)));
        }
        return fail(failed_call(failure));
    }
    receipt().image_id = started->image_id;
    if (!started->task_id.empty())
        receipt().task_id = started->task_id;
    receipt().request_id = started->request_id;
    receipt().task_status = "Processing";
    return save();
}

void ImportRun::tell_what_to_expect()
{
    m_progress.note(fmt::format("the import has begun: image {}, task {}", receipt().image_id.value_or(""),
                                receipt().task_id.value_or("unknown")));
    std::uint64_t billed = 0;
    for (auto const &disk : m_plan.disks)
        billed += disk.told ? disk.told->artifact.file_size : 0;
    m_progress.note(fmt::format("its snapshot shows as Failed until the import is done; what is billed is the size of "
                                "the artifact, {}, not that of the disk",
                                human_size(billed)));
}

Error ImportRun::left(Error error) const
{
    error.hint += (error.hint.empty() ? "" : "; ") + m_when_left;
    return error;
}

Result<void> ImportRun::wait(const Pace &pace)
{
    auto time = pace.next();
    if (m_deadline) {
        auto const rest = std::chrono::duration_cast<milliseconds>(*m_deadline - Clock::now());
        if (rest <= milliseconds(0))
            return fail(left({ErrorCode::remote,
                              fmt::format("not done after {} (the task is {}, the image {})",
                                          duration(*m_options.timeout), printable(receipt().task_status, 64),
                                          receipt().image_status.empty() ? "not there yet"
                                                                         : printable(receipt().image_status, 64))}));
        time = std::min(time, rest);
    }
    if (!sleep_unless_interrupted(time))
        return fail(left({ErrorCode::interrupted, "interrupted"}));
    return {};
}

// Into the receipt whenever something has changed; an error where the task has ended without an image.
Result<void> ImportRun::take(const ImportTask &task)
{
    auto const phase = phase_of(task.status);
    bool const changed = receipt().task_status != task.status;
    receipt().task_status = task.status;
    if (changed && (task.status == "Waiting" || task.status == "Pending"))
        m_progress.note("the import waits in the cloud's queue");
    if (phase == TaskPhase::failed) {
        receipt().error_code = task.error_code;
        receipt().error_message = task.error_message;
    }
    if (changed) {
        if (auto saved = save(); !saved)
            return saved;
    }
    if (phase == TaskPhase::failed)
        return fail(describe_failed_task(task.error_code, task.error_message, m_context));
    if (phase == TaskPhase::cancelled)
        return fail({.code = ErrorCode::remote,
                     .message = "the import was cancelled",
                     .hint = "the same command begins another one"});
    return {};
}

Result<void> ImportRun::follow_task(bool just_called)
{
    // Where the cloud named no task only the image tells.
    if (!receipt().task_id || phase_of(receipt().task_status) == TaskPhase::finished)
        return {};
    Pace const pace(m_options);
    unsigned unseen = 0;
    for (;;) {
        auto const task = ecs(m_cloud.while_following).task(*receipt().task_id);
        if (!task)
            return fail(left(failed_call(task.error())));
        if (*task) {
            auto const phase = phase_of((*task)->status);
            m_was_over = just_called && phase != TaskPhase::running;
            just_called = false;
            if (auto taken = take(**task); !taken)
                return taken;
            if (phase == TaskPhase::finished)
                return {};
            if ((*task)->percent)
                m_progress.update(*(*task)->percent * std::uint64_t{100}, 10000);
        } else if (++unseen >= looks_for_task) {
            return fail(failed_call({.error = {}, .code = "InvalidTaskId.NotFound"}));
        }
        if (auto waited = wait(pace); !waited)
            return waited;
    }
}

Result<void> ImportRun::follow_image()
{
    Pace const pace(m_options);
    bool const was_available = receipt().image_status == "Available";
    for (unsigned looks = 1;; ++looks) {
        auto const image = ecs(m_cloud.while_following).image(*receipt().image_id);
        if (!image)
            return fail(left(failed_call(image.error())));
        if (*image) {
            bool const changed = receipt().image_status != (*image)->status;
            receipt().image_status = (*image)->status;
            if (!(*image)->snapshot_ids.empty())
                receipt().snapshot_ids = (*image)->snapshot_ids;
            if (changed) {
                if (auto saved = save(); !saved)
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
            return fail(left({ErrorCode::remote, fmt::format("the task is {}, but the image {} is still {}",
                                                             printable(receipt().task_status, 64), *receipt().image_id,
                                                             *image ? printable((*image)->status, 64) : "not there")}));
        if (auto waited = wait(pace); !waited)
            return waited;
    }
}

Result<void> ImportRun::follow(bool just_called)
{
    if (!receipt().image_id || !is_api_id(*receipt().image_id) || (receipt().task_id && !is_api_id(*receipt().task_id)))
        return fail({ErrorCode::malformed, "names no image or no task", receipt_path(m_path)});
    m_when_left =
        fmt::format("the import goes on in the cloud: the same command goes on following it, imgport import {} "
                    "--cancel ends it",
                    printable(m_path));
    Stage const stage(m_progress, *receipt().image_id);
    if (auto finished = follow_task(just_called); !finished)
        return finished;
    return follow_image();
}

Result<ImportDone> ImportRun::cancel()
{
    auto hand_over = read_receipt(m_path);
    if (!hand_over)
        return fail(hand_over.error());
    m_hand_over = std::move(*hand_over);
    if (!m_hand_over.import)
        return fail({ErrorCode::usage, "no import was begun: there is nothing to cancel", receipt_path(m_path)});
    if (!receipt().task_id || !is_api_id(*receipt().task_id))
        return fail({.code = ErrorCode::usage,
                     .message = "the receipt names no task: the call was refused, or its answer was never seen",
                     .file = receipt_path(m_path),
                     .hint = "imgport import MANIFEST finds out; then it can be cancelled"});
    m_context.region = receipt().region;
    if (auto connected = connect(receipt().region); !connected)
        return fail(connected.error());
    std::string const id = *receipt().task_id;
    auto const finished = [&]() -> Result<ImportDone> {
        return fail({.code = ErrorCode::remote,
                     .message = fmt::format("the import has ended already: the image is {}",
                                            receipt().image_id.value_or("there")),
                     .hint = "an image that is not wanted is deleted in the console, or with DeleteImage"});
    };

    m_when_left = "the same command goes on waiting for the end";
    Pace const pace(m_options);
    bool asked = false;
    unsigned unseen = 0;
    std::optional<ApiFailure> refused;
    for (;;) {
        auto const task = ecs(asked ? m_cloud.while_following : m_cloud.first_calls).task(id);
        if (!task)
            return fail(failed_call(task.error()));
        if (!*task && ++unseen >= looks_for_task)
            return fail(failed_call({.error = {}, .code = "InvalidTaskId.NotFound"}));
        if (*task) {
            auto const phase = phase_of((*task)->status);
            receipt().task_status = (*task)->status;
            if (phase != TaskPhase::running) {
                if (auto saved = save(); !saved)
                    return fail(saved.error());
                return phase == TaskPhase::finished
                           ? finished()
                           : Result<ImportDone>(ImportDone{.receipt = receipt(), .was_there = !asked});
            }
            // It runs after all.
            if (refused)
                return fail(failed_call(*refused));
            if (!asked) {
                if ((*task)->can_cancel == false)
                    return fail({ErrorCode::remote, fmt::format("the cloud does not let the task {} be cancelled now "
                                                                "(it is {})",
                                                                id, (*task)->status)});
                auto const cancelled = ecs(m_cloud.first_calls).cancel(id);
                asked = true;
                if (cancelled)
                    m_progress.note(fmt::format("the task {} is being cancelled", id));
                // One that has just ended says so itself at the next look.
                else if (cancelled.error().code == "InvalidTaskId.IncorrectTaskStatus")
                    refused = cancelled.error();
                else
                    return fail(failed_call(cancelled.error()));
            }
        }
        if (auto waited = wait(pace); !waited)
            return fail(waited.error());
    }
}

}  // namespace

Result<ImportDone> import_image(const std::string &manifest, const ImportCallOptions &options, ProgressSink &progress,
                                Cloud cloud)
{
    return ImportRun(manifest, options, progress, cloud).import();
}

Result<ImportDone> cancel_import(const std::string &manifest, const ImportCallOptions &options, ProgressSink &progress,
                                 Cloud cloud)
{
    return ImportRun(manifest, options, progress, cloud).cancel();
}

Result<ImportDone> import_image(const std::string &manifest, const ImportCallOptions &options, ProgressSink &progress)
{
    auto const http = make_http_transport();
    auto const who = alibaba_credentials(*http);
    return import_image(manifest, options, progress, Cloud{*http, *who});
}

Result<ImportDone> cancel_import(const std::string &manifest, const ImportCallOptions &options, ProgressSink &progress)
{
    auto const http = make_http_transport();
    auto const who = alibaba_credentials(*http);
    return cancel_import(manifest, options, progress, Cloud{*http, *who});
}

}  // namespace imgport
