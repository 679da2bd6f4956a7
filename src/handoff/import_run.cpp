#include "handoff/import_run.hpp"

#include <fmt/format.h>

#include "handoff/import_follow.hpp"
#include "handoff/import_objects.hpp"
#include "handoff/import_request.hpp"
#include "handoff/import_session.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr unsigned most_attempts = 4;

class ImportRun {
public:
    ImportRun(const std::string &manifest, const ImportCallOptions &options, ProgressSink &progress, Cloud cloud)
        : m_path(manifest), m_options(options), m_progress(progress), m_cloud(cloud),
          m_session(manifest, options, progress, cloud)
    {}

    Result<ImportDone> import();

private:
    ImportReceipt &receipt() { return m_session.receipt(); }

    StoreResult<std::optional<ObjectInfo>> look_at(const std::string &bucket, const std::string &key);

    Result<ImportDone> dry_run(const NamedValues &parameters);
    // The token of the call to make; nothing: there is an import to go on with. An error (usage) where that has other
    // parameters.
    Result<std::optional<std::string>> choose_token(const NamedValues &parameters);
    Result<void> call(NamedValues parameters, const std::string &token);
    void tell_what_to_expect();

    const std::string &m_path;
    const ImportCallOptions &m_options;
    ProgressSink &m_progress;
    Cloud m_cloud;
    ImportSession m_session;
    ImportToCall m_plan = {};
};

