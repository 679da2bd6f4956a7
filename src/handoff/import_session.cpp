#include "handoff/import_session.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr const char *api_version = "2014-05-26";

std::string duration(std::chrono::seconds time)
{
    auto const seconds = time.count();
    if (seconds < 120)
        return fmt::format("{} s", seconds);
    return seconds < 7200 ? fmt::format("{} min", seconds / 60) : fmt::format("{:.1f} h", double(seconds) / 3600);
}

}  // namespace

milliseconds LookPace::next() const
{
    auto const passed = std::chrono::duration_cast<milliseconds>(Clock::now() - m_start);
    return std::clamp(passed / 20, m_options.shortest_look, m_options.longest_look);
}

ImportSession::ImportSession(const std::string &manifest, const ImportCallOptions &options, ProgressSink &progress,
                             Cloud cloud)
    : m_manifest(manifest), m_options(options), m_progress(progress), m_cloud(cloud)
{
    if (options.timeout)
        m_deadline = Clock::now() + *options.timeout;
}

Result<void> ImportSession::connect(const std::string &region)
{
    // A receipt is a file like any other: what becomes a host name is looked at.
    if (!is_api_id(region))
        return fail(
            {ErrorCode::usage, fmt::format("'{}' is no region", printable(region, 100)), m_manifest, {}, "RegionId"});
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

Ecs ImportSession::ecs(const RetryPolicy &policy)
{
    return {*m_client, m_region, policy, [this](const ApiFailure &failure, milliseconds pause) {
                m_progress.note(fmt::format("{}; again in {:.1f} s", failure.error.message,
                                            std::chrono::duration<double>(pause).count()));
            }};
}

Error ImportSession::left(Error error) const
{
    error.hint += (error.hint.empty() ? "" : "; ") + when_left;
    return error;
}

Result<void> ImportSession::wait(const LookPace &pace)
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

}  // namespace imgport