StoreResult<std::optional<ObjectInfo>> ImportRun::look_at(const std::string &bucket, const std::string &key)
{
    auto store =
        make_object_store({.bucket = bucket, .region = m_session.region(), .endpoint = m_options.store_endpoint},
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
    m_session.hand_over = m_plan.disks.front().receipt;
    auto const &parameters = m_plan.parameters;
    m_session.context = {.region = parameters.region.value_or(""),
                         .bucket = parameters.disks.front().bucket,
                         .object = parameters.disks.front().object,
                         .image_name = parameters.image_name.value_or(""),
                         .format = parameters.disks.front().format,
                         .platform = parameters.platform.value_or("Others Linux"),
                         .architecture = parameters.architecture.value_or("x86_64"),
                         .role = m_plan.role()};
    if (auto connected = m_session.connect(m_session.context.region); !connected)
        return fail(connected.error());
    auto const api = api_parameters(parameters);
    if (m_options.dry_run)
        return dry_run(api);

    ImportDone done{.receipt = {.region = m_session.region(), .client_token = ""}};
    ImportFollower follower(m_session);
    for (unsigned attempt = 1;; ++attempt) {
        auto const chosen = choose_token(api);
        if (!chosen)
            return fail(chosen.error());
        auto const &token = *chosen;
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
        auto const followed = follower.follow(token.has_value());
        if (followed)
            break;
        // Without its receipt the cloud's memory of the token leads to an attempt that failed long ago.
        bool const was_failed = follower.was_over() && phase_of(receipt().task_status) != TaskPhase::finished;
        if (!was_failed || attempt >= most_attempts)
            return fail(followed.error());
    }
    done.available = m_options.wait;
    done.receipt = receipt();
    done.was_there = follower.was_there();
    return done;
}

Result<ImportDone> ImportRun::dry_run(const NamedValues &parameters)
{
    auto const look = [this](const std::string &bucket, const std::string &key) { return look_at(bucket, key); };
    if (auto confirmed = confirm_objects(m_plan, look, m_progress); !confirmed)
        return fail(confirmed.error());
    if (auto tried = m_session.first_calls().dry_run(parameters); !tried)
        return fail(m_session.failed_call(tried.error()));
    return ImportDone{.receipt = {.region = m_session.region(), .client_token = ""}, .parameters = parameters};
}

Result<std::optional<std::string>> ImportRun::choose_token(const NamedValues &parameters)
{
    auto const anew = [&](const std::string &previous) {
        return std::optional(make_client_token(parameters, m_plan.artifacts(), previous));
    };
    auto const other_parameters = [&](const std::string &what) {
        return fail({.code = ErrorCode::usage,
                     .message = fmt::format("{} with other parameters than these", what),
                     .file = receipt_path(m_path),
                     .hint = "--again imports it anew with these; with those of then the same command goes on"});
    };
    auto const now = digest_of_parameters(parameters);
    auto const &earlier = m_session.hand_over.import;
    if (!earlier)
        return anew("");
    if (m_options.again)
        return anew(earlier->client_token);
    if (earlier->artifacts != m_plan.artifacts() || earlier->region != m_session.region()) {
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
        if (phase == TaskPhase::running || phase == TaskPhase::finished) {
            if (earlier->parameters.value_or(now) != now)
                return other_parameters(fmt::format("this was imported as {}", printable(*earlier->image_id, 128)));
            return std::optional<std::string>();
        }
        m_progress.note(fmt::format("the import before this one {}{}; another one is begun",
                                    phase == TaskPhase::failed ? "has failed" : "was cancelled", cause));
        return anew(earlier->client_token);
    }
    if (earlier->error_code) {
        m_progress.note(fmt::format("the call before this one was refused{}; it is made again", cause));
        return anew(earlier->client_token);
    }
    if (earlier->parameters.value_or(now) != now)
        return other_parameters(
            "an earlier run called for the import, and did not see the answer: it may be under way");
    m_progress.note("an earlier run made this call and did not see the answer: it is repeated with its token, so that "
                    "nothing is imported twice");
    return std::optional(earlier->client_token);
}

Result<void> ImportRun::call(NamedValues parameters, const std::string &token)
{
    auto const look = [this](const std::string &bucket, const std::string &key) { return look_at(bucket, key); };
    if (auto confirmed = confirm_objects(m_plan, look, m_progress); !confirmed)
        return confirmed;
    if (m_plan.disks.front().told->check.verdict == Verdict::fail)
        m_progress.note("the manifest says that this image did not pass its check");
    // Before the call: whatever happens now, a later run repeats it with this token.
    m_session.hand_over.import = ImportReceipt{.region = m_session.region(),
                                               .client_token = token,
                                               .artifacts = m_plan.artifacts(),
                                               .parameters = digest_of_parameters(parameters)};
    if (auto saved = m_session.save(); !saved)
        return saved;
    parameters.emplace_back("ClientToken", token);
    auto const started = m_session.first_calls().import_image(parameters);
    if (!started) {
        auto const &failure = started.error();
        // A plain no: nothing was begun, and the next call is a new one.
        bool const refused = !failure.retry && !failure.code.empty() && failure.status >= 400 && failure.status < 500 &&
                             failure.code != "IdempotentParameterMismatch";
        if (refused) {
            receipt().error_code = failure.code;
            receipt().error_message = failure.message;
            receipt().request_id = failure.request_id;
            if (auto saved = m_session.save(); !saved)
                return saved;
        } else if (failure.code != "IdempotentParameterMismatch") {
            m_session.when_left =
                "the same command makes the same call again; should this one have arrived, nothing is "
                "imported twice";
            return fail(m_session.left(m_session.failed_call(failure)));
        }
        return fail(m_session.failed_call(failure));
    }
    receipt().image_id = started->image_id;
    if (!started->task_id.empty())
        receipt().task_id = started->task_id;
    receipt().request_id = started->request_id;
    receipt().task_status = "Processing";
    return m_session.save();
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

}  // namespace

Result<ImportDone> import_image(const std::string &manifest, const ImportCallOptions &options, ProgressSink &progress,
                                Cloud cloud)
{
    return ImportRun(manifest, options, progress, cloud).import();
}

Result<ImportDone> import_image(const std::string &manifest, const ImportCallOptions &options, ProgressSink &progress)
{
    auto const http = make_http_transport();
    auto const who = alibaba_credentials(*http);
    return import_image(manifest, options, progress, Cloud{*http, *who});
}

}  // namespace imgport
